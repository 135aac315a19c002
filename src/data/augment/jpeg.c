/* Artefacts of JPEG: encoded and decoded again. */
#include "data/policy/op.h"

struct opts {
  int64_t min, max;
};
static const struct vt_opt rows[] = {
    VT_AUG_INT(min, "40", 1, 100, "QUALITY", "lowest quality"),
    VT_AUG_INT(max, "90", 1, 100, "QUALITY", "highest quality"),
};

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  v[0] = (double)VT_MIN(o->min, o->max) + vt_rng_below(rng, (uint32_t)llabs(o->max - o->min) + 1);
}

static int apply(const void *opts, struct vt_aug_draw *d, const struct vt_aug_env *env,
                 struct vt_aug_sample *s, struct vt_err *e)
{
  struct vt_buf b = {0};
  struct vt_image out = {0};
  int rc = vt_image_encode(&b, &s->image, VT_FMT_JPEG, (int)d->v[0], e);
  if (!rc) rc = vt_image_decode(&out, b.data, b.len, &(struct vt_decode_opts){0}, NULL, e);
  if (!rc) {
    vt_image_clear(&s->image);
    s->image = out;
  }
  vt_buf_clear(&b);
  return rc;
}

const struct vt_aug_op vt_aug_op_jpeg = {
    .name = "jpeg",
    .what = "artefacts of JPEG",
    VT_AUG_OPTS,
    .safe = {{"min", 25, 100}},
    .draw = draw,
    .apply = apply,
};
