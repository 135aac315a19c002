/* Shape and separable computation of Resize: one axis after the other, each a sparse matrix. */
#include "ops/resize_ref.h"

struct vt__resize_inputs vt__resize_inputs(const struct vt_node *n)
{
  struct vt__resize_inputs p = {-1, -1, -1};
  const char *name = n->op->name;
  if (!strcmp(name, "Resize") && n->nin == 2) {
    p.scales = n->nin > 1 ? 1 : -1;
  } else if (!strcmp(name, "Resize")) {
    p.roi = 1;
    p.scales = 2;
    p.sizes = n->nin > 3 ? 3 : -1;
  } else if (n->nin > 1) { /* ResizeGrad: dy, scales */
    p.scales = 1;
  }
  return p;
}

/* Entry of `list` (all axes, or those of attribute axes) that belongs to axis d; -1 if none. */
static int entry(const struct vt_resize_attrs *a, int rank, int d)
{
  if (!a->axes.n) return d;
  for (int i = 0; i < a->axes.n; i++)
    if (a->axes.v[i] == d || a->axes.v[i] == d - rank) return i;
  return -1;
}

/* The scale that all listed axes share where the aspect is kept: not_larger (1) the smallest wanted,
 * not_smaller (2) the largest. 0: none. */
static double kept_scale(const struct vt_resize_attrs *a, int rank, const int64_t *in, const int64_t *wanted)
{
  double best = 0;
  for (int d = 0; d < rank; d++) {
    int k = entry(a, rank, d);
    if (k < 0 || in[d] < 1) continue;
    double s = (double)wanted[k] / (double)in[d];
    if (best == 0 || (a->keep_aspect_ratio_policy == 1 ? s < best : s > best)) best = s;
  }
  return best;
}

int vt_resize_scales(const struct vt_node *n, int rank, const int64_t *in, const int64_t *out,
                     const struct vt_tensor *scales, float *scale)
{
  const struct vt_resize_attrs *a = n->attrs;
  struct vt__resize_inputs p = vt__resize_inputs(n);
  int64_t wanted[VT_MAX_RANK];
  const struct vt_value *sizes = p.sizes < 0 ? NULL : vt__in(n, p.sizes);
  bool keep = a->keep_aspect_ratio_policy && sizes && vt__const_ints(sizes, wanted, VT_MAX_RANK) > 0;
  double kept = keep ? kept_scale(a, rank, in, wanted) : 0;
  for (int d = 0; d < rank; d++) {
    int k = entry(a, rank, d);
    scale[d] = in[d] > 0 ? (float)((double)out[d] / (double)in[d]) : 1;
    if (kept > 0 && k >= 0) scale[d] = (float)kept;
    if (scales && scales->dtype == VT_F32 && k >= 0 && k < vt_tensor_count(scales))
      scale[d] = ((const float *)scales->data)[k];
  }
  return VT_OK;
}

int vt__resize_shape(const struct vt_node *n, int rank, const int64_t *in, const struct vt_tensor *scales,
                     const struct vt_tensor *sizes, int64_t *out, bool *known, struct vt_err *e)
{
  const struct vt_resize_attrs *a = n->attrs;
  int want = a->axes.n ? a->axes.n : rank;
  int64_t size[VT_MAX_RANK];
  *known = true;
  for (int i = 0; i < a->axes.n; i++) {
    int d, rc = vt__axis(n, a->axes.v[i], rank, &d, e);
    if (rc) return rc;
  }
  bool by_size = sizes && vt_tensor_count(sizes) > 0, by_scale = scales && vt_tensor_count(scales) > 0;
  int64_t have = by_size ? vt_tensor_count(sizes) : by_scale ? vt_tensor_count(scales) : 0;
  if (have == 0) {
    *known = false;
    return VT_OK;
  }
  if (have != want || (by_size && vt__tensor_ints(sizes, size, VT_MAX_RANK) < 0) ||
      (!by_size && scales->dtype != VT_F32))
    return vt__bad(e, VT_ESHAPE, n, "%s has %lld entries for %d axes", by_size ? "sizes" : "scales",
                   (long long)have, want);
  for (int d = 0; d < rank; d++) {
    int k = entry(a, rank, d);
    out[d] = in[d];
    if (k < 0) continue;
    float s = by_size ? 1 : ((const float *)scales->data)[k];
    if (!(s > 0 && s < 1e6f)) return vt__bad(e, VT_EARG, n, "scale %g", (double)s);
    out[d] = by_size ? size[k] : in[d] < 0 ? -1 : (int64_t)floor((double)in[d] * (double)s);
    if (out[d] > INT32_MAX || (by_size && out[d] < 1))
      return vt__bad(e, VT_EARG, n, "output size %lld", (long long)out[d]);
  }
  double kept = by_size && a->keep_aspect_ratio_policy ? kept_scale(a, rank, in, size) : 0;
  bool all = true;
  for (int d = 0; d < rank; d++) all &= entry(a, rank, d) < 0 || in[d] >= 0;
  for (int d = 0; d < rank && by_size && a->keep_aspect_ratio_policy; d++) {
    if (entry(a, rank, d) < 0) continue;
    double side = floor(kept * (double)in[d] + 0.5);
    if (side > INT32_MAX) return vt__bad(e, VT_EARG, n, "output size %g", side);
    out[d] = all ? (int64_t)side : -1;
  }
  return VT_OK;
}

