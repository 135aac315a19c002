/* Gaussian blur. */
#include "data/policy/op.h"

struct opts {
  double min, max;
};
static const struct vt_opt rows[] = {
    VT_AUG_FLOAT(min, "0.3", 0.05, 50, "PIXELS", "smallest standard deviation, log-uniform"),
    VT_AUG_FLOAT(max, "1.5", 0.05, 50, "PIXELS", "largest standard deviation"),
};

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  v[0] = vt__log_between(rng, o->min, o->max);
}

static int apply(const void *opts, struct vt_aug_draw *d, const struct vt_aug_env *env,
                 struct vt_aug_sample *s, struct vt_err *e)
{
  return vt_image_blur(&s->image, d->v[0], e);
}

const struct vt_aug_op vt_aug_op_blur = {
    .name = "blur",
    .what = "out of focus (Gaussian)",
    VT_AUG_OPTS,
    .safe = {{"max", .05, 3}},
    .draw = draw,
    .apply = apply,
};
