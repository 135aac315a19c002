/* Without colour. */
#include "data/policy/op.h"

static int apply(const void *opts, struct vt_aug_draw *d, const struct vt_aug_env *env,
                 struct vt_aug_sample *s, struct vt_err *e)
{
  for (int y = 0; y < s->image.height; y++) {
    uint8_t *p = s->image.px + y * s->image.stride;
    for (int x = 0; x < s->image.width; x++, p += 3) p[0] = p[1] = p[2] = vt_luma(p);
  }
  return 0;
}

const struct vt_aug_op vt_aug_op_grey = {.name = "grey", .what = "without colour", .apply = apply};
