/* The three channels exchanged, in one of the five orders that are not their own. */
#include "data/policy/op.h"

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  static const int order[5][3] = {{0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  const int *k = order[vt_rng_below(rng, 5)];
  for (int i = 0; i < 3; i++) v[i] = k[i];
}

static int apply(const void *opts, struct vt_aug_draw *d, const struct vt_aug_env *env,
                 struct vt_aug_sample *s, struct vt_err *e)
{
  const int a = (int)d->v[0], b = (int)d->v[1], c = (int)d->v[2];
  for (int y = 0; y < s->image.height; y++) {
    uint8_t *p = s->image.px + y * s->image.stride;
    for (int x = 0; x < s->image.width; x++, p += 3) {
      const uint8_t was[3] = {p[0], p[1], p[2]};
      p[0] = was[a];
      p[1] = was[b];
      p[2] = was[c];
    }
  }
  return 0;
}

const struct vt_aug_op vt_aug_op_channel_shuffle = {
    .name = "channel-shuffle",
    .what = "the three channels exchanged",
    .draw = draw,
    .apply = apply,
};
