/* What DropBlock and StochasticDepth share. */
#include "ops/drop_ref.h"

int vt__drop_ratio(const struct vt_ref_call *c, float *ratio, struct vt_err *e)
{
  const struct vt_tensor *r = vt__arg(c, 1), *t = vt__arg(c, 2);
  *ratio = r ? (float)vt_tensor_get(r, 0) : 0.1f;
  if (!(*ratio >= 0 && *ratio < 1))
    return vt__bad(e, VT_EARG, c->node, "ratio %g, 0 to below 1 expected", (double)*ratio);
  if (!t || vt_tensor_get(t, 0) == 0) *ratio = 0;
  return VT_OK;
}

int vt__drop_grad(VT_GRAD_ARGS)
{
  const struct vt_value *t = vt__in(n, 2);
  if (!need[0] || !dy[0]) return VT_OK;
  if (!t || (t->is_constant && vt_tensor_get(&t->init, 0) == 0)) {
    dx[0] = dy[0];
    return VT_OK;
  }
  if (n->nout < 2 || !n->out[1])
    return vt__bad(e, VT_EARG, n, "its gradient needs the factor, its second output");
  dx[0] = vt_emit(g, "Mul", VT_IN(dy[0], n->out[1]), "");
  return vt_graph_status(g, e);
}
