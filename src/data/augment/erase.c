/* Random erasing (Zhong et al., "Random Erasing Data Augmentation", 2017): one rectangle of random area and
 * aspect. */
#include "data/policy/op.h"

struct opts {
  double min, max, aspect;
  int fill;
  bool hide;
};
static const struct vt_opt rows[] = {
    VT_AUG_FLOAT(min, "0.02", 0, 1, "SHARE", "smallest share of the picture's area"),
    VT_AUG_FLOAT(max, "0.2", 0, 1, "SHARE", "largest share of the picture's area"),
    VT_AUG_FLOAT(aspect, "1.2", 0, 3, "LOG", "width / height differs from 1 by up to e to this"),
    VT_AUG_ENUM(fill, "noise", VT__FILLS, "what it becomes"),
    VT_AUG_FLAG(hide, "no", "masks and label maps lose it, too"),
};

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  double area = vt__between(rng, o->min, o->max) * w * h,
         aspect = exp(vt__between(rng, -o->aspect, o->aspect));
  v[2] = VT_MIN(round(sqrt(area * aspect)), w);
  v[3] = VT_MIN(round(sqrt(area / aspect)), h);
  v[0] = vt_rng_below(rng, (uint32_t)(w - v[2]) + 1);
  v[1] = vt_rng_below(rng, (uint32_t)(h - v[3]) + 1);
}

static int apply(const void *opts, struct vt_aug_draw *d, const struct vt_aug_env *env,
                 struct vt_aug_sample *s, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_image cover = {0};
  int rc = vt_image_init(&cover, s->image.width, s->image.height, 1, e);
  if (rc) return rc;
  vt__cover_rect(&cover, (int)d->v[0], (int)d->v[1], (int)d->v[2], (int)d->v[3]);
  vt__aug_fill(&s->image, &cover, o->fill, env->fill, &d->rng);
  rc = vt__aug_erased(s, &cover, o->hide, env, e);
  vt_image_clear(&cover);
  return rc;
}

const struct vt_aug_op vt_aug_op_erase = {
    .name = "erase",
    .what = "one rectangle of random size wiped out (random erasing)",
    VT_AUG_OPTS,
    .safe = {{"max", 0, .33}},
    .draw = draw,
    .apply = apply,
};
