/* Resize along one axis as a sparse matrix: which inputs each output reads, with which weights.
 *
 * Coordinates, interpolation and rounding follow the ONNX documentation of Resize; cubic is Keys' kernel. The
 * same matrix, transposed, is the gradient. */
#include "ops/util.h"

enum {
  POSITION_MAX = 1 << 30,
  TAPS_MAX = 1 << 28
}; /* beyond them a hostile scale, and integers would overflow */

/* Position in the input of output i (ONNX Resize, coordinate_transformation_mode). */
static double source(const struct vt_resize_attrs *a, int64_t i, int64_t n, int64_t m, double scale,
                     double roi0, double roi1)
{
  double x = (double)i, len = (double)n, out = (double)m;
  switch (a->coordinate_transformation_mode) {
  case VT_RESIZE_HALF_PIXEL: return (x + 0.5) / scale - 0.5;
  case VT_RESIZE_HALF_PIXEL_SYMMETRIC: {
    double adjust = out / (scale * len), centre = len / 2;
    return centre * (1 - adjust) + (x + 0.5) / scale - 0.5;
  }
  case VT_RESIZE_PYTORCH_HALF_PIXEL: return m > 1 ? (x + 0.5) / scale - 0.5 : 0;
  case VT_RESIZE_ALIGN_CORNERS: return m > 1 ? x * (len - 1) / (scale * len - 1) : 0; /* sic: not rounded */
  case VT_RESIZE_ASYMMETRIC: return x / scale;
  case VT_RESIZE_TF_HALF_PIXEL_FOR_NN: return (x + 0.5) / scale;
  case VT_RESIZE_TF_CROP_AND_RESIZE:
    return m > 1 ? roi0 * (len - 1) + x * (roi1 - roi0) * (len - 1) / (out - 1)
                 : 0.5 * (roi0 + roi1) * (len - 1);
  }
  return x;
}

static int64_t nearest(int mode, double x)
{
  double f = floor(x);
  switch (mode) {
  case VT_ROUND_PREFER_FLOOR: return (int64_t)(x - f <= 0.5 ? f : f + 1);
  case VT_ROUND_PREFER_CEIL: return (int64_t)(x - f < 0.5 ? f : f + 1);
  case VT_ROUND_FLOOR: return (int64_t)f;
  default: return (int64_t)ceil(x);
  }
}

static double cubic(double a, double t) /* Keys 1981, t >= 0 */
{
  if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  if (t < 2) return ((a * t - 5 * a) * t + 8 * a) * t - 4 * a;
  return 0;
}

/* With antialias the kernel is stretched by 1 / scale when shrinking. */
static double kernel(const struct vt_resize_attrs *a, double t)
{
  t = fabs(t);
  return a->mode == VT_RESIZE_CUBIC ? cubic((double)a->cubic_coeff_a, t) : t < 1 ? 1 - t : 0;
}

/* Taps of one output; index and weight may be NULL to count. */
static int64_t taps(const struct vt_resize_attrs *a, double x, int64_t n, double scale, int32_t *index,
                    float *weight)
{
  if (a->mode == VT_RESIZE_NEAREST) {
    int64_t i = nearest(a->nearest_mode, x);
    if (index) {
      *index = (int32_t)VT_CLAMP(i, 0, n - 1);
      *weight = 1;
    }
    return 1;
  }
  double stretch = a->antialias && scale < 1 ? 1 / scale : 1,
         reach = (a->mode == VT_RESIZE_CUBIC ? 2 : 1) * stretch;
  int64_t from = (int64_t)floor(x - reach) + 1, to = (int64_t)ceil(x + reach), count = VT_MAX(to - from, 1);
  if (!index) return count;
  double sum = 0;
  for (int64_t k = 0; k < count; k++) {
    int64_t at = from + k;
    double w = kernel(a, ((double)at - x) / stretch);
    if (a->exclude_outside && (at < 0 || at >= n)) w = 0; /* else the edge counts again */
    index[k] = (int32_t)VT_CLAMP(at, 0, n - 1);
    weight[k] = (float)w;
    sum += w;
  }
  for (int64_t k = 0; k < count && sum != 0; k++) weight[k] = (float)((double)weight[k] / sum);
  return count;
}

void vt_resize_axis_clear(struct vt_resize_axis *r)
{
  vt_free(r->start);
  vt_free(r->index);
  vt_free(r->weight);
  vt_free(r->outside);
  *r = (struct vt_resize_axis){0};
}

int vt_resize_axis_init(struct vt_resize_axis *r, const struct vt_resize_attrs *a, int64_t n, int64_t m,
                        float scale, float roi0, float roi1, struct vt_err *e)
{
  *r = (struct vt_resize_axis){.n = n, .m = m};
  if (n < 1 || n > INT32_MAX || m < 0 || m > INT32_MAX)
    return vt_fail(e, VT_ESHAPE, "cannot resize an axis from %lld to %lld", (long long)n, (long long)m);
  int rc = VT_ENOMEM;
  double s = scale > 0 ? (double)scale : (double)m / (double)n;
  bool crop = a->coordinate_transformation_mode == VT_RESIZE_TF_CROP_AND_RESIZE;
  r->start = vt_calloc((size_t)m + 1, sizeof *r->start);
  if (crop) r->outside = vt_calloc((size_t)m + 1, sizeof *r->outside);
  if (!r->start || (crop && !r->outside)) goto out;
  for (int64_t i = 0; i < m; i++) {
    double x = source(a, i, n, m, s, (double)roi0, (double)roi1);
    if (!(fabs(x) <= POSITION_MAX && (!a->antialias || 1 / s <= POSITION_MAX))) {
      rc = vt_fail(e, VT_EARG, "resizing an axis from %lld to %lld reads at %g", (long long)n, (long long)m,
                   x);
      goto out;
    }
    if (crop) r->outside[i] = x < 0 || x > (double)(n - 1);
    r->start[i + 1] = r->start[i] + taps(a, x, n, s, NULL, NULL);
    if (r->start[i + 1] > TAPS_MAX) {
      rc = vt_fail(e, VT_ELIMIT, "resizing an axis from %lld to %lld reads over %lld values", (long long)n,
                   (long long)m, (long long)TAPS_MAX);
      goto out;
    }
  }
  r->index = vt_calloc((size_t)r->start[m] + 1, sizeof *r->index);
  r->weight = vt_calloc((size_t)r->start[m] + 1, sizeof *r->weight);
  if (!r->index || !r->weight) goto out;
  for (int64_t i = 0; i < m; i++)
    taps(a, source(a, i, n, m, s, (double)roi0, (double)roi1), n, s, r->index + r->start[i],
         r->weight + r->start[i]);
  return VT_OK;
out:
  vt_resize_axis_clear(r);
  return rc == VT_ENOMEM ? vt_fail(e, rc, "out of memory") : rc;
}
