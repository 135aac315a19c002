/* Lighting: noise along the principal components of natural pictures' colours (Krizhevsky, Sutskever, Hinton,
 * "ImageNet Classification with Deep Convolutional Neural Networks", 2012, section 4.1; eigenvalues and
 * vectors of ImageNet's colours as published with fb.resnet.torch, for values in 0..1). */
#include "data/policy/op.h"

struct opts {
  double sigma;
};
static const struct vt_opt rows[] = {
    VT_AUG_FLOAT(sigma, "0.1", 0, 1, "DEVIATION", "standard deviation of the components' strengths"),
};

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  for (int i = 0; i < 3; i++) v[i] = o->sigma * vt_rng_normal(rng);
}

static int apply(const void *opts, struct vt_aug_draw *d, const struct vt_aug_env *env,
                 struct vt_aug_sample *s, struct vt_err *e)
{
  static const double value[3] = {.2175, .0188, .0045};
  static const double vector[3][3] = {
      {-.5675, .7192, .4009}, {-.5808, -.0045, -.8140}, {-.5836, -.6948, .4203}};
  uint8_t lut[3][256];
  for (int c = 0; c < 3; c++) {
    double add = 0;
    for (int k = 0; k < 3; k++) add += 255 * vector[c][k] * value[k] * d->v[k];
    for (int i = 0; i < 256; i++) lut[c][i] = vt__byte(i + add);
  }
  vt__aug_lut(&s->image, lut);
  return 0;
}

const struct vt_aug_op vt_aug_op_lighting = {
    .name = "lighting",
    .what = "other colour of the light, by the principal components of natural pictures",
    VT_AUG_OPTS,
    .safe = {{"sigma", 0, .3}},
    .draw = draw,
    .apply = apply,
};
