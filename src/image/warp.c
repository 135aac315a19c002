/* Affine and projective warps, in chunks of a line: positions first, in double precision and then cut to
 * 1/256 of a pixel, so that everything behind them is in integers and has the same bits on every processor.
 */
#include "image/warp.h"

#include <math.h>
#include <string.h>

static const double limit = 1 << 30;

void vt__warp_positions(const struct vt__warp_line *l, int i0, double shift, double scale, int32_t *x,
                        int32_t *y)
{
  if (vt__warp_positions_fast(l, i0, shift, scale, x, y)) return;
  for (int i = 0; i < VT__WARP_CHUNK; i++) {
    const double k = i0 + i, w = l->w + k * l->dw;
    double px = l->x + k * l->dx, py = l->y + k * l->dy;
    if (l->dw != 0 || l->w != 1) { /* behind the eye there is nothing */
      px = w > 0 ? px / w : -2;
      py = w > 0 ? py / w : -2;
    }
    px = (px + shift) * scale;
    py = (py + shift) * scale;
    x[i] = px >= 0 ? (int32_t)VT_MIN(px, limit) : -1;
    y[i] = py >= 0 ? (int32_t)VT_MIN(py, limit) : -1;
  }
}

static const uint8_t *pixel(const struct vt_image *im, int x, int y, const uint8_t *fill)
{
  bool inside = x >= 0 && y >= 0 && x < im->width && y < im->height;
  return inside ? im->px + y * im->stride + (int64_t)x * im->channels : fill;
}

void vt__warp_pixel(uint8_t *to, const struct vt_image *im, int32_t ix, int32_t iy, const uint8_t *fill)
{
  const int channels = im->channels, x = (ix >> 8) - 1, y = (iy >> 8) - 1, fx = ix & 255, fy = iy & 255;
  if (ix < 0 || iy < 0 || x >= im->width || y >= im->height) {
    for (int k = 0; k < channels; k++) to[k] = fill[k];
    return;
  }
  const uint8_t *a = pixel(im, x, y, fill), *b = pixel(im, x + 1, y, fill), *c = pixel(im, x, y + 1, fill),
                *d = pixel(im, x + 1, y + 1, fill);
  for (int k = 0; k < channels; k++) {
    int top = a[k] * (256 - fx) + b[k] * fx, low = c[k] * (256 - fx) + d[k] * fx;
    to[k] = (uint8_t)((top * (256 - fy) + low * fy + 32768) >> 16);
  }
}

static void bilinear_line(uint8_t *to, const struct vt_image *im, int n, const struct vt__warp_line *l,
                          const uint8_t *fill)
{
  int32_t x[VT__WARP_CHUNK], y[VT__WARP_CHUNK];
  for (int i = 0; i < n; i += VT__WARP_CHUNK) {
    const int part = VT_MIN(n - i, VT__WARP_CHUNK);
    vt__warp_positions(l, i, .5, 256, x, y);
    uint8_t *here = to + (int64_t)i * im->channels;
    if (vt__warp_pixels_fast(here, im, part, x, y, fill)) continue;
    for (int k = 0; k < part; k++) vt__warp_pixel(here + k * im->channels, im, x[k], y[k], fill);
  }
}

static void nearest_line(uint8_t *to, const struct vt_image *im, int n, const struct vt__warp_line *l,
                         const uint8_t *fill)
{
  const int c = im->channels;
  int32_t x[VT__WARP_CHUNK], y[VT__WARP_CHUNK];
  for (int i = 0; i < n; i += VT__WARP_CHUNK) {
    vt__warp_positions(l, i, 0, 1, x, y);
    for (int k = 0; k < VT_MIN(n - i, VT__WARP_CHUNK); k++, to += c) {
      const uint8_t *p = pixel(im, x[k], y[k], fill);
      for (int j = 0; j < c; j++) to[j] = p[j];
    }
  }
}

static struct vt__warp_line line_of(const double m[9], int x, int y)
{
  const double u = x + .5, v = y + .5;
  return (struct vt__warp_line){.x = m[0] * u + m[1] * v + m[2],
                                .y = m[3] * u + m[4] * v + m[5],
                                .w = m[6] * u + m[7] * v + m[8],
                                .dx = m[0],
                                .dy = m[3],
                                .dw = m[6]};
}

static int check(const struct vt_image *out, const struct vt_image *im, const double m[9], struct vt_err *e)
{
  if (out->channels != im->channels)
    return vt_fail(e, VT_ESHAPE, "warp from %d to %d channels", im->channels, out->channels);
  for (int i = 0; i < 9; i++)
    if (!isfinite(m[i])) return vt_fail(e, VT_EARG, "warp: entry %d of the matrix is not a number", i);
  return 0;
}

int vt_image_warp(struct vt_image *out, const struct vt_image *im, const double m[6], bool nearest,
                  const uint8_t *fill, struct vt_err *e)
{
  const double all[9] = {m[0], m[1], m[2], m[3], m[4], m[5], 0, 0, 1};
  int rc = check(out, im, all, e);
  for (int y = 0; y < out->height && !rc; y++) {
    const struct vt__warp_line l = line_of(all, 0, y);
    (nearest ? nearest_line : bilinear_line)(out->px + y * out->stride, im, out->width, &l, fill);
  }
  return rc;
}

int vt_image_warp_projective(struct vt_image *out, const struct vt_image *im, const double m[9],
                             const uint8_t *fill, struct vt_err *e)
{
  int rc = check(out, im, m, e);
  for (int y = 0; y < out->height && !rc; y++) {
    const struct vt__warp_line l = line_of(m, 0, y);
    bilinear_line(out->px + y * out->stride, im, out->width, &l, fill);
  }
  return rc;
}

void vt_image_take_nearest(struct vt_image *out, const struct vt_image *im, const double m[9],
                           const int part[4])
{
  int32_t x[VT__WARP_CHUNK], y[VT__WARP_CHUNK];
  /* Positions are counted from the line's beginning, whatever the part: the same sum for the same pixel. */
  for (int j = part[1]; j < part[1] + part[3]; j++) {
    const struct vt__warp_line l = line_of(m, 0, j);
    uint8_t *to = out->px + j * out->stride;
    for (int i = part[0]; i < part[0] + part[2]; i += VT__WARP_CHUNK) {
      vt__warp_positions(&l, i, 0, 1, x, y);
      for (int k = 0; k < VT_MIN(part[0] + part[2] - i, VT__WARP_CHUNK); k++)
        if ((uint32_t)x[k] < (uint32_t)im->width && (uint32_t)y[k] < (uint32_t)im->height)
          to[i + k] = im->px[y[k] * im->stride + x[k]];
    }
  }
}
