/* Mosaic (Bochkovskiy, Wang, Liao, "YOLOv4", 2020, section 3.3): four pictures round a random point, each
 * scaled to cover its quarter and cropped about its middle. The canvas keeps its size. The classes of the
 * pictures share their weights by area. The other three are drawn one by one, and may be one picture. */
#include "data/policy/op.h"

struct opts {
  double centre;
};
static const struct vt_opt rows[] = {
    VT_AUG_FLOAT(centre, "0.25", 0, 0.45, "SHARE",
                 "how far the point may be from the middle, in shares of the sides"),
};

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  const double x = round(w * vt__between(rng, .5 - o->centre, .5 + o->centre));
  const double y = round(h * vt__between(rng, .5 - o->centre, .5 + o->centre));
  v[0] = VT_CLAMP(x, 1, VT_MAX(w - 1, 1));
  v[1] = VT_CLAMP(y, 1, VT_MAX(h - 1, 1));
}

static int apply(const void *opts, struct vt_aug_draw *d, const struct vt_aug_env *env,
                 struct vt_aug_sample *s, struct vt_err *e)
{
  const int w = s->image.width, h = s->image.height;
  if (w < 2 || h < 2) return vt_fail(e, VT_ESHAPE, "mosaic of a picture of %d x %d pixels", w, h);
  const double x = d->v[0], y = d->v[1];
  struct vt_aug_move canvas = {{1, 0, 0, 0, 1, 0, 0, 0, 1}, w, h};
  double keep = x * y / ((double)w * h), sum = keep;
  int rc = 0;
  for (int k = 1; k < 4 && !rc; k++) {
    const double r[4] = {k & 1 ? x : 0, k & 2 ? y : 0, k & 1 ? w - x : x, k & 2 ? h - y : y};
    struct vt_aug_sample b;
    if ((rc = vt__aug_other(&b, (int)r[2], (int)r[3], env, &d->rng, e))) break;
    if (k == 1) rc = vt__aug_cover_fit(s, (int)x, (int)y, env, e);
    if (k == 1 && !rc) rc = vt_aug_sample_move(s, &canvas, env, e);
    canvas.m[2] = r[0];
    canvas.m[5] = r[1];
    if (!rc) rc = vt_aug_sample_move(&b, &canvas, env, e);
    if (!rc) rc = vt__aug_paste(s, &b, r, env, e);
    double share = r[2] * r[3] / ((double)w * h);
    /* What is there has shares of `sum`; with this one of sum + share. */
    if (!rc) rc = vt__aug_mix_targets(s, &b, sum / (sum + share), e);
    sum += share;
    vt_aug_sample_clear(&b);
  }
  return VT_MIN(rc, 0);
}

const struct vt_aug_op vt_aug_op_mosaic = {
    .name = "mosaic",
    .what = "four pictures round a random point",
    VT_AUG_OPTS,
    .safe = {{"centre", 0, .3}},
    .mixes = true,
    .draw = draw,
    .apply = apply,
};
