/* 3 x 3 kernels that bring out edges, those of Pillow's filters of these names, laid over the picture by a
 * random share. The outermost pixels stay. */
#include "data/policy/op.h"

struct opts {
  int kernel;
  double share;
};
static const struct vt_opt rows[] = {
    VT_AUG_ENUM(kernel, "enhance", "enhance|enhance-more|sharpen|detail|find|contour|emboss", "which kernel"),
    VT_AUG_FLOAT(share, "0.5", 0, 1, "SHARE",
                 "largest share of the result in the picture, drawn from 0 to this"),
};
static const struct {
  int weight[9], scale, offset;
} kernels[] = {
    {{-1, -1, -1, -1, 10, -1, -1, -1, -1}, 2, 0},  {{-1, -1, -1, -1, 9, -1, -1, -1, -1}, 1, 0},
    {{-2, -2, -2, -2, 32, -2, -2, -2, -2}, 16, 0}, {{0, -1, 0, -1, 10, -1, 0, -1, 0}, 6, 0},
    {{-1, -1, -1, -1, 8, -1, -1, -1, -1}, 1, 0},   {{-1, -1, -1, -1, 8, -1, -1, -1, -1}, 1, 255},
    {{0, 0, 0, 0, 1, 0, -1, 0, 0}, 1, 128},
};

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  v[0] = o->share * (1 - vt_rng_unit(rng));
}

static int apply(const void *opts, struct vt_aug_draw *d, const struct vt_aug_env *env,
                 struct vt_aug_sample *s, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt__tap tap[9];
  struct vt_image was = {0};
  int n = 0;
  for (int i = 0; i < 9; i++) {
    int w = kernels[o->kernel].weight[i];
    if (w)
      tap[n++] =
          (struct vt__tap){i % 3 - 1, i / 3 - 1, (int32_t)lround(65536.0 * w / kernels[o->kernel].scale)};
  }
  const int share = (int)lround(d->v[0] * 256);
  int rc = share < 256 ? vt_image_copy(&was, &s->image, e) : 0;
  if (!rc) rc = vt__aug_taps(&s->image, tap, n, kernels[o->kernel].offset, true, e);
  for (int y = 0; !rc && share < 256 && y < s->image.height; y++) {
    uint8_t *p = s->image.px + y * s->image.stride;
    const uint8_t *q = was.px + y * was.stride;
    for (int i = 0; i < 3 * s->image.width; i++)
      p[i] = (uint8_t)((p[i] * share + q[i] * (256 - share) + 128) >> 8);
  }
  vt_image_clear(&was);
  return rc;
}

const struct vt_aug_op vt_aug_op_edges = {
    .name = "edges",
    .what = "edges brought out by a 3 x 3 kernel",
    VT_AUG_OPTS,
    .safe = {{"share", 0, .5}},
    .draw = draw,
    .apply = apply,
};
