/* GridMask (Chen et al., "GridMask Data Augmentation", 2020): a turned grid of period d, drawn from d1 to d2.
 *
 * With u, v the pixel's place in the grid, in periods, a pixel is in a bar where frac(u) < ratio or
 * frac(v) < ratio. Mode "squares" wipes what is in no bar, so that 1 - (1 - ratio)^2 of the picture is kept;
 * mode "bars" wipes the bars and keeps (1 - ratio)^2. The probability grows by the step's ramp. */
#include "data/policy/op.h"

struct opts {
  double d1, d2, rotation, ratio;
  int mode, fill;
  bool hide;
};
static const struct vt_opt rows[] = {
    VT_AUG_FLOAT(d1, "0.4", 0.01, 2, "SHARE", "smallest period, as a share of the shorter side"),
    VT_AUG_FLOAT(d2, "0.8", 0.01, 2, "SHARE", "largest period"),
    VT_AUG_FLOAT(rotation, "0", 0, 180, "DEGREES", "largest turn of the grid, either way"),
    VT_AUG_FLOAT(ratio, "0.6", 0, 1, "SHARE", "width of a bar, as a share of the period"),
    VT_AUG_ENUM(mode, "squares", "squares|bars", "what is wiped out"),
    VT_AUG_ENUM(fill, "black", VT__FILLS, "what it becomes"),
    VT_AUG_FLAG(hide, "no", "masks and label maps lose it, too"),
};

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  const double period = round(vt__between(rng, o->d1, o->d2) * VT_MIN(w, h));
  v[0] = VT_MAX(2, period);
  v[1] = vt__between(rng, -o->rotation, o->rotation) * M_PI / 180;
  v[2] = vt_rng_unit(rng);
  v[3] = vt_rng_unit(rng);
}

static int apply(const void *opts, struct vt_aug_draw *d, const struct vt_aug_env *env,
                 struct vt_aug_sample *s, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_image cover = {0};
  int rc = vt_image_init(&cover, s->image.width, s->image.height, 1, e);
  if (rc) return rc;
  /* Fractions of a period in 32 bits, so that the integer's overflow is the grid's repetition. */
  const double period = 4294967296.0 / d->v[0], c = cos(d->v[1]) * period, n = sin(d->v[1]) * period;
  const uint32_t bar = (uint32_t)VT_MIN(o->ratio * 4294967296.0, 4294967295.0);
  const uint32_t du = (uint32_t)(int64_t)llrint(c), dv = (uint32_t)(int64_t)llrint(-n);
  for (int y = 0; y < cover.height; y++) {
    uint8_t *p = cover.px + y * cover.stride;
    uint32_t u = (uint32_t)(int64_t)llrint(y * n + d->v[2] * 4294967296.0);
    uint32_t v = (uint32_t)(int64_t)llrint(y * c + d->v[3] * 4294967296.0);
    for (int x = 0; x < cover.width; x++, u += du, v += dv) p[x] = (u < bar || v < bar) == (o->mode == 1);
  }
  vt__aug_fill(&s->image, &cover, o->fill, env->fill, &d->rng);
  rc = vt__aug_erased(s, &cover, o->hide, env, e);
  vt_image_clear(&cover);
  return rc;
}

const struct vt_aug_op vt_aug_op_gridmask = {
    .name = "gridmask",
    .what = "a grid of squares or bars wiped out",
    VT_AUG_OPTS,
    .safe = {{"d1", .2, 1}, {"d2", .4, 1}, {"ratio", .3, .7}},
    .draw = draw,
    .apply = apply,
};
