/* Mixup (Zhang et al., "mixup: Beyond Empirical Risk Minimization", 2018): share * a + (1 - share) * b, the
 * share from Beta(alpha, alpha). The classes of the pictures share their weights so; objects of both stay,
 * with these weights. A label map cannot be mixed: that of the picture with the larger share stays. */
#include "data/policy/op.h"

struct opts {
  double alpha;
};
static const struct vt_opt rows[] = {
    VT_AUG_FLOAT(alpha, "0.2", 0.01, 100, "ALPHA", "parameter of the Beta distribution"),
};

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  v[0] = vt__aug_beta(rng, o->alpha);
}

static int apply(const void *opts, struct vt_aug_draw *d, const struct vt_aug_env *env,
                 struct vt_aug_sample *s, struct vt_err *e)
{
  struct vt_aug_sample b;
  int rc = vt__aug_other(&b, s->image.width, s->image.height, env, &d->rng, e);
  if (rc) return VT_MIN(rc, 0);
  const int keep = (int)lround(d->v[0] * 256);
  for (int y = 0; y < s->image.height; y++) {
    uint8_t *p = s->image.px + y * s->image.stride;
    const uint8_t *q = b.image.px + y * b.image.stride;
    for (int i = 0; i < 3 * s->image.width; i++)
      p[i] = (uint8_t)((p[i] * keep + q[i] * (256 - keep) + 128) >> 8);
  }
  if (s->labels.px && b.labels.px && keep < 128) {
    struct vt_image t = s->labels;
    s->labels = b.labels;
    b.labels = t;
  }
  for (int i = 0; i < s->nobjects; i++) s->object[i].weight *= d->v[0];
  for (int i = 0; i < b.nobjects; i++) b.object[i].weight *= 1 - d->v[0];
  rc = vt__aug_mix_targets(s, &b, d->v[0], e);
  if (!rc) rc = vt__aug_take_objects(s, &b, e);
  vt_aug_sample_clear(&b);
  return rc;
}

const struct vt_aug_op vt_aug_op_mixup = {
    .name = "mixup",
    .what = "two pictures shining through each other",
    VT_AUG_OPTS,
    .safe = {{"alpha", .05, 1}},
    .mixes = true,
    .draw = draw,
    .apply = apply,
};
