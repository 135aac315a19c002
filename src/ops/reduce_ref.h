/* What the reductions share. Private to ops/. */
#ifndef VT_OPS_REDUCE_REF_H
#define VT_OPS_REDUCE_REF_H

#include "ops/util.h"

struct vt__reduce_attrs {
  struct vt_ints axes;
  int64_t keepdims, noop_with_empty_axes;
};
enum vt__reduction {
  VT__SUM,
  VT__MEAN,
  VT__MAX,
  VT__MIN,
  VT__PROD,
  VT__L1,
  VT__L2,
  VT__SUM_SQUARE,
  VT__LOG_SUM,
  VT__LOG_SUM_EXP
};
int vt__reduce_infer(struct vt_node *n, struct vt_err *e);
int vt__reduce_ref(const struct vt_ref_call *c, enum vt__reduction r, struct vt_err *e);
/* v (the shape of the output) with the reduced axes back as ones, so that it broadcasts against the input. */
struct vt_value *vt__unreduce(struct vt_graph *g, const struct vt_node *n, struct vt_value *v);
/* Elements folded into each output; -1 unknown. */
int64_t vt__reduce_count(const struct vt_node *n);

vt_reach_fn vt__reach_reduce;
extern const struct vt_attr_desc vt__reduce_rows[3];
#define VT_REDUCE_OP(sym, onnx, grad_, doc_)                                                                 \
  const struct vt_op_desc vt_op_##sym = {.name = onnx,                                                       \
                                         .domain = "",                                                       \
                                         .since = 1,                                                         \
                                         .doc = doc_,                                                        \
                                         .attr = vt__reduce_rows,                                            \
                                         .nattr = 3,                                                         \
                                         .attrs_size = sizeof(struct vt__reduce_attrs),                      \
                                         .min_in = 1,                                                        \
                                         .max_in = 2,                                                        \
                                         .min_out = 1,                                                       \
                                         .max_out = 1,                                                       \
                                         .traits = VT_SHAPE_DATA,                                            \
                                         .infer = vt__reduce_infer,                                          \
                                         .ref = ref,                                                         \
                                         .reach = vt__reach_reduce,                                          \
                                         .grad = grad_,                                                      \
                                         VT_CASES(cases)}

#endif
