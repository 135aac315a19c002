/* Cutout (DeVries, Taylor, "Improved Regularization of Convolutional Neural Networks with Cutout", 2017):
 * squares of one size about random points; they may hang over the edge. */
#include "data/policy/op.h"

struct opts {
  int64_t holes;
  double side;
  int fill;
  bool hide;
};
static const struct vt_opt rows[] = {
    VT_AUG_INT(holes, "1", 1, 64, "N", "squares"),
    VT_AUG_FLOAT(side, "0.25", 0, 1, "SHARE", "their side, as a share of the picture's shorter one"),
    VT_AUG_ENUM(fill, "grey", VT__FILLS, "what they become"),
    VT_AUG_FLAG(hide, "no", "masks and label maps lose them, too"),
};

static int apply(const void *opts, struct vt_aug_draw *d, const struct vt_aug_env *env,
                 struct vt_aug_sample *s, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_image cover = {0};
  int rc = vt_image_init(&cover, s->image.width, s->image.height, 1, e);
  if (rc) return rc;
  int side = (int)lround(o->side * VT_MIN(cover.width, cover.height));
  for (int64_t i = 0; i < o->holes; i++) {
    int x = (int)vt_rng_below(&d->rng, (uint32_t)cover.width),
        y = (int)vt_rng_below(&d->rng, (uint32_t)cover.height);
    vt__cover_rect(&cover, x - side / 2, y - side / 2, side, side);
  }
  vt__aug_fill(&s->image, &cover, o->fill, env->fill, &d->rng);
  rc = vt__aug_erased(s, &cover, o->hide, env, e);
  vt_image_clear(&cover);
  return rc;
}

const struct vt_aug_op vt_aug_op_cutout = {
    .name = "cutout",
    .what = "squares of one size wiped out",
    VT_AUG_OPTS,
    .safe = {{"holes", 1, 8}, {"side", 0, .5}},
    .apply = apply,
};
