/* Motion blur: the mean along a line through each pixel. The line's points lie half a pixel apart and are
 * shared between their four neighbours. */
#include "data/policy/op.h"

struct opts {
  double length;
};
static const struct vt_opt rows[] = {
    VT_AUG_FLOAT(length, "7", 1, 31, "PIXELS", "longest line; its direction is random"),
};

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  v[0] = vt__between(rng, 1, o->length);
  v[1] = vt__between(rng, 0, M_PI);
}

enum { SIDE = 35 };

static int apply(const void *opts, struct vt_aug_draw *d, const struct vt_aug_env *env,
                 struct vt_aug_sample *s, struct vt_err *e)
{
  double weight[SIDE][SIDE] = {{0}};
  const int points = 2 * (int)ceil(d->v[0]) + 1, r = SIDE / 2;
  for (int k = 0; k < points; k++) {
    double t = d->v[0] * ((double)k / (points - 1) - .5), x = t * cos(d->v[1]) + r, y = t * sin(d->v[1]) + r;
    int ix = (int)x, iy = (int)y;
    double fx = x - ix, fy = y - iy;
    weight[iy][ix] += (1 - fx) * (1 - fy);
    weight[iy][ix + 1] += fx * (1 - fy);
    weight[iy + 1][ix] += (1 - fx) * fy;
    weight[iy + 1][ix + 1] += fx * fy;
  }
  struct vt__tap tap[VT__MAX_TAPS];
  int n = 0, left = 65536, middle = 0;
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      int w = (int)lround(65536 * weight[y][x] / points);
      if (!w || n == VT__MAX_TAPS) continue;
      if (x == r && y == r) middle = n;
      tap[n++] = (struct vt__tap){x - r, y - r, w};
      left -= w;
    }
  tap[middle].weight += left;
  return vt__aug_taps(&s->image, tap, n, 0, false, e);
}

const struct vt_aug_op vt_aug_op_motion_blur = {
    .name = "motion-blur",
    .what = "moved while photographed",
    VT_AUG_OPTS,
    .safe = {{"length", 1, 15}},
    .draw = draw,
    .apply = apply,
};
