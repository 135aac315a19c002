/* Single pixels wiped out, each by chance. */
#include "data/policy/op.h"

struct opts {
  double share;
  int fill;
  bool hide;
};
static const struct vt_opt rows[] = {
    VT_AUG_FLOAT(share, "0.05", 0, 1, "SHARE", "largest share of the pixels, drawn from 0 to this"),
    VT_AUG_ENUM(fill, "black", VT__FILLS, "what they become"),
    VT_AUG_FLAG(hide, "no", "masks and label maps lose them, too"),
};

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  v[0] = vt__between(rng, 0, o->share);
}

static int apply(const void *opts, struct vt_aug_draw *d, const struct vt_aug_env *env,
                 struct vt_aug_sample *s, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_image cover = {0};
  const uint32_t limit = (uint32_t)(d->v[0] * 65536);
  int rc = vt_image_init(&cover, s->image.width, s->image.height, 1, e);
  if (rc) return rc;
  uint64_t r = 0;
  for (int64_t i = 0, n = (int64_t)cover.width * cover.height; i < n; i++) {
    if (i % 4 == 0) r = vt_rng_u64(&d->rng);
    cover.px[i] = (r & 65535) < limit;
    r >>= 16;
  }
  vt__aug_fill(&s->image, &cover, o->fill, env->fill, &d->rng);
  rc = vt__aug_erased(s, &cover, o->hide, env, e);
  vt_image_clear(&cover);
  return rc;
}

const struct vt_aug_op vt_aug_op_pixel_dropout = {
    .name = "pixel-dropout",
    .what = "single pixels wiped out",
    VT_AUG_OPTS,
    .safe = {{"share", 0, .2}},
    .draw = draw,
    .apply = apply,
};
