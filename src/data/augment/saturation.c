/* Saturation: every colour nearer to its own grey, or farther from it. */
#include "data/policy/op.h"

struct opts {
  double amount;
};
static const struct vt_opt rows[] = {
    VT_AUG_FLOAT(amount, "0.4", 0, 1, "SHARE", "the factor lies between 1 - amount and 1 + amount"),
};

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  v[0] = vt__between(rng, 1 - o->amount, 1 + o->amount);
}

static int apply(const void *opts, struct vt_aug_draw *d, const struct vt_aug_env *env,
                 struct vt_aug_sample *s, struct vt_err *e)
{
  vt_image_jitter(&s->image, 1, 1, (float)d->v[0], 0);
  return 0;
}

const struct vt_aug_op vt_aug_op_saturation = {
    .name = "saturation",
    .what = "more or less colourful: luma + factor * (v - luma)",
    VT_AUG_OPTS,
    .safe = {{"amount", 0, .6}},
    .draw = draw,
    .apply = apply,
};
