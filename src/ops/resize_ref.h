/* What Resize and ResizeGrad share. Private to ops/. */
#ifndef VT_OPS_RESIZE_REF_H
#define VT_OPS_RESIZE_REF_H

#include "ops/util.h"

#define VT__RESIZE_ROWS                                                                                      \
  VT_A_ENUM(struct vt_resize_attrs, coordinate_transformation_mode,                                          \
            "half_pixel|half_pixel_symmetric|pytorch_half_pixel|align_corners|asymmetric|"                   \
            "tf_half_pixel_for_nn|tf_crop_and_resize",                                                       \
            VT_RESIZE_HALF_PIXEL),                                                                           \
      VT_A_ENUM(struct vt_resize_attrs, mode, "nearest|linear|cubic", VT_RESIZE_NEAREST),                    \
      VT_A_ENUM(struct vt_resize_attrs, nearest_mode, "round_prefer_floor|round_prefer_ceil|floor|ceil",     \
                VT_ROUND_PREFER_FLOOR),                                                                      \
      VT_A_FLOAT(struct vt_resize_attrs, cubic_coeff_a, -0.75f),                                             \
      VT_A_FLOAT(struct vt_resize_attrs, extrapolation_value, 0),                                            \
      VT_A_INT(struct vt_resize_attrs, exclude_outside, 0), VT_A_INT(struct vt_resize_attrs, antialias, 0)

/* Positions of the optional inputs in a node of any version; -1: it has none. */
struct vt__resize_inputs {
  int roi, scales, sizes;
};
struct vt__resize_inputs vt__resize_inputs(const struct vt_node *n);
/* Output shape from the input's and the tensors scales and sizes (either may be NULL). False: not known yet.
 */
int vt__resize_shape(const struct vt_node *n, int rank, const int64_t *in, const struct vt_tensor *scales,
                     const struct vt_tensor *sizes, int64_t *out, bool *known, struct vt_err *e);
/* y = resized x along every axis; with `transposed`, x has the output's shape and y gets the gradient. */
int vt__resize_run(const struct vt_ref_call *c, const struct vt_tensor *x, struct vt_tensor *y,
                   const float *scale, const struct vt_tensor *roi, bool transposed, struct vt_err *e);

#endif
