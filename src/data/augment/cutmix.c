/* CutMix (Yun et al., "CutMix", 2019): a rectangle of another picture is pasted in at the same place. Its
 * area's share is drawn from Beta(alpha, alpha); the classes of the pictures share their weights by the
 * pixels that are really covered. */
#include "data/policy/op.h"

struct opts {
  double alpha;
};
static const struct vt_opt rows[] = {
    VT_AUG_FLOAT(alpha, "1", 0.01, 100, "ALPHA", "parameter of the Beta distribution"),
};

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  double side = sqrt(vt__aug_beta(rng, o->alpha));
  int x = (int)vt_rng_below(rng, (uint32_t)w), y = (int)vt_rng_below(rng, (uint32_t)h);
  v[0] = VT_CLAMP(round(x - side * w / 2), 0, w);
  v[1] = VT_CLAMP(round(y - side * h / 2), 0, h);
  v[2] = VT_CLAMP(round(x + side * w / 2), 0, w) - v[0];
  v[3] = VT_CLAMP(round(y + side * h / 2), 0, h) - v[1];
}

static int apply(const void *opts, struct vt_aug_draw *d, const struct vt_aug_env *env,
                 struct vt_aug_sample *s, struct vt_err *e)
{
  const int w = s->image.width, h = s->image.height;
  struct vt_aug_sample b;
  int rc = vt__aug_other(&b, w, h, env, &d->rng, e);
  if (rc) return VT_MIN(rc, 0);
  double keep = 1 - d->v[2] * d->v[3] / ((double)w * h);
  if (d->v[2] >= 1 && d->v[3] >= 1) rc = vt__aug_paste(s, &b, d->v, env, e);
  if (!rc) rc = vt__aug_mix_targets(s, &b, keep, e);
  vt_aug_sample_clear(&b);
  return rc;
}

const struct vt_aug_op vt_aug_op_cutmix = {
    .name = "cutmix",
    .what = "a rectangle of another picture pasted in",
    VT_AUG_OPTS,
    .safe = {{"alpha", .5, 2}},
    .mixes = true,
    .draw = draw,
    .apply = apply,
};
