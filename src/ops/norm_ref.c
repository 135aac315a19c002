/* The shared gradient of the normalisations: NormalizeGrad gives dx and x̂, the rest are products and sums. */
#include "ops/norm_ref.h"

struct vt_value *vt__per_channel(struct vt_graph *g, struct vt_value *v, int rank)
{
  int64_t dim[VT_MAX_RANK] = {-1, 1, 1, 1, 1, 1, 1, 1};
  return rank < 3 ? v : vt_emit(g, "Reshape", VT_IN(v, vt_graph_ints(g, rank - 1, dim)), "");
}

int vt__norm_grad(struct vt_graph *g, const struct vt_node *n, struct vt_value *dy, struct vt_value *scale,
                  int64_t inner, float epsilon, const bool *need, struct vt_value **dx, struct vt_err *e)
{
  struct vt_value *out[2] = {NULL}, *x = n->in[0];
  struct vt_value *in[] = {vt_emit(g, "Mul", VT_IN(dy, scale), ""), x};
  vt_emit_n(g, VT_DOMAIN ":NormalizeGrad", 2, in, 2, out, "inner=%lld epsilon=%.9g", (long long)inner,
            (double)epsilon);
  if (need[0]) dx[0] = out[0];
  if (need[1]) {
    struct vt_value *s = vt__sum_to(g, vt_emit(g, "Mul", VT_IN(dy, out[1]), ""), scale);
    dx[1] = s ? vt__reshape_like(g, s, n->in[1]) : NULL;
  }
  if (n->nin > 2 && n->in[2] && need[2]) {
    struct vt_value *s = vt__sum_to(g, dy, scale);
    dx[2] = s ? vt__reshape_like(g, s, n->in[2]) : NULL;
  }
  return vt_graph_status(g, e);
}