/* (outer, n, inner) -> (outer, m, inner), or back when transposed. */
static void one_axis(const struct vt_resize_axis *r, int64_t outer, int64_t inner, const float *x, float *y,
                     float extra, bool transposed)
{
  memset(y, 0, (size_t)(outer * inner * (transposed ? r->n : r->m)) * sizeof *y);
  for (int64_t o = 0; o < outer; o++)
    for (int64_t i = 0; i < r->m; i++) {
      int64_t big = (o * r->m + i) * inner;
      if (r->outside && r->outside[i]) {
        for (int64_t k = 0; !transposed && k < inner; k++) y[big + k] = extra;
        continue;
      }
      for (int64_t t = r->start[i]; t < r->start[i + 1]; t++) {
        int64_t small = (o * r->n + r->index[t]) * inner;
        float w = r->weight[t];
        if (transposed)
          for (int64_t k = 0; k < inner; k++) y[small + k] += w * x[big + k];
        else
          for (int64_t k = 0; k < inner; k++) y[big + k] += w * x[small + k];
      }
    }
}

int vt__resize_run(const struct vt_ref_call *c, const struct vt_tensor *x, struct vt_tensor *y,
                   const float *scale, const struct vt_tensor *roi, bool transposed, struct vt_err *e)
{
  const struct vt_resize_attrs *a = c->attrs;
  struct vt_resize_axis r = {0};
  float *old = NULL, *now = NULL;
  int64_t dim[VT_MAX_RANK];
  int rc = VT_OK, rank = x->rank;
  memcpy(dim, x->dim, sizeof dim);
  if (vt_tensor_count(y) == 0) return VT_OK;
  now = vt_malloc(vt_tensor_bytes(x) + 1);
  if (!now) return vt_fail(e, VT_ENOMEM, "out of memory");
  memcpy(now, x->data, vt_tensor_bytes(x));
  for (int d = 0; d < rank; d++) {
    int64_t from = transposed ? y->dim[d] : x->dim[d], to = transposed ? x->dim[d] : y->dim[d];
    int k = entry(a, rank, d), nroi = a->axes.n ? a->axes.n : rank;
    bool crop = roi && k >= 0 && roi->dtype == VT_F32 && vt_tensor_count(roi) == 2 * nroi;
    if (from == to && scale[d] == 1 && !crop) continue;
    const float *box = crop ? roi->data : NULL;
    rc = vt_resize_axis_init(&r, a, from, to, scale[d], crop ? box[k] : 0, crop ? box[nroi + k] : 1, e);
    if (rc) goto out;
    dim[d] = y->dim[d];
    old = now;
    now = vt_malloc((size_t)vt__span(dim, 0, rank) * sizeof *now + 1);
    if (!now) {
      rc = vt_fail(e, VT_ENOMEM, "out of memory");
      goto out;
    }
    one_axis(&r, vt__span(dim, 0, d), vt__span(dim, d + 1, rank), old, now, a->extrapolation_value,
             transposed);
    vt_resize_axis_clear(&r);
    vt_free(old);
    old = NULL;
  }
  memcpy(y->data, now, vt_tensor_bytes(y));
out:
  vt_resize_axis_clear(&r);
  vt_free(old);
  vt_free(now);
  return rc;
}
