/* Affine and projective warp. Bilinear with 8-bit weights in integers; positions in double precision. */
#include <math.h>
#include <string.h>
#include "image/image.h"

static const uint8_t *pixel(const struct vt_image *im, int x, int y, const uint8_t *fill)
{
  bool inside = x >= 0 && y >= 0 && x < im->width && y < im->height;
  return inside ? im->px + y * im->stride + (int64_t)x * im->channels : fill;
}

static void blend(uint8_t *to, const uint8_t *a, const uint8_t *b, const uint8_t *c, const uint8_t *d, int fx,
                  int fy, int channels)
{
  for (int k = 0; k < channels; k++) {
    int top = a[k] * (256 - fx) + b[k] * fx, low = c[k] * (256 - fx) + d[k] * fx;
    to[k] = (uint8_t)((top * (256 - fy) + low * fy + 32768) >> 16);
  }
}

/* Pixel whose top left corner is (px, py) in pixels of im, between four of its own. */
static inline void sample(uint8_t *to, const struct vt_image *im, double px, double py, const uint8_t *fill)
{
  const int c = im->channels;
  if (!(px > -1 && py > -1 && px < im->width && py < im->height)) {
    for (int k = 0; k < c; k++) to[k] = fill[k];
    return;
  }
  int ix = (int)((px + 1) * 256), iy = (int)((py + 1) * 256), x = (ix >> 8) - 1, y = (iy >> 8) - 1;
  int fx = ix & 255, fy = iy & 255;
  if (x >= 0 && y >= 0 && x + 1 < im->width && y + 1 < im->height) {
    const uint8_t *p = im->px + y * im->stride + (int64_t)x * c;
    blend(to, p, p + c, p + im->stride, p + im->stride + c, fx, fy, c);
  } else {
    blend(to, pixel(im, x, y, fill), pixel(im, x + 1, y, fill), pixel(im, x, y + 1, fill),
          pixel(im, x + 1, y + 1, fill), fx, fy, c);
  }
}

static void bilinear_row(uint8_t *to, const struct vt_image *im, int n, double sx, double sy, double dx,
                         double dy, const uint8_t *fill)
{
  for (int i = 0; i < n; i++, to += im->channels) sample(to, im, sx + i * dx, sy + i * dy, fill);
}

static void nearest_row(uint8_t *to, const struct vt_image *im, int n, double sx, double sy, double dx,
                        double dy, const uint8_t *fill)
{
  const int c = im->channels;
  for (int i = 0; i < n; i++, to += c) {
    double px = sx + i * dx + .5, py = sy + i * dy + .5;
    bool inside = px >= 0 && py >= 0 && px < im->width && py < im->height;
    const uint8_t *p = inside ? pixel(im, (int)px, (int)py, fill) : fill;
    for (int k = 0; k < c; k++) to[k] = p[k];
  }
}

int vt_image_warp(struct vt_image *out, const struct vt_image *im, const double m[6], bool nearest,
                  const uint8_t *fill, struct vt_err *e)
{
  if (out->channels != im->channels)
    return vt_fail(e, VT_ESHAPE, "warp from %d to %d channels", im->channels, out->channels);
  for (int i = 0; i < 6; i++)
    if (!isfinite(m[i])) return vt_fail(e, VT_EARG, "warp: entry %d of the matrix is not a number", i);
  for (int y = 0; y < out->height; y++) {
    double sx = m[0] * .5 + m[1] * (y + .5) + m[2] - .5, sy = m[3] * .5 + m[4] * (y + .5) + m[5] - .5;
    uint8_t *to = out->px + y * out->stride;
    (nearest ? nearest_row : bilinear_row)(to, im, out->width, sx, sy, m[0], m[3], fill);
  }
  return 0;
}

int vt_image_warp_projective(struct vt_image *out, const struct vt_image *im, const double m[9],
                             const uint8_t *fill, struct vt_err *e)
{
  if (out->channels != im->channels)
    return vt_fail(e, VT_ESHAPE, "warp from %d to %d channels", im->channels, out->channels);
  for (int i = 0; i < 9; i++)
    if (!isfinite(m[i])) return vt_fail(e, VT_EARG, "warp: entry %d of the matrix is not a number", i);
  for (int y = 0; y < out->height; y++) {
    uint8_t *to = out->px + y * out->stride;
    for (int x = 0; x < out->width; x++, to += out->channels) {
      double u = x + .5, v = y + .5, w = m[6] * u + m[7] * v + m[8];
      /* Behind the eye there is nothing. */
      double px = w > 0 ? (m[0] * u + m[1] * v + m[2]) / w : -9;
      double py = w > 0 ? (m[3] * u + m[4] * v + m[5]) / w : -9;
      sample(to, im, px - .5, py - .5, fill);
    }
  }
  return 0;
}
