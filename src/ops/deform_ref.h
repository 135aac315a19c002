/* What DeformConv and its gradient share. Private to ops/. */
#ifndef VT_OPS_DEFORM_REF_H
#define VT_OPS_DEFORM_REF_H

#include "ops/quant_ref.h"

struct vt__deform_attrs {
  struct vt_conv_attrs conv; /* first: the convolution's helpers read it */
  int64_t offset_group;
};
#define VT__DEFORM_ROWS                                                                                      \
  VT_A_INTS(struct vt_conv_attrs, dilations), VT_A_INT(struct vt_conv_attrs, group, 1),                      \
      VT_A_INTS(struct vt_conv_attrs, kernel_shape), VT_A_INTS(struct vt_conv_attrs, pads),                  \
      VT_A_INTS(struct vt_conv_attrs, strides), VT_A_INT(struct vt__deform_attrs, offset_group, 1)

struct vt__deform {
  struct vt__conv conv;
  int64_t h, w, kh, kw, oh, ow, groups; /* groups: of offsets */
};
/* Sizes, and whether offset (N, 2 groups kh kw, oh, ow) and mask (N, groups kh kw, oh, ow; NULL: none) fit.
 */
int vt__deform_init(struct vt__deform *s, const struct vt_node *n, const struct vt_tensor *x,
                    const struct vt_tensor *w, const struct vt_tensor *offset, const struct vt_tensor *mask,
                    struct vt_err *e);

/* Where one kernel element of one output place reads: four pixels of a plane (at < 0: outside), their
 * weights, and the weights' slopes by the vertical and the horizontal position; mask and its index. */
struct vt__deform_tap {
  int64_t at[4], offset,
      mask_at; /* offset: index of the vertical one, the horizontal one lies `plane` behind */
  float weight[4], by_y[4], by_x[4], mask;
};
void vt__deform_tap(struct vt__deform_tap *t, const struct vt__deform *s, const float *offset,
                    const float *mask, int64_t n, int64_t group, int64_t k, int64_t place);

#endif
