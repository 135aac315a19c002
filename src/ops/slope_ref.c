/* Operators that give their own slope. */
#include "ops/slope_ref.h"

int vt__slope_infer(struct vt_node *n, struct vt_err *e)
{
  vt__out(n, 0, VT_F32, 0, NULL);
  vt__out_like(n, 1, n->in[0]);
  return VT_OK;
}

int vt__slope_grad(VT_GRAD_ARGS)
{
  struct vt_value *out[2] = {NULL, n->nout > 1 ? n->out[1] : NULL};
  if (n->nout > 1 && dy[1]) return vt__bad(e, VT_EUNSUPPORTED, n, "no gradient flows through its slope");
  if (!need[0] || !dy[0]) return VT_OK;
  if (!out[1]) vt_emit_attrs(g, n->op, n->nin, n->in, 2, out, n->attrs);
  dx[0] = vt_emit(g, "Mul", VT_IN(dy[0], out[1]), "");
  return vt_graph_status(g, e);
}

int vt__slope_labels(const struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *x = n->in[0], *y = n->in[1];
  int rc = vt__check_rank(n, 0, 2, 2, e);
  if (!rc) rc = vt__check_rank(n, 1, 1, 1, e);
  if (!rc && x->rank == 2 && y->rank == 1 && x->dim[0] >= 0 && y->dim[0] >= 0 && x->dim[0] != y->dim[0])
    return vt__bad(e, VT_ESHAPE, n, "%lld labels for %lld rows", (long long)y->dim[0], (long long)x->dim[0]);
  return rc;
}

int vt__slope_label(const struct vt_ref_call *c, int64_t at, int64_t classes, int64_t *label,
                    struct vt_err *e)
{
  *label = vt_tensor_whole(c->in[1], at);
  if (*label < 0 || *label >= classes)
    return vt__bad(e, VT_EARG, c->node, "label %lld at %lld, 0 to %lld expected", (long long)*label,
                   (long long)at, (long long)classes - 1);
  return VT_OK;
}
