/* Inside the image module: what the format files hand to decode.c. */
#ifndef VT_IMAGE_DECODE_H
#define VT_IMAGE_DECODE_H

#include "image/image.h"

/* A decoded picture before colour management, orientation and alpha. */
struct vt__raw {
  struct vt_image
      im;          /* 1 (labels only), 3 RGB, 4 RGBA or, if `cmyk`, CMYK as Adobe stores it: 255 = no ink */
  bool cmyk, grey; /* grey: RGB of equal numbers, from a file with one channel */
  bool srgb;       /* the file says that it is sRGB: its profile, if any, is not looked at */
  uint8_t *icc;    /* profile, owned, or NULL */
  size_t icc_len;
};
void vt__raw_clear(struct vt__raw *r);

/* Fills width, height (as stored), orientation. Each reads only the header. */
typedef int vt__probe_fn(struct vt_image_info *info, const uint8_t *data, size_t len, struct vt_err *e);
/* Called after the probe passed and its size was found within the limit. */
typedef int vt__decode_fn(struct vt__raw *r, const uint8_t *data, size_t len, const struct vt_decode_opts *o,
                          const struct vt_image_info *info, struct vt_err *e);
vt__probe_fn vt__jpeg_probe, vt__png_probe, vt__webp_probe, vt__gif_probe, vt__heif_probe;
vt__decode_fn vt__jpeg_decode, vt__png_decode, vt__webp_decode, vt__gif_decode, vt__heif_decode;

/* Orientation 1..8 of an EXIF block (with or without "Exif\0\0" before the TIFF header); 1 if none or
 * damaged. */
int vt__exif_orientation(const uint8_t *data, size_t len);
/* Turns the stored picture upright. */
int vt__orient(struct vt_image *im, int orientation, struct vt_err *e);
/* Converts to sRGB through the file's profile; r->im is RGB or RGBA after it, CMYK never. A damaged profile
 * is ignored, as browsers do. */
int vt__icc_to_srgb(struct vt__raw *r, struct vt_err *e);
/* Both sides within what an image may have. How many pixels a file may have is decode.c's to say. */
int vt__image_check_size(int64_t width, int64_t height, struct vt_err *e);

#endif
