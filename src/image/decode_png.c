/* PNG through libspng: every depth, palette, transparency, interlace. 16-bit numbers keep their upper byte.
 *
 * Label maps give the stored numbers, without palette or scaling. A file that ends before its last chunk is
 * an error; damage in chunks that do not touch pixels is not. */
#include <string.h>
#include <spng.h>
#include "image/decode.h"

enum { MAX_CHUNK = 32 << 20, MAX_CHUNKS = 64 << 20 };

static int fail(int code, struct vt_err *e)
{
  if (code == SPNG_EMEM) return vt_fail(e, VT_ENOMEM, "out of memory");
  return vt_fail(e, VT_EFORMAT, "truncated or damaged: %s", spng_strerror(code));
}

/* Memory of the library is ours too, so that its failures can be tested. */
static void *spng_alloc(size_t n)
{
  return vt_malloc(n);
}
static void *spng_again(void *p, size_t n)
{
  return vt_realloc(p, n);
}
static void *spng_zero(size_t n, size_t size)
{
  return vt_calloc(n, size);
}
static void spng_release(void *p)
{
  vt_free(p);
}

static int open_png(spng_ctx **out, struct spng_ihdr *h, const uint8_t *data, size_t len, struct vt_err *e)
{
  struct spng_alloc a = {spng_alloc, spng_again, spng_zero, spng_release};
  spng_ctx *c = *out = spng_ctx_new2(&a, 0);
  if (!c) return vt_fail(e, VT_ENOMEM, "out of memory");
  spng_set_crc_action(c, SPNG_CRC_ERROR, SPNG_CRC_DISCARD);
  spng_set_chunk_limits(c, MAX_CHUNK, MAX_CHUNKS);
  int rc = spng_set_png_buffer(c, data, len);
  if (!rc) rc = spng_get_ihdr(c, h);
  return rc ? fail(rc, e) : 0;
}

static int orientation(spng_ctx *c)
{
  struct spng_exif x;
  return spng_get_exif(c, &x) ? 1 : vt__exif_orientation((const uint8_t *)x.data, x.length);
}

int vt__png_probe(struct vt_image_info *info, const uint8_t *data, size_t len, struct vt_err *e)
{
  spng_ctx *c = NULL;
  struct spng_ihdr h = {0};
  int rc = open_png(&c, &h, data, len, e);
  if (!rc) {
    info->file_width = h.width > INT32_MAX ? INT32_MAX : (int)h.width;
    info->file_height = h.height > INT32_MAX ? INT32_MAX : (int)h.height;
    info->orientation = orientation(c);
  }
  spng_ctx_free(c);
  return rc;
}

static int take_profile(struct vt__raw *r, spng_ctx *c, struct vt_err *e)
{
  struct spng_iccp icc;
  uint8_t intent;
  r->srgb = !spng_get_srgb(c, &intent);
  if (r->srgb || spng_get_iccp(c, &icc) || !icc.profile_len) return 0;
  r->icc = vt_malloc(icc.profile_len);
  if (!r->icc)
    return vt_fail(e, VT_ENOMEM, "out of memory for a profile of %zu bytes", (size_t)icc.profile_len);
  r->icc_len = icc.profile_len;
  memcpy(r->icc, icc.profile, icc.profile_len);
  return 0;
}

/* Stored numbers of 1, 2 or 4 bits to bytes; highest bits first, rows padded to bytes. */
static void unpack(struct vt_image *im, const uint8_t *packed, size_t size, int bits)
{
  size_t row = size / (size_t)im->height;
  int per_byte = 8 / bits, mask = (1 << bits) - 1;
  for (int y = 0; y < im->height; y++)
    for (int x = 0; x < im->width; x++)
      im->px[y * im->stride + x] =
          packed[(size_t)y * row + (size_t)(x / per_byte)] >> (8 - bits - bits * (x % per_byte)) & mask;
}

static int decode_labels(struct vt__raw *r, spng_ctx *c, const struct spng_ihdr *h, struct vt_err *e)
{
  if ((h->color_type != SPNG_COLOR_TYPE_INDEXED && h->color_type != SPNG_COLOR_TYPE_GRAYSCALE) ||
      h->bit_depth < 1 || h->bit_depth > 8)
    return vt_fail(e, VT_EFORMAT,
                   "a label map must be grey or palette of at most 8 bits, this has colour type %d, %d bits",
                   h->color_type, h->bit_depth);
  size_t size = 0;
  int rc = vt_image_init(&r->im, (int)h->width, (int)h->height, 1, e);
  if (rc) return rc;
  rc = spng_decoded_image_size(c, SPNG_FMT_PNG, &size);
  if (rc) return fail(rc, e);
  if (h->bit_depth == 8) {
    rc = spng_decode_image(c, r->im.px, size, SPNG_FMT_PNG, 0);
    return rc ? fail(rc, e) : 0;
  }
  uint8_t *packed = vt_calloc(1, size);
  if (!packed) return vt_fail(e, VT_ENOMEM, "out of memory for %zu bytes of pixels", size);
  rc = spng_decode_image(c, packed, size, SPNG_FMT_PNG, 0);
  if (!rc) unpack(&r->im, packed, size, h->bit_depth);
  vt_free(packed);
  return rc ? fail(rc, e) : 0;
}

static int decode_colour(struct vt__raw *r, spng_ctx *c, const struct spng_ihdr *h, struct vt_err *e)
{
  struct spng_trns trns;
  bool alpha = h->color_type == SPNG_COLOR_TYPE_GRAYSCALE_ALPHA ||
               h->color_type == SPNG_COLOR_TYPE_TRUECOLOR_ALPHA || !spng_get_trns(c, &trns);
  r->grey = h->color_type == SPNG_COLOR_TYPE_GRAYSCALE || h->color_type == SPNG_COLOR_TYPE_GRAYSCALE_ALPHA;
  int rc = vt_image_init(&r->im, (int)h->width, (int)h->height, alpha ? 4 : 3, e);
  if (rc) return rc;
  rc = spng_decode_image(c, r->im.px, (size_t)r->im.stride * h->height,
                         alpha ? SPNG_FMT_RGBA8 : SPNG_FMT_RGB8, alpha ? SPNG_DECODE_TRNS : 0);
  return rc ? fail(rc, e) : take_profile(r, c, e);
}

int vt__png_decode(struct vt__raw *r, const uint8_t *data, size_t len, const struct vt_decode_opts *o,
                   const struct vt_image_info *info, struct vt_err *e)
{
  spng_ctx *c = NULL;
  struct spng_ihdr h = {0};
  int rc = open_png(&c, &h, data, len, e);
  if (!rc) rc = o->labels ? decode_labels(r, c, &h, e) : decode_colour(r, c, &h, e);
  if (!rc) {
    int end = spng_decode_chunks(c);
    if (end) rc = fail(end, e);
  }
  spng_ctx_free(c);
  return rc;
}
