/* Images: decode, encode, resize, colour, draw. The only folder that includes an image library.
 *
 * Pixels are 8-bit sRGB, interleaved, rows top down, upright (EXIF orientation applied), alpha not
 * premultiplied. All functions are synchronised unless said otherwise: they share nothing. */
#ifndef VT_IMAGE_H
#define VT_IMAGE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/base.h"
#include "mask/mask.h"

struct vt_image {
  int width, height, channels; /* 1 grey or labels, 3 RGB, 4 RGBA */
  int64_t stride;              /* bytes per row */
  uint8_t *px;                 /* owned unless `borrowed` */
  bool borrowed;
};
int vt_image_init(struct vt_image *im, int width, int height, int channels, struct vt_err *e); /* zeroed */
void vt_image_clear(struct vt_image *im);
int vt_image_copy(struct vt_image *out, const struct vt_image *im, struct vt_err *e);
struct vt_image vt_image_crop_view(const struct vt_image *im, int x, int y, int w, int h); /* borrows */

enum vt_image_format {
  VT_FMT_UNKNOWN,
  VT_FMT_JPEG,
  VT_FMT_PNG,
  VT_FMT_WEBP,
  VT_FMT_GIF,
  VT_FMT_HEIF,
  VT_FMT_AVIF
};

struct vt_decode_opts {
  int64_t max_pixels; /* 0 = VT_MAX_PIXELS; looked at before decoding */
  int min_side;       /* > 0: a JPEG may be decoded at 1/2, 1/4 or 1/8 as long as both sides stay >= this */
  bool keep_alpha;    /* RGBA instead of alpha over white */
  bool labels;        /* 8-bit grey or palette PNG: the raw indices, 1 channel; anything else fails */
};
#define VT_MAX_PIXELS (100LL * 1000 * 1000) /* default limit; VITRINE_MAX_PIXELS overrides */

struct vt_image_info {
  enum vt_image_format format;
  int width, height; /* upright */
  int file_width, file_height;
  int orientation; /* EXIF 1..8 */
};
/* Format by content, never by name. JPEG (progressive, CMYK, grey), PNG (all depths, palette), WebP, GIF
 * (first frame), HEIC, AVIF; ICC profile to sRGB. RGB out (RGBA with keep_alpha). Truncated files are errors.
 */
int vt_image_decode(struct vt_image *im, const void *data, size_t len, const struct vt_decode_opts *o,
                    struct vt_image_info *info, struct vt_err *e);
/* The same from a file; messages name it. Limit: 256 MB of file. */
int vt_image_read(struct vt_image *im, const char *path, const struct vt_decode_opts *o,
                  struct vt_image_info *info, struct vt_err *e);
/* Header only; of a file the same, and messages name it. */
int vt_image_probe(struct vt_image_info *info, const void *data, size_t len, struct vt_err *e);
int vt_image_probe_file(struct vt_image_info *info, const char *path, struct vt_err *e);

/* PNG (1, 3, 4 channels) or JPEG (1, 3; quality 1..100) by `format`; bytes appended to out. */
int vt_image_encode(struct vt_buf *out, const struct vt_image *im, enum vt_image_format format, int quality,
                    struct vt_err *e);
int vt_image_write(const struct vt_image *im, const char *path, int quality,
                   struct vt_err *e); /* format by ending */

/* Whether it ends as files of pictures do: jpg, jpeg, png, webp, gif, heic, heif, avif, in capitals or not.
 */
bool vt_picture_named(const char *path);
/* Where the picture lies in dir: dir/name; if that is no file, dir/name with its ending small or in capitals,
 * or, where it has no picture's, with the first of those above that gives a file; then the same with slashes
 * for backslashes. dir/name, too, where there is none of them. vt_free; NULL without memory. */
char *vt_picture_find(const char *dir, const char *name);

