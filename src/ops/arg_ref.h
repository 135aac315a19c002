/* ArgMax and ArgMin. Private to ops/. */
#ifndef VT_OPS_ARG_REF_H
#define VT_OPS_ARG_REF_H

#include "ops/util.h"

struct vt__arg_attrs {
  int64_t axis, keepdims, select_last_index;
};
int vt__arg_infer(struct vt_node *n, struct vt_err *e);
int vt__arg_ref(const struct vt_ref_call *c, bool largest, struct vt_err *e);
extern const struct vt_attr_desc vt__arg_rows[3];
#define VT_ARG_OP(sym, onnx, doc_)                                                                           \
  static const struct vt_op_case cases[] = {                                                                 \
      {"channels", "axis=1 keepdims=0", "f32[2,5,3,4]"},                                                     \
      {"last", "axis=-1", "f32[3,7]"},                                                                       \
      {"ties", "axis=0 select_last_index=1", "f32[4]={1,2,2,1}"},                                            \
      {"integers", "", "i64[3,4]"},                                                                          \
  };                                                                                                         \
  const struct vt_op_desc vt_op_##sym = {.name = onnx,                                                       \
                                         .domain = "",                                                       \
                                         .since = 1,                                                         \
                                         .doc = doc_,                                                        \
                                         .attr = vt__arg_rows,                                               \
                                         .nattr = 3,                                                         \
                                         .attrs_size = sizeof(struct vt__arg_attrs),                         \
                                         .min_in = 1,                                                        \
                                         .max_in = 1,                                                        \
                                         .min_out = 1,                                                       \
                                         .max_out = 1,                                                       \
                                         .infer = vt__arg_infer,                                             \
                                         .ref = ref,                                                         \
                                         VT_CASES(cases)}

#endif
