/* The optimisers of ONNX's preview of training: inputs (R, T, X1 … Xn, G1 … Gn, states), outputs (X1' … Xn',
 * states'). Private to ops/. */
#ifndef VT_OPS_PREVIEW_REF_H
#define VT_OPS_PREVIEW_REF_H

#include "ops/util.h"

#define VT__PREVIEW_DOMAIN "ai.onnx.preview.training"

struct vt__preview_attrs {
  float alpha, beta, decay_factor, epsilon, norm_coefficient, norm_coefficient_post;
  int mode;         /* Momentum */
  bool has_epsilon; /* Adam */
};
/* Each parameter's inputs x, g and up to two states; outputs x' and states'. */
struct vt__preview_item {
  int64_t n;
  const float *x, *g, *state[2];
  float *x2, *state2[2];
};
int vt__preview_infer(struct vt_node *n, int nstates, struct vt_err *e);
int vt__preview_count(const struct vt_ref_call *c, int nstates); /* parameters */
int vt__preview_item(struct vt__preview_item *p, const struct vt_ref_call *c, int nstates, int i,
                     struct vt_err *e);
static inline double vt__preview_rate(const struct vt_ref_call *c)
{
  return vt_tensor_get(c->in[0], 0);
}
static inline double vt__preview_step(const struct vt_ref_call *c)
{
  return vt_tensor_get(c->in[1], 0);
}

#define VT_PREVIEW_OP(sym, onnx, nstates, doc_)                                                              \
  static int infer(struct vt_node *n, struct vt_err *e)                                                      \
  {                                                                                                          \
    return vt__preview_infer(n, nstates, e);                                                                 \
  }                                                                                                          \
  const struct vt_op_desc vt_op_##sym = {.name = onnx,                                                       \
                                         .domain = VT__PREVIEW_DOMAIN,                                       \
                                         .since = 1,                                                         \
                                         .doc = doc_,                                                        \
                                         VT_ATTRS(rows, struct vt__preview_attrs),                           \
                                         .min_in = 4 + (nstates),                                            \
                                         .max_in = VT_VARIADIC,                                              \
                                         .min_out = 1 + (nstates),                                           \
                                         .max_out = VT_VARIADIC,                                             \
                                         .infer = infer,                                                     \
                                         .ref = ref,                                                         \
                                         VT_CASES(cases)}

#endif
