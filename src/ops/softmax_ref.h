/* Softmax along one axis. Private to ops/. */
#ifndef VT_OPS_SOFTMAX_REF_H
#define VT_OPS_SOFTMAX_REF_H

#include "ops/util.h"

/* p = exp(x − max) / Σ, or its logarithm, along n values `step` apart, for `rows` neighbouring places at once
 * (step apart for none of them: rows <= step, or rows = 1). p may be x. */
void vt__softmax_rows(const float *x, float *p, int64_t n, int64_t step, int64_t rows, bool log_);
int vt__softmax_infer(struct vt_node *n, struct vt_err *e);
int vt__softmax_ref(const struct vt_ref_call *c, bool log_, struct vt_err *e);
/* Sum of v along the axis that the softmax runs along, kept as one. */
struct vt_value *vt__softmax_sum(struct vt_graph *g, const struct vt_node *n, struct vt_value *v);

#define VT_SOFTMAX_OP(sym, onnx, doc_)                                                                       \
  static const struct vt_attr_desc attrs[] = {VT_A_INT(struct vt_axis_attrs, axis, -1)};                     \
  const struct vt_op_desc vt_op_##sym = {.name = onnx,                                                       \
                                         .domain = "",                                                       \
                                         .since = 13,                                                        \
                                         .doc = doc_,                                                        \
                                         VT_ATTRS(attrs, struct vt_axis_attrs),                              \
                                         .min_in = 1,                                                        \
                                         .max_in = 1,                                                        \
                                         .min_out = 1,                                                       \
                                         .max_out = 1,                                                       \
                                         .traits = VT_INPLACE0,                                              \
                                         .infer = vt__softmax_infer,                                         \
                                         .ref = ref,                                                         \
                                         .reach = vt__reach_axis,                                            \
                                         .grad = grad,                                                       \
                                         VT_CASES(cases)}

#endif
