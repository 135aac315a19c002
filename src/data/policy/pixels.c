/* Operations on pixels that several augmentations share: tables, small kernels, filling. */
#include "data/policy/op.h"

void vt__aug_lut(struct vt_image *im, const uint8_t lut[3][256])
{
  for (int y = 0; y < im->height; y++) {
    uint8_t *p = im->px + y * im->stride;
    for (int x = 0; x < im->width; x++, p += 3) {
      p[0] = lut[0][p[0]];
      p[1] = lut[1][p[1]];
      p[2] = lut[2][p[2]];
    }
  }
}

/* The picture with r pixels of its edge repeated on all sides. */
static int pad(struct vt_image *out, const struct vt_image *im, int r, struct vt_err *e)
{
  const int c = im->channels;
  int rc = vt_image_init(out, im->width + 2 * r, im->height + 2 * r, c, e);
  for (int y = 0; !rc && y < out->height; y++) {
    const uint8_t *from = im->px + VT_CLAMP(y - r, 0, im->height - 1) * im->stride;
    uint8_t *to = out->px + y * out->stride;
    for (int i = 0; i < r; i++) memcpy(to + (int64_t)i * c, from, (size_t)c);
    memcpy(to + (int64_t)r * c, from, (size_t)im->width * (size_t)c);
    for (int i = r + im->width; i < out->width; i++)
      memcpy(to + (int64_t)i * c, from + (int64_t)(im->width - 1) * c, (size_t)c);
  }
  return rc;
}

int vt__aug_taps(struct vt_image *im, const struct vt__tap *tap, int n, int offset, bool keep_edge,
                 struct vt_err *e)
{
  const int c = im->channels, edge = keep_edge ? 1 : 0, row = (im->width - 2 * edge) * c;
  int r = 0;
  for (int k = 0; k < n; k++) r = VT_MAX(r, VT_MAX(abs(tap[k].dx), abs(tap[k].dy)));
  if (row <= 0) return 0;
  struct vt_image wide = {0};
  int32_t *sum = vt_calloc((size_t)row, sizeof *sum);
  int rc = sum ? pad(&wide, im, r, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int y = edge; !rc && y < im->height - edge; y++) {
    for (int i = 0; i < row; i++) sum[i] = offset * 65536 + 32768;
    for (int k = 0; k < n; k++) {
      const uint8_t *p = wide.px + (y + r + tap[k].dy) * wide.stride + (int64_t)(edge + r + tap[k].dx) * c;
      const int32_t w = tap[k].weight;
      for (int i = 0; i < row; i++) sum[i] += w * p[i];
    }
    uint8_t *to = im->px + y * im->stride + (int64_t)edge * c;
    for (int i = 0; i < row; i++) to[i] = (uint8_t)VT_CLAMP(sum[i] >> 16, 0, 255);
  }
  vt_image_clear(&wide);
  vt_free(sum);
  return rc;
}

static void mean_colour(const struct vt_image *im, uint8_t mean[3])
{
  int64_t sum[3] = {0};
  for (int y = 0; y < im->height; y++)
    for (int x = 0; x < im->width; x++)
      for (int k = 0; k < 3; k++) sum[k] += im->px[y * im->stride + (int64_t)x * 3 + k];
  for (int k = 0; k < 3; k++) mean[k] = vt__byte((double)sum[k] / ((double)im->width * im->height));
}

void vt__aug_fill(struct vt_image *im, const struct vt_image *cover, int kind, uint8_t grey,
                  struct vt_rng *rng)
{
  uint8_t one = kind == VT__FILL_GREY ? grey : kind == VT__FILL_WHITE ? 255 : 0, colour[3] = {one, one, one};
  if (kind == VT__FILL_MEAN) mean_colour(im, colour);
  for (int y = 0; y < im->height; y++) {
    uint8_t *p = im->px + y * im->stride;
    const uint8_t *c = cover->px + y * cover->stride;
    for (int x = 0; x < im->width; x++, p += 3) {
      if (!c[x]) continue;
      uint64_t r = kind == VT__FILL_NOISE ? vt_rng_u64(rng) : 0;
      for (int k = 0; k < 3; k++) p[k] = kind == VT__FILL_NOISE ? (uint8_t)(r >> (8 * k)) : colour[k];
    }
  }
}

void vt__cover_rect(struct vt_image *cover, int x, int y, int w, int h)
{
  int x0 = VT_CLAMP(x, 0, cover->width), x1 = VT_CLAMP(x + w, x0, cover->width);
  for (int j = VT_MAX(y, 0); j < VT_MIN(y + h, cover->height); j++)
    memset(cover->px + j * cover->stride + x0, 1, (size_t)(x1 - x0));
}
