/* What If and Loop share. Private to ops/.
 *
 * Their sub-graphs read nothing from outside: what they need besides their own inputs comes in as the node's
 * last `captures` inputs, which are the sub-graphs' last inputs too. */
#ifndef VT_OPS_CONTROL_REF_H
#define VT_OPS_CONTROL_REF_H

#include "ops/util.h"

#define VT_A_GRAPH(S, n)                                                                                     \
  {                                                                                                          \
    .name = #n, .type = VT_ATTR_GRAPH, .offset = offsetof(S, n), .required = true                            \
  }
/* Tensor t becomes output i (its bytes change hands where they can); t is empty afterwards. */
int vt__put(const struct vt_ref_call *c, int i, struct vt_tensor *t, struct vt_err *e);
/* t as a sub-graph's input takes it: a view, or, where f16 and bf16 came in widened to f32, narrow again. */
int vt__enter(struct vt_tensor *out, const struct vt_value *input, const struct vt_tensor *t,
              struct vt_err *e);

#endif
