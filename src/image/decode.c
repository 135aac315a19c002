/* Decoding: format by content, size limit before any pixel, then profile, orientation and alpha.
 *
 * Each format's file gives the stored pixels; what must happen to all of them happens here, once. */
#include <stdlib.h>
#include <string.h>
#include "image/decode.h"

static const struct format {
  enum vt_image_format id;
  const char *name;
  vt__probe_fn *probe;
  vt__decode_fn *decode;
} formats[] = {
    {VT_FMT_JPEG, "JPEG", vt__jpeg_probe, vt__jpeg_decode},
    {VT_FMT_PNG, "PNG", vt__png_probe, vt__png_decode},
    {VT_FMT_WEBP, "WebP", vt__webp_probe, vt__webp_decode},
    {VT_FMT_GIF, "GIF", vt__gif_probe, vt__gif_decode},
    {VT_FMT_HEIF, "HEIC", vt__heif_probe, vt__heif_decode},
    {VT_FMT_AVIF, "AVIF", vt__heif_probe, vt__heif_decode},
};

void vt__raw_clear(struct vt__raw *r)
{
  vt_image_clear(&r->im);
  vt_free(r->icc);
  r->icc = NULL;
}

/* ISO 14496-12 file type box: size (4), "ftyp", major brand, version, compatible brands. */
static enum vt_image_format sniff_ftyp(const uint8_t *d, size_t len)
{
  static const char heic[][5] = {"heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1"};
  size_t size = (size_t)d[0] << 24 | (size_t)d[1] << 16 | (size_t)d[2] << 8 | d[3];
  size = VT_MIN(size, VT_MIN(len, (size_t)256));
  enum vt_image_format found = VT_FMT_UNKNOWN;
  for (size_t at = 8; at + 4 <= size; at += 4) {
    if (at == 12) continue;
    if (!memcmp(d + at, "avif", 4) || !memcmp(d + at, "avis", 4)) return VT_FMT_AVIF;
    for (size_t i = 0; i < VT_COUNT(heic); i++)
      if (!memcmp(d + at, heic[i], 4)) found = VT_FMT_HEIF;
  }
  return found;
}

static enum vt_image_format sniff(const uint8_t *d, size_t len)
{
  if (len >= 3 && !memcmp(d, "\xff\xd8\xff", 3)) return VT_FMT_JPEG;
  if (len >= 8 && !memcmp(d, "\x89PNG\r\n\x1a\n", 8)) return VT_FMT_PNG;
  if (len >= 6 && (!memcmp(d, "GIF87a", 6) || !memcmp(d, "GIF89a", 6))) return VT_FMT_GIF;
  if (len >= 12 && !memcmp(d, "RIFF", 4) && !memcmp(d + 8, "WEBP", 4)) return VT_FMT_WEBP;
  if (len >= 12 && !memcmp(d + 4, "ftyp", 4)) return sniff_ftyp(d, len);
  return VT_FMT_UNKNOWN;
}

/* What a file that is no picture seems to be, for the message. */
static const char *guess(const uint8_t *d, size_t len)
{
  static const struct {
    const char *start, *what;
  } known[] = {
      {"<!DOCTYPE", "an HTML page"},
      {"<!doctype", "an HTML page"},
      {"<html", "an HTML page"},
      {"<svg", "an SVG drawing"},
      {"<?xml", "an XML file"},
      {"%PDF", "a PDF document"},
      {"BM", "a BMP picture"},
      {"II*", "a TIFF picture"},
      {"MM\0*", "a TIFF picture"},
      {"PK\3\4", "a ZIP archive"},
      {"8BPS", "a PSD picture"},
      {"\x7f"
       "ELF",
       "a program"},
      {"SQLite format 3", "an SQLite database"},
  };
  for (size_t i = 0; i < VT_COUNT(known); i++) {
    size_t n = strlen(known[i].start);
    if (len > n && !memcmp(d, known[i].start, n)) return known[i].what;
  }
  size_t n = VT_MIN(len, (size_t)512), printable = 0;
  for (size_t i = 0; i < n; i++)
    printable += (d[i] >= 32 && d[i] < 127) || d[i] == '\n' || d[i] == '\r' || d[i] == '\t';
  return printable == n ? "a text file" : "an unknown format";
}

static const struct format *find_format(const uint8_t *data, size_t len, struct vt_err *e)
{
  if (!len) {
    vt_fail(e, VT_EFORMAT, "empty file");
    return NULL;
  }
  enum vt_image_format id = sniff(data, len);
  for (size_t i = 0; i < VT_COUNT(formats); i++)
    if (formats[i].id == id) return &formats[i];
  vt_fail(e, VT_EFORMAT, "not a picture that can be read (JPEG, PNG, WebP, GIF, HEIC, AVIF) but %s",
          guess(data, len));
  return NULL;
}

static int probe(const struct format *f, struct vt_image_info *info, const uint8_t *data, size_t len,
                 struct vt_err *e)
{
  *info = (struct vt_image_info){.format = f->id, .orientation = 1};
  int rc = f->probe(info, data, len, e);
  if (!rc) rc = vt__image_check_size(info->file_width, info->file_height, e);
  if (rc) return vt_fail_in(e, rc, "%s", f->name);
  bool turned = info->orientation >= 5;
  info->width = turned ? info->file_height : info->file_width;
  info->height = turned ? info->file_width : info->file_height;
  return 0;
}

