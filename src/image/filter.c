/* Gaussian blur and unsharp mask. Separable, 16-bit weights, radius 3 sigma, edges repeated. */
#include <math.h>
#include <string.h>
#include "image/image.h"

enum { MAX_RADIUS = 512 };

/* weight[0..2r], sum exactly 65536: what rounding leaves over goes to the middle. */
static int make_weights(int32_t *weight, double sigma)
{
  int r = (int)VT_CLAMP(ceil(3 * sigma), 1, MAX_RADIUS);
  double sum = 0;
  for (int i = -r; i <= r; i++) sum += exp(-i * i / (2 * sigma * sigma));
  int32_t left = 65536;
  for (int i = -r; i <= r; i++) {
    weight[i + r] = (int32_t)(65536 * exp(-i * i / (2 * sigma * sigma)) / sum + .5);
    left -= weight[i + r];
  }
  weight[r] += left;
  return r;
}

static void convolve(uint8_t *out, const uint8_t *in, int64_t step, int n, const int32_t *weight, int r,
                     int32_t *sum)
{
  for (int i = 0; i < n; i++) sum[i] = 32768;
  for (int k = 0; k <= 2 * r; k++) {
    const uint8_t *p = in + k * step;
    const int32_t w = weight[k];
    for (int i = 0; i < n; i++) sum[i] += w * p[i];
  }
  for (int i = 0; i < n; i++) out[i] = (uint8_t)(sum[i] >> 16);
}

/* The row with r pixels repeated at either end. */
static void pad_row(uint8_t *to, const uint8_t *from, int width, int c, int r)
{
  for (int i = 0; i < r; i++) memcpy(to + i * c, from, (size_t)c);
  memcpy(to + r * c, from, (size_t)width * (size_t)c);
  for (int i = 0; i < r; i++) memcpy(to + (r + width + i) * c, from + (int64_t)(width - 1) * c, (size_t)c);
}

static void blur_down(struct vt_image *im, const struct vt_image *mid, const int32_t *weight, int r,
                      int32_t *sum)
{
  int n = im->width * im->channels;
  for (int y = 0; y < im->height; y++) {
    for (int i = 0; i < n; i++) sum[i] = 32768;
    for (int k = -r; k <= r; k++) {
      const uint8_t *p = mid->px + VT_CLAMP(y + k, 0, im->height - 1) * mid->stride;
      const int32_t w = weight[k + r];
      for (int i = 0; i < n; i++) sum[i] += w * p[i];
    }
    uint8_t *to = im->px + y * im->stride;
    for (int i = 0; i < n; i++) to[i] = (uint8_t)(sum[i] >> 16);
  }
}

int vt_image_blur(struct vt_image *im, double sigma, struct vt_err *e)
{
  if (!(sigma >= 0 && sigma <= MAX_RADIUS)) return vt_fail(e, VT_EARG, "blur of %g pixels", sigma);
  if (sigma < .05) return 0;
  int32_t weight[2 * MAX_RADIUS + 1];
  int r = make_weights(weight, sigma), c = im->channels, n = im->width * c;
  struct vt_image mid = {0};
  int32_t *sum = vt_malloc((size_t)n * sizeof(*sum));
  uint8_t *padded = vt_malloc((size_t)n + 2 * (size_t)r * (size_t)c);
  int rc = sum && padded ? vt_image_init(&mid, im->width, im->height, c, e)
                         : vt_fail(e, VT_ENOMEM, "blur: out of memory");
  if (!rc) {
    for (int y = 0; y < im->height; y++) {
      pad_row(padded, im->px + y * im->stride, im->width, c, r);
      convolve(mid.px + y * mid.stride, padded, c, n, weight, r, sum);
    }
    blur_down(im, &mid, weight, r, sum);
  }
  vt_image_clear(&mid);
  vt_free(padded);
  vt_free(sum);
  return rc;
}

int vt_image_sharpen(struct vt_image *im, double sigma, double amount, struct vt_err *e)
{
  struct vt_image soft;
  if (!(fabs(amount) <= 100)) return vt_fail(e, VT_EARG, "sharpening by %g", amount);
  int rc = vt_image_copy(&soft, im, e);
  if (!rc) rc = vt_image_blur(&soft, sigma, e);
  const int k = (int)lrint(amount * 256), n = im->width * im->channels;
  for (int y = 0; !rc && y < im->height; y++) {
    uint8_t *p = im->px + y * im->stride;
    const uint8_t *s = soft.px + y * soft.stride;
    for (int i = 0; i < n; i++) {
      int v = p[i] + ((k * (p[i] - s[i]) + 128) >> 8);
      p[i] = (uint8_t)VT_CLAMP(v, 0, 255);
    }
  }
  vt_image_clear(&soft);
  return rc;
}
