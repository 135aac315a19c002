/* Normalisation over groups of neighbouring elements: LayerNormalization, InstanceNormalization,
 * GroupNormalization. Private to ops/. */
#ifndef VT_OPS_NORM_REF_H
#define VT_OPS_NORM_REF_H

#include "ops/util.h"

/* μ and 1/√(σ² + ε) of m numbers. */
static inline void vt__moments(const float *x, int64_t m, float epsilon, double *mean, double *inverse)
{
  double mu = 0, var = 0;
  for (int64_t i = 0; i < m; i++) mu += (double)x[i];
  mu /= (double)m;
  for (int64_t i = 0; i < m; i++) var += ((double)x[i] - mu) * ((double)x[i] - mu);
  *mean = mu;
  *inverse = 1 / sqrt(var / (double)m + (double)epsilon);
}
/* Gradients for x, scale and bias (inputs 0, 1, 2), `inner` elements to a group, scale in a shape that
 * broadcasts. */
int vt__norm_grad(struct vt_graph *g, const struct vt_node *n, struct vt_value *dy, struct vt_value *scale,
                  int64_t inner, float epsilon, const bool *need, struct vt_value **dx, struct vt_err *e);
/* v (C) as (C, 1, …) against an input of the node's rank. */
struct vt_value *vt__per_channel(struct vt_graph *g, struct vt_value *v, int rank);

#endif