int vt_image_probe(struct vt_image_info *info, const void *data, size_t len, struct vt_err *e)
{
  const struct format *f = find_format(data, len, e);
  return f ? probe(f, info, data, len, e) : VT_EFORMAT;
}

static int check_pixels(const struct format *f, const struct vt_decode_opts *o,
                        const struct vt_image_info *info, struct vt_err *e)
{
  int64_t limit = o->max_pixels > 0 ? o->max_pixels : VT_MAX_PIXELS;
  int64_t pixels = (int64_t)info->file_width * info->file_height;
  const char *env = o->max_pixels > 0 ? NULL : getenv("VITRINE_MAX_PIXELS");
  if (env && *env && (!vt_parse_i64(env, &limit) || limit < 1))
    return vt_fail(e, VT_EARG, "VITRINE_MAX_PIXELS='%s': expected a number above 0", env);
  if (pixels <= limit) return 0;
  return vt_fail(e, VT_ELIMIT, "%s of %d x %d = %lld pixels: the limit is %lld (VITRINE_MAX_PIXELS)", f->name,
                 info->file_width, info->file_height, (long long)pixels, (long long)limit);
}

/* Integer form of (a * v + (255 - a) * 255) / 255, rounded. */
static void alpha_over_white(struct vt_image *im)
{
  uint8_t *to = im->px;
  for (int y = 0; y < im->height; y++) {
    const uint8_t *p = im->px + y * im->stride;
    for (int x = 0; x < im->width; x++, p += 4, to += 3) {
      int a = p[3], white = (255 - a) * 255 + 127;
      uint8_t r = (uint8_t)((p[0] * a + white) / 255), g = (uint8_t)((p[1] * a + white) / 255);
      uint8_t b = (uint8_t)((p[2] * a + white) / 255);
      to[0] = r;
      to[1] = g;
      to[2] = b;
    }
  }
  im->channels = 3;
  im->stride = (int64_t)im->width * 3;
}

static int add_alpha(struct vt_image *im, struct vt_err *e)
{
  struct vt_image out;
  int rc = vt_image_init(&out, im->width, im->height, 4, e);
  if (rc) return rc;
  for (int y = 0; y < im->height; y++) {
    const uint8_t *p = im->px + y * im->stride;
    uint8_t *q = out.px + y * out.stride;
    for (int x = 0; x < im->width; x++, p += 3, q += 4) q[0] = p[0], q[1] = p[1], q[2] = p[2], q[3] = 255;
  }
  vt_image_clear(im);
  *im = out;
  return 0;
}

static int finish(struct vt__raw *r, const struct vt_decode_opts *o, int orientation, struct vt_err *e)
{
  int rc = 0;
  if (!o->labels) {
    rc = vt__icc_to_srgb(r, e);
    if (rc) return rc;
    if (r->im.channels == 4 && !o->keep_alpha) alpha_over_white(&r->im);
    if (r->im.channels == 3 && o->keep_alpha) rc = add_alpha(&r->im, e);
    if (rc) return rc;
  }
  return vt__orient(&r->im, orientation, e);
}

int vt_image_decode(struct vt_image *im, const void *data, size_t len, const struct vt_decode_opts *o,
                    struct vt_image_info *info, struct vt_err *e)
{
  static const struct vt_decode_opts none;
  struct vt_image_info own;
  struct vt__raw r = {0};
  *im = (struct vt_image){0};
  if (!o) o = &none;
  if (!info) info = &own;
  const struct format *f = find_format(data, len, e);
  if (!f) return VT_EFORMAT;
  if (o->labels && f->id != VT_FMT_PNG)
    return vt_fail(e, VT_EFORMAT, "a label map must be a grey or palette PNG, this is %s", f->name);
  int rc = probe(f, info, data, len, e);
  if (!rc) rc = check_pixels(f, o, info, e);
  if (rc) return rc;
  rc = f->decode(&r, data, len, o, info, e);
  if (rc)
    vt_fail_in(e, rc, "%s", f->name);
  else
    rc = finish(&r, o, info->orientation, e);
  if (!rc) {
    *im = r.im;
    r.im = (struct vt_image){0};
  }
  vt__raw_clear(&r);
  return rc;
}

int vt_image_read(struct vt_image *im, const char *path, const struct vt_decode_opts *o,
                  struct vt_image_info *info, struct vt_err *e)
{
  char *data = NULL;
  size_t len = 0;
  *im = (struct vt_image){0};
  int rc = vt_file_read(path, (size_t)256 << 20, &data, &len, e);
  if (rc) return rc;
  rc = vt_image_decode(im, data, len, o, info, e);
  if (rc) vt_fail_in(e, rc, "%s", path);
  vt_free(data);
  return rc;
}

int vt_image_probe_file(struct vt_image_info *info, const char *path, struct vt_err *e)
{
  struct vt_map m;
  int rc = vt_map_open(&m, path, e);
  if (rc) return rc;
  if ((rc = vt_image_probe(info, m.data, m.len, e))) vt_fail_in(e, rc, "%s", path);
  vt_map_close(&m);
  return rc;
}
