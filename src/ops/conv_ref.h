/* Reference loops of the convolution family, over three spatial dimensions. Private to ops/. */
#ifndef VT_OPS_CONV_REF_H
#define VT_OPS_CONV_REF_H

#include "ops/util.h"

/* Sizes of the forward convolution x (n, c, in) * w (m, c/group, k) -> y (n, m, out). */
struct vt__conv {
  struct vt_window win;
  int64_t n, c, m, group;
};
void vt__conv_forward(const struct vt__conv *v, const float *x, const float *w, const float *bias, float *y);
void vt__conv_grad_input(const struct vt__conv *v, const float *dy, const float *w, float *dx);
void vt__conv_grad_weight(const struct vt__conv *v, const float *x, const float *dy, float *dw);

/* Rows of schema that the family shares. */
#define VT__CONV_ROWS                                                                                        \
  VT_A_ENUM(struct vt_conv_attrs, auto_pad, VT_AUTO_PAD_CHOICES, VT_PAD_NOTSET),                             \
      VT_A_INTS(struct vt_conv_attrs, dilations), VT_A_INT(struct vt_conv_attrs, group, 1),                  \
      VT_A_INTS(struct vt_conv_attrs, kernel_shape), VT_A_INTS(struct vt_conv_attrs, pads),                  \
      VT_A_INTS(struct vt_conv_attrs, strides)

/* Shape inference of a convolution with x, w and the bias (-1: none) at these inputs. */
int vt__conv_infer_at(struct vt_node *n, int x, int w, int bias, bool transposed, enum vt_dtype out,
                      struct vt_err *e);
int vt__conv_infer(struct vt_node *n, struct vt_err *e); /* at 0, 1, 2: Conv and ConvFused */
/* Sizes from the shapes of the node's own x and w. A transposed convolution, w (C, M/group, k), maps what the
 * forward one gives, so the roles of c and m are swapped in it. */
int vt__conv_sizes(struct vt__conv *v, const struct vt_node *n, int rank, const int64_t *x, const int64_t *w,
                   struct vt_err *e);
int vt__conv_transpose_sizes(struct vt__conv *v, const struct vt_node *n, int rank, const int64_t *x,
                             const int64_t *w, struct vt_err *e);
/* Multiply-adds of nodes (x, w) -> y, (y, w) -> x and (x, y) -> w. */
int64_t vt__conv_macs(const struct vt_node *n);
int64_t vt__conv_back_macs(const struct vt_node *n);
int64_t vt__conv_weight_macs(const struct vt_node *n);
/* Gradients of x and w (inputs 0 and 1) given dy of the linear part. */
int vt__conv_grads(struct vt_graph *g, const struct vt_node *n, struct vt_value *dy, const bool *need,
                   struct vt_value **dx, struct vt_err *e);
/* Sum of dy (N, C, …) over all but C. */
struct vt_value *vt__bias_grad(struct vt_graph *g, struct vt_value *dy);

#endif
