/* HEIC and AVIF through libheif, loaded when the first such file comes: linking it would slow every start of
 * the program. libheif turns and crops as the file says, so orientation is always 1 here.
 *
 * Only types and names come from its header; each function is looked up in the library by name, once. */
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <libheif/heif.h>
#include "image/decode.h"

#define FUNCTIONS(X)                                                                                         \
  X(heif_context_alloc)                                                                                      \
  X(heif_context_free)                                                                                       \
  X(heif_context_read_from_memory_without_copy)                                                              \
  X(heif_context_get_primary_image_handle)                                                                   \
  X(heif_image_handle_release)                                                                               \
  X(heif_image_handle_get_width)                                                                             \
  X(heif_image_handle_get_height)                                                                            \
  X(heif_image_handle_has_alpha_channel)                                                                     \
  X(heif_image_handle_get_raw_color_profile_size)                                                            \
  X(heif_image_handle_get_raw_color_profile)                                                                 \
  X(heif_decode_image)                                                                                       \
  X(heif_image_get_width)                                                                                    \
  X(heif_image_get_height)                                                                                   \
  X(heif_image_get_plane_readonly)                                                                           \
  X(heif_image_release)

static struct {
#define X(name) __typeof__(name) *name;
  FUNCTIONS(X)
#undef X
} lib;
static char load_error[256]; /* empty: loaded */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
  void *so = dlopen("libheif.so.1", RTLD_NOW | RTLD_LOCAL);
  const char *missing = NULL;
#define X(name)                                                                                              \
  if (so && !(lib.name = (__typeof__(lib.name))dlsym(so, #name))) missing = #name;
  FUNCTIONS(X)
#undef X
  if (!so) {
    const char *why = dlerror();
    snprintf(load_error, sizeof load_error, "%.200s", why ? why : "libheif.so.1 not found");
  } else if (missing) {
    snprintf(load_error, sizeof load_error, "libheif.so.1 lacks %s", missing);
  }
}

struct opened {
  struct heif_context *context;
  struct heif_image_handle *handle;
};

static int fail(struct heif_error err, struct vt_err *e)
{
  const char *why = err.message ? err.message : "unknown error";
  if (err.code == heif_error_Memory_allocation_error) return vt_fail(e, VT_ELIMIT, "%s", why);
  if (err.code == heif_error_Unsupported_feature || err.code == heif_error_Unsupported_filetype)
    return vt_fail(e, VT_EUNSUPPORTED, "%s", why);
  return vt_fail(e, VT_EFORMAT, "truncated or damaged: %s", why);
}

static int open_heif(struct opened *h, const uint8_t *data, size_t len, struct vt_err *e)
{
  *h = (struct opened){0};
  pthread_once(&once, load);
  if (load_error[0])
    return vt_fail(e, VT_EUNSUPPORTED, "needs the library libheif (Debian package libheif1): %s", load_error);
  h->context = lib.heif_context_alloc();
  if (!h->context) return vt_fail(e, VT_ENOMEM, "out of memory");
  struct heif_error err = lib.heif_context_read_from_memory_without_copy(h->context, data, len, NULL);
  if (!err.code) err = lib.heif_context_get_primary_image_handle(h->context, &h->handle);
  return err.code ? fail(err, e) : 0;
}

static void close_heif(struct opened *h)
{
  if (h->handle) lib.heif_image_handle_release(h->handle);
  if (h->context) lib.heif_context_free(h->context);
}

int vt__heif_probe(struct vt_image_info *info, const uint8_t *data, size_t len, struct vt_err *e)
{
  struct opened h;
  int rc = open_heif(&h, data, len, e);
  if (!rc) {
    info->file_width = lib.heif_image_handle_get_width(h.handle);
    info->file_height = lib.heif_image_handle_get_height(h.handle);
  }
  close_heif(&h);
  return rc;
}

static int take_profile(struct vt__raw *r, const struct heif_image_handle *h, struct vt_err *e)
{
  size_t size = lib.heif_image_handle_get_raw_color_profile_size(h);
  if (!size) return 0;
  r->icc = vt_malloc(size);
  if (!r->icc) return vt_fail(e, VT_ENOMEM, "out of memory for a profile of %zu bytes", size);
  r->icc_len = size;
  if (lib.heif_image_handle_get_raw_color_profile(h, r->icc).code) {
    vt_free(r->icc);
    r->icc = NULL;
  }
  return 0;
}

static int decode(struct vt__raw *r, const struct heif_image_handle *h, struct vt_err *e)
{
  bool alpha = lib.heif_image_handle_has_alpha_channel(h);
  struct heif_image *pic = NULL;
  struct heif_error err = lib.heif_decode_image(
      h, &pic, heif_colorspace_RGB, alpha ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB, NULL);
  if (err.code) return fail(err, e);
  int stride = 0, rc = VT_EFORMAT;
  const uint8_t *px = lib.heif_image_get_plane_readonly(pic, heif_channel_interleaved, &stride);
  int width = lib.heif_image_get_width(pic, heif_channel_interleaved);
  int height = lib.heif_image_get_height(pic, heif_channel_interleaved);
  if (px)
    rc = vt_image_init(&r->im, width, height, alpha ? 4 : 3, e);
  else
    vt_fail(e, rc, "no pixels inside");
  for (int y = 0; !rc && y < height; y++)
    memcpy(r->im.px + y * r->im.stride, px + (int64_t)y * stride, (size_t)r->im.stride);
  lib.heif_image_release(pic);
  return rc;
}

int vt__heif_decode(struct vt__raw *r, const uint8_t *data, size_t len, const struct vt_decode_opts *o,
                    const struct vt_image_info *info, struct vt_err *e)
{
  struct opened h;
  int rc = open_heif(&h, data, len, e);
  if (!rc) rc = decode(r, h.handle, e);
  if (!rc) rc = take_profile(r, h.handle, e);
  close_heif(&h);
  return rc;
}
