/* Antialiased resize with Pillow's kernels and numbers, so that training and search see what Python pipelines
 * see.
 *
 * For output i of n over the source span [a, a + w): centre = a + (i + 1/2) w/n; the kernel is stretched by
 * max(w/n, 1) and sampled at pixel centres, weights sum to 1 (Pillow's libImaging/Resample.c, also its
 * integer form: 22 fraction bits, rounded half away from zero, 8-bit result after each pass). Horizontal pass
 * first, only on rows that the vertical one needs.
 *
 * The inner loops work in 32-bit integers on contiguous bytes; resize_fast.c holds a 16-bit form for
 * processors with AVX2, which may differ by one grey level. */
#include <math.h>
#include <string.h>
#include "image/resize.h"

enum { BITS = 22 };

static double bilinear(double x)
{
  return x < 0 ? VT_MAX(1 + x, 0) : VT_MAX(1 - x, 0);
}

/* Keys 1981, a = -1/2. */
static double bicubic(double x)
{
  const double a = -.5;
  x = fabs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

static double sinc(double x)
{
  return x == 0 ? 1 : sin(x * M_PI) / (x * M_PI);
}
static double lanczos(double x)
{
  return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0;
}

static const struct kernel {
  double (*at)(double x);
  double support;
} kernels[] = {[VT_BILINEAR] = {bilinear, 1}, [VT_BICUBIC] = {bicubic, 2}, [VT_LANCZOS] = {lanczos, 3}};

void vt__taps_clear(struct vt__taps *t)
{
  vt_free(t->first);
  vt_free(t->count);
  vt_free(t->weight);
  *t = (struct vt__taps){0};
}

/* Weights of all n outputs; in: side of the source, [from, from + span): the part shown. */
static int make_taps(struct vt__taps *t, int in, double from, double span, int n, const struct kernel *k,
                     struct vt_err *e)
{
  double scale = span / n, stretch = VT_MAX(scale, 1), support = k->support * stretch;
  *t = (struct vt__taps){.n = n, .size = (int)ceil(support) * 2 + 1};
  t->first = vt_calloc((size_t)n, sizeof(*t->first));
  t->count = vt_calloc((size_t)n, sizeof(*t->count));
  t->weight = vt_calloc((size_t)n, (size_t)t->size * sizeof(*t->weight));
  double *w = vt_calloc((size_t)t->size, sizeof(*w));
  if (!t->first || !t->count || !t->weight || !w) {
    vt_free(w);
    return vt_fail(e, VT_ENOMEM, "out of memory for resizing to %d pixels", n);
  }
  for (int i = 0; i < n; i++) {
    double centre = from + (i + .5) * scale, sum = 0;
    int lo = VT_MAX((int)(centre - support + .5), 0), hi = VT_MIN((int)(centre + support + .5), in);
    for (int x = lo; x < hi; x++) sum += w[x - lo] = k->at((x - centre + .5) / stretch);
    int32_t *q = t->weight + (size_t)i * (size_t)t->size;
    for (int x = 0; x < hi - lo; x++) {
      double v = (sum != 0 ? w[x] / sum : w[x]) * (1 << BITS);
      q[x] = (int32_t)(v < 0 ? v - .5 : v + .5);
    }
    t->first[i] = lo;
    t->count[i] = hi - lo;
  }
  vt_free(w);
  return 0;
}

static inline uint8_t clip8(int32_t sum)
{
  sum >>= BITS;
  return (uint8_t)VT_CLAMP(sum, 0, 255);
}

#define HALF (1 << (BITS - 1))

static void row_1(uint8_t *out, const uint8_t *in, const struct vt__taps *t)
{
  for (int i = 0; i < t->n; i++) {
    const int32_t *w = t->weight + (size_t)i * (size_t)t->size;
    const uint8_t *p = in + t->first[i];
    int32_t a = HALF;
    for (int k = 0; k < t->count[i]; k++) a += w[k] * p[k];
    out[i] = clip8(a);
  }
}

static void row_3(uint8_t *out, const uint8_t *in, const struct vt__taps *t)
{
  for (int i = 0; i < t->n; i++, out += 3) {
    const int32_t *w = t->weight + (size_t)i * (size_t)t->size;
    const uint8_t *p = in + (size_t)t->first[i] * 3;
    int32_t a = HALF, b = HALF, c = HALF;
    for (int k = 0; k < t->count[i]; k++, p += 3) a += w[k] * p[0], b += w[k] * p[1], c += w[k] * p[2];
    out[0] = clip8(a);
    out[1] = clip8(b);
    out[2] = clip8(c);
  }
}

static void row_4(uint8_t *out, const uint8_t *in, const struct vt__taps *t)
{
  for (int i = 0; i < t->n; i++, out += 4) {
    const int32_t *w = t->weight + (size_t)i * (size_t)t->size;
    const uint8_t *p = in + (size_t)t->first[i] * 4;
    int32_t a[4] = {HALF, HALF, HALF, HALF};
    for (int k = 0; k < t->count[i]; k++, p += 4)
      for (int c = 0; c < 4; c++) a[c] += w[k] * p[c];
    for (int c = 0; c < 4; c++) out[c] = clip8(a[c]);
  }
}

static void horizontal(struct vt_image *out, const struct vt_image *in, int y0, const struct vt__taps *t)
{
  void (*row)(uint8_t *, const uint8_t *, const struct vt__taps *) = in->channels == 3   ? row_3
                                                                     : in->channels == 4 ? row_4
                                                                                         : row_1;
  for (int y = 0; y < out->height; y++) row(out->px + y * out->stride, in->px + (y0 + y) * in->stride, t);
}

static int vertical(struct vt_image *out, const struct vt_image *in, int y0, const struct vt__taps *t,
                    struct vt_err *e)
{
  int n = out->width * out->channels;
  int32_t *sum = vt_malloc((size_t)n * sizeof(*sum));
  if (!sum) return vt_fail(e, VT_ENOMEM, "out of memory for a row of %d pixels", out->width);
  for (int y = 0; y < out->height; y++) {
    const int32_t *w = t->weight + (size_t)y * (size_t)t->size;
    for (int x = 0; x < n; x++) sum[x] = HALF;
    for (int k = 0; k < t->count[y]; k++) {
      const uint8_t *p = in->px + (t->first[y] - y0 + k) * in->stride;
      const int32_t wk = w[k];
      for (int x = 0; x < n; x++) sum[x] += wk * p[x];
    }
    uint8_t *to = out->px + y * out->stride;
    for (int x = 0; x < n; x++) to[x] = clip8(sum[x]);
  }
  vt_free(sum);
  return 0;
}

/* Positions are summed up, not multiplied out, as Pillow does: exact halves then fall to the same side. */
static void nearest(struct vt_image *out, const struct vt_image *im, double x, double y, double w, double h)
{
  double sx = w / out->width, sy = h / out->height, py = y + sy * .5;
  int c = im->channels;
  for (int oy = 0; oy < out->height; oy++, py += sy) {
    const uint8_t *row = im->px + VT_MIN((int)py, im->height - 1) * im->stride;
    uint8_t *to = out->px + oy * out->stride;
    double px = x + sx * .5;
    for (int ox = 0; ox < out->width; ox++, px += sx) {
      const uint8_t *p = row + (int64_t)VT_MIN((int)px, im->width - 1) * c;
      for (int k = 0; k < c; k++) *to++ = p[k];
    }
  }
}

static void copy_rows(struct vt_image *out, const struct vt_image *im, int x, int y)
{
  for (int r = 0; r < out->height; r++)
    memcpy(out->px + r * out->stride, im->px + (y + r) * im->stride + (int64_t)x * im->channels,
           (size_t)out->width * (size_t)im->channels);
}

static bool is_whole(double from, double span, int n)
{
  return span == n && from == floor(from);
}

static int filtered(struct vt_image *out, const struct vt_image *im, double x, double y, double w, double h,
                    const struct kernel *k, struct vt_err *e)
{
  struct vt__taps tx = {0}, ty = {0};
  struct vt_image mid = {0};
  bool across = !is_whole(x, w, out->width), down = !is_whole(y, h, out->height);
  int rc = make_taps(&tx, im->width, x, w, out->width, k, e);
  if (!rc) rc = make_taps(&ty, im->height, y, h, out->height, k, e);
  if (rc) goto out;
  int y0 = down ? ty.first[0] : (int)y;
  int y1 = down ? ty.first[out->height - 1] + ty.count[out->height - 1] : y0 + out->height;
  if (!across) { /* one pass down, on a view of the columns wanted */
    struct vt_image part = vt_image_crop_view(im, (int)x, 0, out->width, im->height);
    rc = vt__resize_down(out, &part, 0, &ty) ? 0 : vertical(out, &part, 0, &ty, e);
    goto out;
  }
  if (down) {
    rc = vt_image_init(&mid, out->width, y1 - y0, im->channels, e);
    if (rc) goto out;
  } else {
    mid = *out;
    mid.borrowed = true;
  }
  if (!vt__resize_across(&mid, im, y0, &tx)) horizontal(&mid, im, y0, &tx);
  if (down) rc = vt__resize_down(out, &mid, y0, &ty) ? 0 : vertical(out, &mid, y0, &ty, e);
out:
  vt_image_clear(&mid);
  vt__taps_clear(&tx);
  vt__taps_clear(&ty);
  return rc;
}

int vt_image_resize(struct vt_image *out, const struct vt_image *im, double x, double y, double w, double h,
                    enum vt_filter f, struct vt_err *e)
{
  if (out->channels != im->channels)
    return vt_fail(e, VT_ESHAPE, "resize from %d to %d channels", im->channels, out->channels);
  if (!(x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= im->width && y + h <= im->height))
    return vt_fail(e, VT_EARG, "region %g, %g, %g x %g is not inside the %d x %d picture", x, y, w, h,
                   im->width, im->height);
  if (is_whole(x, w, out->width) && is_whole(y, h, out->height))
    copy_rows(out, im, (int)x, (int)y);
  else if (f == VT_NEAREST)
    nearest(out, im, x, y, w, h);
  else
    return filtered(out, im, x, y, w, h, &kernels[f], e);
  return 0;
}
