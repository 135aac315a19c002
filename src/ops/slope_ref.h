/* Operators whose second output, if asked for, is the slope of the first by input 0: losses of one number,
 * and element-wise functions. Their gradient is a product. Private to ops/. */
#ifndef VT_OPS_SLOPE_REF_H
#define VT_OPS_SLOPE_REF_H

#include "ops/util.h"

/* Output 0: one f32 number; output 1 like input 0. */
int vt__slope_infer(struct vt_node *n, struct vt_err *e);
/* dx[0] = dy[0] · output 1, of this node or of one that asks for it; the other inputs count as constant. */
int vt__slope_grad(VT_GRAD_ARGS);
/* Labels (N) for x (N, …): shapes in infer, value in ref (VT_EARG outside 0 … classes − 1). */
int vt__slope_labels(const struct vt_node *n, struct vt_err *e);
int vt__slope_label(const struct vt_ref_call *c, int64_t at, int64_t classes, int64_t *label,
                    struct vt_err *e);

#define VT_SLOPE_OP(sym, onnx, inputs, infer_, doc_)                                                         \
  const struct vt_op_desc vt_op_##sym = {.name = onnx,                                                       \
                                         .domain = VT_DOMAIN,                                                \
                                         .since = 1,                                                         \
                                         .doc = doc_,                                                        \
                                         VT_ATTRS(rows, S),                                                  \
                                         .min_in = inputs,                                                   \
                                         .max_in = inputs,                                                   \
                                         .min_out = 1,                                                       \
                                         .max_out = 2,                                                       \
                                         .infer = infer_,                                                    \
                                         .ref = ref,                                                         \
                                         .grad = vt__slope_grad,                                             \
                                         VT_CASES(cases)}

#endif
