/* Sampling positions of RoiAlign. */
#include "ops/roi_align_ref.h"

int vt__roi_check(const struct vt_node *n, int x, struct vt_err *e)
{
  const struct vt__roi_attrs *a = n->attrs;
  int rc = vt__check_rank(n, x, 4, 4, e);
  if (!rc) rc = vt__check_rank(n, x + 1, 2, 2, e);
  if (!rc) rc = vt__check_rank(n, x + 2, 1, 1, e);
  if (rc) return rc;
  if (a->output_height < 1 || a->output_width < 1 || a->output_height > 4096 || a->output_width > 4096 ||
      a->sampling_ratio < 0 || a->sampling_ratio > 64)
    return vt__bad(e, VT_ELIMIT, n, "output %lld x %lld with %lld samples", (long long)a->output_height,
                   (long long)a->output_width, (long long)a->sampling_ratio);
  return VT_OK;
}

/* Bilinear taps at (y, x) in an h x w plane; weightless beyond one pixel outside. */
static void bilinear(struct vt__roi_sample *s, float y, float x, int64_t h, int64_t w)
{
  *s = (struct vt__roi_sample){0};
  if (!(y >= -1 && y <= (float)h && x >= -1 && x <= (float)w)) return;
  y = VT_MAX(y, 0);
  x = VT_MAX(x, 0);
  int64_t y0 = VT_MIN((int64_t)y, h - 1), x0 = VT_MIN((int64_t)x, w - 1), y1 = VT_MIN(y0 + 1, h - 1),
          x1 = VT_MIN(x0 + 1, w - 1);
  float fy = y1 > y0 ? y - (float)y0 : 0, fx = x1 > x0 ? x - (float)x0 : 0;
  *s = (struct vt__roi_sample){{y0 * w + x0, y0 * w + x1, y1 * w + x0, y1 * w + x1},
                               {(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx}};
}

int vt__roi_samples(struct vt__roi *r, const struct vt_ref_call *c, const struct vt_tensor *x,
                    const struct vt_tensor *rois, const struct vt_tensor *batch, int64_t i, struct vt_err *e)
{
  enum { MAX_SAMPLES = 1 << 24 };
  const struct vt__roi_attrs *a = c->attrs;
  const float *roi = (const float *)rois->data + i * 4;
  bool half = a->coordinate_transformation_mode == VT__ROI_HALF_PIXEL;
  float start[2], bin[2]; /* vertical, horizontal */
  int64_t grid[2], out[2] = {a->output_height, a->output_width};
  r->batch = vt_tensor_whole(batch, i);
  if (r->batch < 0 || r->batch >= x->dim[0])
    return vt__bad(e, VT_EARG, c->node, "region %lld lies in picture %lld of %lld", (long long)i,
                   (long long)r->batch, (long long)x->dim[0]);
  if (x->dim[2] < 1 || x->dim[3] < 1) return vt__bad(e, VT_ESHAPE, c->node, "regions of an empty map");
  for (int d = 0; d < 2; d++) {
    start[d] = roi[1 - d] * a->spatial_scale - (half ? 0.5f : 0);
    float size = roi[3 - d] * a->spatial_scale - (half ? 0.5f : 0) - start[d];
    if (!half) size = VT_MAX(size, 1);
    bin[d] = size / (float)out[d];
    if (!(fabsf(bin[d]) < 4096))
      return vt__bad(e, VT_ELIMIT, c->node, "region %lld is too large", (long long)i);
    grid[d] = a->sampling_ratio > 0 ? a->sampling_ratio : (int64_t)ceilf(size / (float)out[d]);
    grid[d] = VT_MAX(grid[d], 0);
  }
  r->h = out[0];
  r->w = out[1];
  r->count = grid[0] * grid[1];
  int64_t need = r->h * r->w * r->count;
  if (need > MAX_SAMPLES) return vt__bad(e, VT_ELIMIT, c->node, "over 2^24 samples in a region");
  if (need > r->cap) {
    vt_free(r->sample);
    r->sample = vt_calloc((size_t)need, sizeof *r->sample);
    r->cap = r->sample ? need : 0;
    if (!r->sample) return vt_fail(e, VT_ENOMEM, "out of memory");
  }
  struct vt__roi_sample *s = r->sample;
  for (int64_t py = 0; py < r->h; py++)
    for (int64_t px = 0; px < r->w; px++)
      for (int64_t iy = 0; iy < grid[0]; iy++)
        for (int64_t ix = 0; ix < grid[1]; ix++) {
          float y = start[0] + (float)py * bin[0] + ((float)iy + 0.5f) * bin[0] / (float)grid[0];
          float u = start[1] + (float)px * bin[1] + ((float)ix + 0.5f) * bin[1] / (float)grid[1];
          bilinear(s++, y, u, x->dim[2], x->dim[3]);
        }
  return VT_OK;
}
