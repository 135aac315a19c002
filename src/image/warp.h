/* Inside the image module: one line of a warp, and its loops for wide processors. */
#ifndef VT_IMAGE_WARP_H
#define VT_IMAGE_WARP_H

#include "image/image.h"

enum { VT__WARP_CHUNK = 64 };
/* Where the pixels 0, 1, … of a line lie in the source: ((x + i dx) / w, (y + i dy) / w) with w = w + i dw;
 * affine: w = 1, dw = 0. */
struct vt__warp_line {
  double x, y, w, dx, dy, dw;
};
/* Pixels i0 .. i0 + VT__WARP_CHUNK: (position + shift) * scale, cut to whole numbers; -1 where that is below
 * 0, where w is not above 0 and where it is no number. The same bits on every processor. */
void vt__warp_positions(const struct vt__warp_line *l, int i0, double shift, double scale, int32_t *x,
                        int32_t *y);
/* One pixel between four of im's; ix, iy: position of its middle + .5, in 1/256 pixels. */
void vt__warp_pixel(uint8_t *to, const struct vt_image *im, int32_t ix, int32_t iy, const uint8_t *fill);

/* The same for processors with AVX2. False: not done, the plain loops must. */
bool vt__warp_positions_fast(const struct vt__warp_line *l, int i0, double shift, double scale, int32_t *x,
                             int32_t *y);
bool vt__warp_pixels_fast(uint8_t *to, const struct vt_image *im, int n, const int32_t *ix, const int32_t *iy,
                          const uint8_t *fill);

#endif
