/* Sum, Mean, Max, Min over any number of broadcast inputs. Private to ops/. */
#ifndef VT_OPS_VARIADIC_REF_H
#define VT_OPS_VARIADIC_REF_H

#include "ops/util.h"

enum vt__fold { VT__FOLD_SUM, VT__FOLD_MEAN, VT__FOLD_MAX, VT__FOLD_MIN };
int vt__fold_ref(const struct vt_ref_call *c, enum vt__fold f, struct vt_err *e);
/* dx[i] = dy where input i is the chosen one (Max, Min). */
int vt__fold_pick_grad(VT_GRAD_ARGS);
#define VT_FOLD_OP(sym, onnx, since_, grad_, doc_)                                                           \
  static const struct vt_op_case cases[] = {                                                                 \
      {"two", "", "f32[2,3,4] f32[2,3,4]"},                                                                  \
      {"three", "", "f32[2,16,3,3] f32[2,16,3,3] f32[2,16,3,3]"},                                            \
      {"one", "", "f32[2,3]"},                                                                               \
      {"broadcast", "", "f32[2,3,4] f32[3,1] f32[]"},                                                        \
  };                                                                                                         \
  const struct vt_op_desc vt_op_##sym = {.name = onnx,                                                       \
                                         .domain = "",                                                       \
                                         .since = since_,                                                    \
                                         .doc = doc_,                                                        \
                                         .min_in = 1,                                                        \
                                         .max_in = VT_VARIADIC,                                              \
                                         .min_out = 1,                                                       \
                                         .max_out = 1,                                                       \
                                         .traits = VT_ELEMENTWISE | VT_BROADCASTS,                           \
                                         .infer = vt__infer_broadcast,                                       \
                                         .ref = ref,                                                         \
                                         .grad = grad_,                                                      \
                                         VT_CASES(cases)}

#endif
