/* Warps against a plain sum in real numbers, and the processor's loops against the plain ones. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "image/image.h"
#include "image/warp.h"

static void ok(int rc, const struct vt_err *e)
{
  if (rc < 0) fail_msg("%s", e->msg);
}

static struct vt_image drawn(int w, int h, int channels)
{
  struct vt_image im;
  assert_int_equal(vt_image_init(&im, w, h, channels, NULL), 0);
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w * channels; x++)
      im.px[y * im.stride + x] = (uint8_t)(128 + 100 * sin(.3 * x + y) * cos(.2 * y) + (x * 7 + y * 3) % 20);
  return im;
}

/* Bilinear in real numbers, pixel by pixel, what is outside counting as 7. */
static double sampled(const struct vt_image *im, const double m[9], int x, int y, int c)
{
  const double u = x + .5, v = y + .5, w = m[6] * u + m[7] * v + m[8];
  if (!(w > 0)) return 7;
  const double px = (m[0] * u + m[1] * v + m[2]) / w - .5, py = (m[3] * u + m[4] * v + m[5]) / w - .5;
  if (!(fabs(px) < 1e6 && fabs(py) < 1e6)) return 7;
  const int ix = (int)floor(px), iy = (int)floor(py);
  double sum = 0;
  for (int k = 0; k < 4; k++) {
    const int a = ix + (k & 1), b = iy + (k >> 1);
    const bool inside = a >= 0 && b >= 0 && a < im->width && b < im->height;
    sum += (inside ? im->px[b * im->stride + a * im->channels + c] : 7) * (k & 1 ? px - ix : 1 - px + ix) *
           (k >> 1 ? py - iy : 1 - py + iy);
  }
  return sum;
}

/* Random maps, also of pictures and views of few pixels: within two levels of the plain sum (positions are
 * cut to 1/256 pixels: at the sharpest edge a level), and on average far less. The processor's loops have the
 * bits of the plain ones. Nearest takes the pixel that the middle falls into. */
static void test_warp_everywhere(void **state)
{
  static const int sizes[][2] = {{1, 1}, {2, 2}, {3, 2}, {2, 5}, {4, 3}, {37, 23}, {130, 70}};
  const uint8_t fill[3] = {7, 7, 7};
  struct vt_rng r;
  vt_rng_init(&r, 1, 2, 3);
  for (int i = 0; i < 210; i++) {
    const int w = sizes[i % 7][0], h = sizes[i % 7][1], ow = 1 + (int)vt_rng_below(&r, 150), oh = 20;
    struct vt_image whole = drawn(w + 3, h + 2, 3), out, labels, taken;
    struct vt_err e = {0};
    struct vt_image im = vt_image_crop_view(&whole, 1, 1, w, h); /* a view: other bytes lie around it */
    const double a = 6.3 * vt_rng_unit(&r), k = .3 + 1.5 * vt_rng_unit(&r), bend = i % 3 ? .004 : 0;
    const double m[9] = {
        k * cos(a), -k * sin(a),         w * vt_rng_unit(&r),           k * sin(a),
        k * cos(a), h * vt_rng_unit(&r), bend * (vt_rng_unit(&r) - .5), bend * (vt_rng_unit(&r) - .5),
        1};
    double sum = 0;
    ok(vt_image_init(&out, ow, oh, 3, &e), &e);
    ok(bend > 0 ? vt_image_warp_projective(&out, &im, m, fill, &e)
                : vt_image_warp(&out, &im, m, false, fill, &e),
       &e);
    for (int y = 0; y < oh; y++)
      for (int x = 0; x < 3 * ow; x++) {
        const double d = fabs(out.px[y * out.stride + x] - sampled(&im, m, x / 3, y, x % 3));
        sum += d;
        if (d > 2) fail_msg("map %d: %g levels away at %d, %d", i, d, x / 3, y);
      }
    if (sum / (3. * ow * oh) > .5) fail_msg("map %d: %g levels away on average", i, sum / (3. * ow * oh));
    int32_t x[VT__WARP_CHUNK], y[VT__WARP_CHUNK];
    uint8_t plain[3 * VT__WARP_CHUNK], fast[3 * VT__WARP_CHUNK];
    for (int j = 0; j < VT__WARP_CHUNK; j++) {
      x[j] = (int32_t)vt_rng_below(&r, (uint32_t)(w + 3) * 256) - 256;
      y[j] = (int32_t)vt_rng_below(&r, (uint32_t)(h + 3) * 256) - 256;
      vt__warp_pixel(plain + 3 * j, &im, x[j], y[j], fill);
    }
    if (vt__warp_pixels_fast(fast, &im, VT__WARP_CHUNK, x, y, fill))
      assert_memory_equal(fast, plain, sizeof plain);
    ok(vt_image_init(&labels, w, h, 1, &e), &e);
    ok(vt_image_init(&taken, ow, oh, 1, &e), &e);
    for (int j = 0; j < w * h; j++) labels.px[j / w * labels.stride + j % w] = (uint8_t)(1 + j % 250);
    vt_image_take_nearest(&taken, &labels, m, (const int[]){ow / 3, 2, ow - ow / 3, 15});
    for (int p = 0; p < ow * oh; p++) {
      const int px = p % ow, py = p / ow;
      const double u = px + .5, v = py + .5, z = m[6] * u + m[7] * v + m[8];
      const double sx = (m[0] * u + m[1] * v + m[2]) / z, sy = (m[3] * u + m[4] * v + m[5]) / z;
      const bool part = px >= ow / 3 && py >= 2 && py < 17;
      const int want = part && sx >= 0 && sy >= 0 && sx < w && sy < h && z > 0
                           ? labels.px[(int)sy * labels.stride + (int)sx]
                           : 0;
      if (fabs(sx - round(sx)) > 1e-9 && fabs(sy - round(sy)) > 1e-9)
        assert_int_equal(taken.px[py * taken.stride + px], want);
    }
    vt_image_clear(&taken);
    vt_image_clear(&labels);
    vt_image_clear(&out);
    vt_image_clear(&whole);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_warp_everywhere)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
