/* Unsharp mask: v + amount * (v - blurred v). */
#include "data/policy/op.h"

struct opts {
  double sigma, amount;
};
static const struct vt_opt rows[] = {
    VT_AUG_FLOAT(sigma, "1", 0.05, 50, "PIXELS", "standard deviation of the blur"),
    VT_AUG_FLOAT(amount, "1", 0, 10, "FACTOR", "largest strength, drawn from 0 to this"),
};

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  v[0] = vt__between(rng, 0, o->amount);
}

static int apply(const void *opts, struct vt_aug_draw *d, const struct vt_aug_env *env,
                 struct vt_aug_sample *s, struct vt_err *e)
{
  const struct opts *o = opts;
  return vt_image_sharpen(&s->image, o->sigma, d->v[0], e);
}

const struct vt_aug_op vt_aug_op_sharpen = {
    .name = "sharpen",
    .what = "sharper (unsharp mask)",
    VT_AUG_OPTS,
    .safe = {{"sigma", .3, 3}, {"amount", 0, 2}},
    .draw = draw,
    .apply = apply,
};
