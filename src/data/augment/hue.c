/* Hue: the chroma plane of YIQ turned; luma stays. */
#include "data/policy/op.h"

struct opts {
  double turns;
};
static const struct vt_opt rows[] = {
    VT_AUG_FLOAT(turns, "0.03", 0, 0.5, "TURNS", "largest turn of the colour circle, either way"),
};

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  v[0] = vt__between(rng, -o->turns, o->turns);
}

static int apply(const void *opts, struct vt_aug_draw *d, const struct vt_aug_env *env,
                 struct vt_aug_sample *s, struct vt_err *e)
{
  vt_image_jitter(&s->image, 1, 1, 1, (float)d->v[0]);
  return 0;
}

const struct vt_aug_op vt_aug_op_hue = {
    .name = "hue",
    .what = "other colours, luma kept (a garment's colour is what it is: keep it small)",
    VT_AUG_OPTS,
    .safe = {{"turns", 0, .05}},
    .draw = draw,
    .apply = apply,
};
