/* Pictures in memory: making, copying, views, flipping, and turning upright by EXIF orientation. */
#include <string.h>
#include "image/decode.h"

int vt__image_check_size(int64_t width, int64_t height, struct vt_err *e)
{
  if (width < 1 || height < 1)
    return vt_fail(e, VT_EFORMAT, "picture of %lld x %lld pixels: it is empty", (long long)width,
                   (long long)height);
  if (width > VT_MAX_SIDE || height > VT_MAX_SIDE)
    return vt_fail(e, VT_ELIMIT, "picture of %lld x %lld pixels: sides may be at most %d", (long long)width,
                   (long long)height, VT_MAX_SIDE);
  return 0;
}

int vt_image_init(struct vt_image *im, int width, int height, int channels, struct vt_err *e)
{
  *im = (struct vt_image){0};
  int rc = vt__image_check_size(width, height, e);
  if (rc) return rc;
  if (channels != 1 && channels != 3 && channels != 4)
    return vt_fail(e, VT_EARG, "picture with %d channels: expected 1, 3 or 4", channels);
  uint8_t *px = vt_calloc((size_t)height, (size_t)width * (size_t)channels);
  if (!px) return vt_fail(e, VT_ENOMEM, "out of memory for a picture of %d x %d pixels", width, height);
  *im = (struct vt_image){width, height, channels, (int64_t)width * channels, px, false};
  return 0;
}

void vt_image_clear(struct vt_image *im)
{
  if (!im->borrowed) vt_free(im->px);
  *im = (struct vt_image){0};
}

int vt_image_copy(struct vt_image *out, const struct vt_image *im, struct vt_err *e)
{
  int rc = vt_image_init(out, im->width, im->height, im->channels, e);
  if (rc) return rc;
  for (int y = 0; y < im->height; y++)
    memcpy(out->px + y * out->stride, im->px + y * im->stride, (size_t)im->width * (size_t)im->channels);
  return 0;
}

struct vt_image vt_image_crop_view(const struct vt_image *im, int x, int y, int w, int h)
{
  int x0 = VT_CLAMP(x, 0, im->width - 1), y0 = VT_CLAMP(y, 0, im->height - 1);
  int x1 = VT_CLAMP((int64_t)x + w, x0 + 1, im->width), y1 = VT_CLAMP((int64_t)y + h, y0 + 1, im->height);
  return (struct vt_image){.width = x1 - x0,
                           .height = y1 - y0,
                           .channels = im->channels,
                           .stride = im->stride,
                           .px = im->px + y0 * im->stride + (int64_t)x0 * im->channels,
                           .borrowed = true};
}

static void swap_bytes(uint8_t *a, uint8_t *b, int n)
{
  for (int i = 0; i < n; i++) {
    uint8_t t = a[i];
    a[i] = b[i];
    b[i] = t;
  }
}

void vt_image_flip_h(struct vt_image *im)
{
  for (int y = 0; y < im->height; y++) {
    uint8_t *a = im->px + y * im->stride, *b = a + (int64_t)(im->width - 1) * im->channels;
    for (; a < b; a += im->channels, b -= im->channels) swap_bytes(a, b, im->channels);
  }
}

static void flip_v(struct vt_image *im)
{
  for (int a = 0, b = im->height - 1; a < b; a++, b--)
    swap_bytes(im->px + a * im->stride, im->px + b * im->stride, im->width * im->channels);
}

/* out(x, y) = in(y, x), in blocks of 16 x 16 that stay in the cache. */
static int transpose(struct vt_image *im, struct vt_err *e)
{
  struct vt_image out;
  int rc = vt_image_init(&out, im->height, im->width, im->channels, e), c = im->channels;
  if (rc) return rc;
  for (int by = 0; by < out.height; by += 16)
    for (int bx = 0; bx < out.width; bx += 16)
      for (int y = by; y < VT_MIN(by + 16, out.height); y++) {
        const uint8_t *from = im->px + bx * im->stride + (int64_t)y * c;
        uint8_t *to = out.px + y * out.stride + (int64_t)bx * c;
        for (int x = bx; x < VT_MIN(bx + 16, out.width); x++, from += im->stride)
          for (int k = 0; k < c; k++) *to++ = from[k];
      }
  vt_image_clear(im);
  *im = out;
  return 0;
}

/* EXIF 2.32, table 6: which corner the stored first pixel belongs to. */
int vt__orient(struct vt_image *im, int orientation, struct vt_err *e)
{
  if (orientation >= 5 && orientation <= 8) {
    int rc = transpose(im, e);
    if (rc) return rc;
  }
  bool h = orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
  bool v = orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
  if (h) vt_image_flip_h(im);
  if (v) flip_v(im);
  return 0;
}
