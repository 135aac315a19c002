/* One of the three channels becomes one value everywhere. */
#include "data/policy/op.h"

struct opts {
  int64_t value;
};
static const struct vt_opt rows[] = {
    VT_AUG_INT(value, "0", 0, 255, "LEVEL", "what the channel becomes"),
};

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  v[0] = vt_rng_below(rng, 3);
}

static int apply(const void *opts, struct vt_aug_draw *d, const struct vt_aug_env *env,
                 struct vt_aug_sample *s, struct vt_err *e)
{
  const struct opts *o = opts;
  for (int y = 0; y < s->image.height; y++) {
    uint8_t *p = s->image.px + y * s->image.stride + (int)d->v[0];
    for (int x = 0; x < s->image.width; x++, p += 3) *p = (uint8_t)o->value;
  }
  return 0;
}

const struct vt_aug_op vt_aug_op_channel_drop = {
    .name = "channel-drop",
    .what = "one of the three channels wiped",
    VT_AUG_OPTS,
    .draw = draw,
    .apply = apply,
};
