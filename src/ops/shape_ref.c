/* Views and axes lists. */
#include "ops/shape_ref.h"

int vt__view(const struct vt_ref_call *c, int rank, const int64_t *dim, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[0];
  int rc = vt__res_shape(c, 0, x->dtype, rank, dim, e);
  if (rc) return rc;
  if (vt_tensor_count(x) != vt_tensor_count(c->out[0]))
    return vt__bad(e, VT_ESHAPE, c->node, "%lld elements into %lld", (long long)vt_tensor_count(x),
                   (long long)vt_tensor_count(c->out[0]));
  size_t bytes = vt_tensor_bytes(x);
  if (bytes && c->out[0]->data != x->data) memcpy(c->out[0]->data, x->data, bytes);
  return VT_OK;
}

int vt__view_grad(VT_GRAD_ARGS)
{
  dx[0] = vt__reshape_like(g, dy[0], n->in[0]);
  return vt_graph_status(g, e);
}

int vt__axes_flags(const struct vt_node *n, const struct vt_tensor *in, int rank, bool *flag, int *count,
                   struct vt_err *e)
{
  int64_t axes[VT_MAX_RANK];
  int naxes = in ? vt__tensor_ints(in, axes, VT_MAX_RANK) : 0;
  if (naxes < 0) return 0;
  memset(flag, 0, VT_MAX_RANK * sizeof *flag);
  *count = naxes;
  for (int i = 0; i < naxes; i++) {
    int d, rc = vt__axis(n, axes[i], rank, &d, e);
    if (rc) return rc;
    if (flag[d]) return vt__bad(e, VT_EARG, n, "axis %d is given twice", d);
    flag[d] = true;
  }
  return 1;
}