enum vt_filter {
  VT_NEAREST,
  VT_BILINEAR,
  VT_BICUBIC,
  VT_LANCZOS
}; /* antialiased, Pillow's kernels and rounding */
/* Resizes the region (x, y, w, h; real, in pixels of `im`) to out->width x out->height (out is initialised by
 * the caller with im's channels). Equal to Pillow's Image.resize(box=…) within one grey level. */
int vt_image_resize(struct vt_image *out, const struct vt_image *im, double x, double y, double w, double h,
                    enum vt_filter f, struct vt_err *e);

/* Affine warp with bilinear sampling: out(x, y) = im(m·(x+.5, y+.5, 1) − .5); outside pixels take `fill`
 * (channels bytes). nearest for label maps. m = {a, b, c, d, e, f}: sx = a·x + b·y + c, sy = d·x + e·y + f.
 */
int vt_image_warp(struct vt_image *out, const struct vt_image *im, const double m[6], bool nearest,
                  const uint8_t *fill, struct vt_err *e);
/* Bilinear by a projective map (3, 3): (sx, sy) = ((m0 u + m1 v + m2) / w, (m3 u + m4 v + m5) / w) with
 * w = m6 u + m7 v + m8 and u = x + .5, v = y + .5. */
int vt_image_warp_projective(struct vt_image *out, const struct vt_image *im, const double m[9],
                             const uint8_t *fill, struct vt_err *e);
/* A part (x, y, w, h) of a one-channel map: the pixels of im that the middles of out's fall into by the same
 * map; what comes from outside im stays as it is. */
void vt_image_take_nearest(struct vt_image *out, const struct vt_image *im, const double m[9],
                           const int part[4]);
void vt_image_flip_h(struct vt_image *im);
/* Separable Gaussian blur, sigma in pixels; and unsharp mask: im + amount·(im − blur). */
int vt_image_blur(struct vt_image *im, double sigma, struct vt_err *e);
int vt_image_sharpen(struct vt_image *im, double sigma, double amount, struct vt_err *e);
/* Per-pixel colour, RGB: brightness factor, contrast around mean grey, saturation factor, hue shift in turns.
 */
void vt_image_jitter(struct vt_image *im, float brightness, float contrast, float saturation, float hue);

/* Luma of ITU-R BT.601: of an RGB pixel, in 16-bit weights as Pillow converts; and the mean of a picture's.
 */
static inline uint8_t vt_luma(const uint8_t *p)
{
  return (uint8_t)((p[0] * 19595 + p[1] * 38470 + p[2] * 7471 + 0x8000) >> 16);
}
double vt_image_mean_luma(const struct vt_image *im);

/* The picture as network input: (3, H, W) float planes, (v/255 − mean[c]) / std[c], row-major, stride W. */
void vt_image_to_planes(const struct vt_image *im, const float mean[3], const float std[3], float *out);

/* Drawing on RGB images with cairo. Colours 0xRRGGBB. Confined to the image. */
struct vt_canvas; /* cairo_t on an image surface */
int vt_canvas_new(struct vt_canvas **out, int width, int height, uint32_t background, struct vt_err *e);
void vt_canvas_free(struct vt_canvas *c);
struct _cairo *vt_canvas_cairo(struct vt_canvas *c); /* borrow, for free drawing */
void vt_canvas_image(struct vt_canvas *c, const struct vt_image *im, double x, double y, double w, double h);
void vt_canvas_mask(struct vt_canvas *c, const struct vt_mask *m, double x, double y, double scale,
                    uint32_t colour, double fill_alpha, double line_width); /* tint and outline */
void vt_canvas_text(struct vt_canvas *c, double x, double y, double size, uint32_t colour, double max_width,
                    const char *utf8); /* x, y: left end of the base line; ellipsis at max_width */
void vt_canvas_rect(struct vt_canvas *c, double x, double y, double w, double h, uint32_t colour,
                    double line_width);
int vt_canvas_take(struct vt_canvas *c, struct vt_image *out, struct vt_err *e); /* RGB copy */
uint32_t vt_palette(int i); /* distinct colours for classes */

#include "image/plain.h" /* masks without a network */

#endif
