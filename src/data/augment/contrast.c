/* Contrast: mean + factor * (v - mean), the mean that of the picture's luma (ITU-R BT.601). */
#include "data/policy/op.h"

struct opts {
  double amount;
};
static const struct vt_opt rows[] = {
    VT_AUG_FLOAT(amount, "0.3", 0, 1, "SHARE", "the factor lies between 1 - amount and 1 + amount"),
};

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  v[0] = vt__between(rng, 1 - o->amount, 1 + o->amount);
}

static int apply(const void *opts, struct vt_aug_draw *d, const struct vt_aug_env *env,
                 struct vt_aug_sample *s, struct vt_err *e)
{
  uint8_t lut[3][256];
  double mean = vt_image_mean_luma(&s->image);
  for (int i = 0; i < 256; i++) lut[0][i] = lut[1][i] = lut[2][i] = vt__byte(mean + d->v[0] * (i - mean));
  vt__aug_lut(&s->image, lut);
  return 0;
}

const struct vt_aug_op vt_aug_op_contrast = {
    .name = "contrast",
    .what = "more or less contrast about the mean grey",
    VT_AUG_OPTS,
    .safe = {{"amount", 0, .5}},
    .draw = draw,
    .apply = apply,
};
