/* Scale jitter: the picture, fitted into the result and then zoomed by a factor, is cropped at random or
 * padded to one size (Ghiasi et al., "Simple Copy-Paste", 2021: 0.8 to 1.25, large 0.1 to 2). */
#include "data/policy/op.h"

struct opts {
  double min, max;
  int64_t width, height;
};
static const struct vt_opt rows[] = {
    VT_AUG_INT(width, "512", 1, 20000, "PIXELS", "width of the result"),
    VT_AUG_INT(height, "512", 1, 20000, "PIXELS", "height of the result"),
    VT_AUG_FLOAT(min, "0.8", 0.05, 10, "FACTOR", "smallest zoom, log-uniform; 1 = fitted in"),
    VT_AUG_FLOAT(max, "1.25", 0.05, 10, "FACTOR", "largest zoom"),
};

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  double zoom = vt__log_between(rng, o->min, o->max);
  double k = zoom * VT_MIN((double)o->width / w, (double)o->height / h);
  v[0] = VT_MAX(1, round(w * k));
  v[1] = VT_MAX(1, round(h * k));
  double room[2] = {(double)o->width - v[0], (double)o->height - v[1]};
  for (int i = 0; i < 2; i++) /* cropped anywhere, padded round the middle */
    v[2 + i] = room[i] < 0 ? -(double)vt_rng_below(rng, (uint32_t)(1 - room[i])) : floor(room[i] / 2);
}

static void move(const void *opts, const double *v, int w, int h, struct vt_aug_move *g)
{
  const struct opts *o = opts;
  const double m[9] = {v[0] / w, 0, v[2], 0, v[1] / h, v[3], 0, 0, 1};
  memcpy(g->m, m, sizeof m);
  g->width = (int)o->width;
  g->height = (int)o->height;
}

const struct vt_aug_op vt_aug_op_scale_jitter = {
    .name = "scale-jitter",
    .what = "zoomed, then cropped or padded to one size",
    VT_AUG_OPTS,
    .safe = {{"min", .5, 1}, {"max", 1, 2}},
    .draw = draw,
    .move = move,
};
