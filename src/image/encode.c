/* PNG through libspng, JPEG through libturbojpeg. */
#include <stdlib.h>
#include <string.h>
#include <spng.h>
#include <turbojpeg.h>
#include "image/image.h"

/* zlib level of PNGs: half the time of the default 6 for a few percent more bytes. */
enum { PNG_LEVEL = 4 };

static int png_rows(spng_ctx *c, const struct vt_image *im)
{
  size_t row = (size_t)im->width * (size_t)im->channels;
  int rc = spng_encode_image(c, NULL, 0, SPNG_FMT_PNG, SPNG_ENCODE_PROGRESSIVE | SPNG_ENCODE_FINALIZE);
  for (int y = 0; !rc && y < im->height; y++) rc = spng_encode_row(c, im->px + y * im->stride, row);
  return rc == SPNG_EOI ? 0 : rc;
}

static int encode_png(struct vt_buf *out, const struct vt_image *im, struct vt_err *e)
{
  static const uint8_t type[] = {[1] = SPNG_COLOR_TYPE_GRAYSCALE,
                                 [3] = SPNG_COLOR_TYPE_TRUECOLOR,
                                 [4] = SPNG_COLOR_TYPE_TRUECOLOR_ALPHA};
  struct spng_ihdr h = {.width = (uint32_t)im->width,
                        .height = (uint32_t)im->height,
                        .bit_depth = 8,
                        .color_type = type[im->channels]};
  spng_ctx *c = spng_ctx_new(SPNG_CTX_ENCODER);
  if (!c) return vt_fail(e, VT_ENOMEM, "PNG: out of memory");
  void *bytes = NULL;
  size_t len = 0;
  int rc = spng_set_option(c, SPNG_ENCODE_TO_BUFFER, 1);
  if (!rc) rc = spng_set_option(c, SPNG_IMG_COMPRESSION_LEVEL, PNG_LEVEL);
  if (!rc && im->channels == 1) rc = spng_set_option(c, SPNG_FILTER_CHOICE, SPNG_FILTER_CHOICE_NONE);
  if (!rc) rc = spng_set_ihdr(c, &h);
  if (!rc) rc = png_rows(c, im);
  if (!rc) bytes = spng_get_png_buffer(c, &len, &rc);
  if (!rc) vt_buf_add(out, bytes, len);
  free(bytes);
  spng_ctx_free(c);
  return rc ? vt_fail(e, rc == SPNG_EMEM ? VT_ENOMEM : VT_EARG, "PNG: %s", spng_strerror(rc)) : 0;
}

static int encode_jpeg(struct vt_buf *out, const struct vt_image *im, int quality, struct vt_err *e)
{
  if (im->channels == 4) return vt_fail(e, VT_EARG, "JPEG has no transparency: use PNG");
  if (quality < 1 || quality > 100) return vt_fail(e, VT_EARG, "JPEG quality %d: expected 1 to 100", quality);
  tjhandle tj = tjInitCompress();
  if (!tj) return vt_fail(e, VT_ENOMEM, "JPEG: out of memory");
  bool grey = im->channels == 1;
  unsigned char *bytes = NULL;
  unsigned long len = 0;
  int sampling = grey ? TJSAMP_GRAY : quality >= 95 ? TJSAMP_444 : TJSAMP_420;
  int rc = tjCompress2(tj, im->px, im->width, (int)im->stride, im->height, grey ? TJPF_GRAY : TJPF_RGB,
                       &bytes, &len, sampling, quality, 0);
  if (rc)
    rc = vt_fail(e, VT_EARG, "JPEG: %s", tjGetErrorStr2(tj));
  else
    vt_buf_add(out, bytes, len);
  tjFree(bytes);
  tjDestroy(tj);
  return rc;
}

int vt_image_encode(struct vt_buf *out, const struct vt_image *im, enum vt_image_format format, int quality,
                    struct vt_err *e)
{
  int rc;
  if (format == VT_FMT_PNG)
    rc = encode_png(out, im, e);
  else if (format == VT_FMT_JPEG)
    rc = encode_jpeg(out, im, quality, e);
  else
    rc = vt_fail(e, VT_EUNSUPPORTED, "pictures are written as PNG or JPEG only");
  return !rc && out->failed ? vt_fail(e, VT_ENOMEM, "out of memory for an encoded picture") : rc;
}

int vt_image_write(const struct vt_image *im, const char *path, int quality, struct vt_err *e)
{
  const char *ext = vt_path_ext(path);
  enum vt_image_format format = VT_FMT_UNKNOWN;
  if (!strcasecmp(ext, "png")) format = VT_FMT_PNG;
  if (!strcasecmp(ext, "jpg") || !strcasecmp(ext, "jpeg")) format = VT_FMT_JPEG;
  struct vt_buf b;
  vt_buf_init(&b);
  int rc = vt_image_encode(&b, im, format, quality, e);
  if (rc)
    vt_fail_in(e, rc, "%s", path);
  else
    rc = vt_file_write(path, b.data, b.len, e);
  vt_buf_clear(&b);
  return rc;
}
