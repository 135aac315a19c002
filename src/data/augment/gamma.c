/* Gamma: 255 (v / 255)^g. */
#include "data/policy/op.h"

struct opts {
  double min, max;
};
static const struct vt_opt rows[] = {
    VT_AUG_FLOAT(min, "0.75", 0.1, 10, "EXPONENT", "smallest exponent, log-uniform; below 1 is lighter"),
    VT_AUG_FLOAT(max, "1.33", 0.1, 10, "EXPONENT", "largest exponent"),
};

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  v[0] = vt__log_between(rng, o->min, o->max);
}

static int apply(const void *opts, struct vt_aug_draw *d, const struct vt_aug_env *env,
                 struct vt_aug_sample *s, struct vt_err *e)
{
  uint8_t lut[3][256];
  for (int i = 0; i < 256; i++) lut[0][i] = lut[1][i] = lut[2][i] = vt__byte(255 * pow(i / 255.0, d->v[0]));
  vt__aug_lut(&s->image, lut);
  return 0;
}

const struct vt_aug_op vt_aug_op_gamma = {
    .name = "gamma",
    .what = "lighter or darker middle tones, black and white kept",
    VT_AUG_OPTS,
    .safe = {{"min", .5, 1}, {"max", 1, 2}},
    .draw = draw,
    .apply = apply,
};
