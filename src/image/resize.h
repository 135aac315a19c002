/* Inside the image module: the resize's weights, and its passes for wide processors. */
#ifndef VT_IMAGE_RESIZE_H
#define VT_IMAGE_RESIZE_H

#include "image/image.h"

struct vt__taps { /* output i = sum of count[i] inputs from first[i] on, times weight[i * size + k] / 2^22 */
  int n, size;
  int *first, *count;
  int32_t *weight;
};
void vt__taps_clear(struct vt__taps *t);

/* One pass each; false: not done (processor, channels or memory), the plain loops must. y0: source row that
 * row 0 of the output (across) or of the input (down) stands for. */
bool vt__resize_across(struct vt_image *out, const struct vt_image *in, int y0, const struct vt__taps *t);
bool vt__resize_down(struct vt_image *out, const struct vt_image *in, int y0, const struct vt__taps *t);

#endif
