/* What the classification losses share. Private to ops/. */
#ifndef VT_OPS_LOSS_REF_H
#define VT_OPS_LOSS_REF_H

#include "ops/util.h"

enum vt__loss_reduction { VT__NONE, VT__SUM_ALL, VT__MEAN_ALL };
struct vt__loss_attrs {
  int reduction;
  bool has_ignore;
  int64_t ignore_index;
  int64_t logits; /* CrossEntropyGrad: 1 = of SoftmaxCrossEntropyLoss, 0 = of NegativeLogLikelihoodLoss */
};
#define VT__LOSS_ROWS                                                                                        \
  VT_A_ENUM(struct vt__loss_attrs, reduction, "none|sum|mean", VT__MEAN_ALL),                                \
  {                                                                                                          \
    .name = "ignore_index", .type = VT_ATTR_INT, .offset = offsetof(struct vt__loss_attrs, ignore_index),    \
    .present = offsetof(struct vt__loss_attrs, has_ignore)                                                   \
  }

/* x (N, C, D…), labels (N, D…), weight (C) or NULL. */
struct vt__loss_sizes {
  int64_t n, c, d; /* d: product of D… */
};
int vt__loss_infer(struct vt_node *n, int x, struct vt_err *e); /* checks shapes; sets output 0 */
void vt__loss_sizes(struct vt__loss_sizes *s, const struct vt_tensor *x);
/* Label at (n, d); -1 if it is to be ignored; VT_EARG if outside 0 … C − 1. */
int vt__loss_label(const struct vt_ref_call *c, const struct vt_tensor *labels, int64_t at, int64_t classes,
                   int64_t *label, struct vt_err *e);
static inline float vt__loss_weight(const struct vt_tensor *w, int64_t label)
{
  return w ? ((const float *)w->data)[label] : 1;
}
/* Σ of weights of the labels that count. */
int vt__loss_total(const struct vt_ref_call *c, const struct vt__loss_sizes *s,
                   const struct vt_tensor *labels, const struct vt_tensor *w, double *total,
                   struct vt_err *e);
/* loss from log-probabilities into output 0. */
int vt__loss_reduce(const struct vt_ref_call *c, const struct vt__loss_sizes *s, const float *logp,
                    const struct vt_tensor *labels, const struct vt_tensor *w, struct vt_err *e);
int vt__loss_grad(struct vt_graph *g, const struct vt_node *n, struct vt_value *const *dy, bool logits,
                  const bool *need, struct vt_value **dx, struct vt_err *e);

#endif
