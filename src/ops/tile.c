/* Tile: x repeated along each dimension. */
#include "ops/util.h"

static int shape(const struct vt_node *n, int rank, const int64_t *dim, int nrep, const int64_t *rep,
                 int64_t *out, struct vt_err *e)
{
  if (nrep != rank) return vt__bad(e, VT_ESHAPE, n, "%d repeats for rank %d", nrep, rank);
  for (int d = 0; d < rank; d++) {
    if (rep[d] < 0 || rep[d] > INT32_MAX) return vt__bad(e, VT_EARG, n, "%lld repeats", (long long)rep[d]);
    if (__builtin_mul_overflow(dim[d], rep[d], &out[d]))
      return vt__bad(e, VT_ELIMIT, n, "%lld times %lld entries", (long long)rep[d], (long long)dim[d]);
    if (dim[d] < 0) out[d] = -1;
  }
  return VT_OK;
}

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *x = n->in[0];
  int64_t rep[VT_MAX_RANK], dim[VT_MAX_RANK];
  int nrep = vt__const_ints(n->in[1], rep, VT_MAX_RANK), rc = VT_OK;
  for (int d = 0; d < x->rank; d++) dim[d] = -1;
  if (nrep >= 0 && x->rank >= 0) rc = shape(n, x->rank, x->dim, nrep, rep, dim, e);
  vt__out(n, 0, x->dtype, x->rank, dim);
  return rc;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[0];
  int64_t rep[VT_MAX_RANK], dim[VT_MAX_RANK], stride[VT_MAX_RANK], pos[VT_MAX_RANK] = {0};
  int nrep = vt__tensor_ints(c->in[1], rep, VT_MAX_RANK);
  int rc = shape(c->node, x->rank, x->dim, nrep, rep, dim, e);
  if (!rc) rc = vt__res_shape(c, 0, x->dtype, x->rank, dim, e);
  if (rc) return rc;
  vt__strides(x->rank, x->dim, stride);
  int64_t count = vt_tensor_count(c->out[0]);
  for (int64_t i = 0; i < count; i++) {
    int64_t at = 0;
    for (int d = 0; d < x->rank; d++) at += pos[d] % x->dim[d] * stride[d];
    vt__copy1(c->out[0]->data, i, x->data, at, vt_dtype_size(x->dtype));
    for (int d = x->rank - 1; d >= 0 && ++pos[d] >= dim[d]; d--) pos[d] = 0;
  }
  return VT_OK;
}

/* dy as (r0, d0, r1, d1, …), summed over the r. */
static int grad(VT_GRAD_ARGS)
{
  struct vt_value *x = n->in[0];
  int64_t rep[VT_MAX_RANK], dim[VT_MAX_RANK], axes[VT_MAX_RANK];
  int nrep = vt__const_ints(n->in[1], rep, VT_MAX_RANK), rank = 0, naxes = 0;
  if (!need[0]) return VT_OK;
  if (!vt__is_static(x) || nrep != x->rank || 2 * nrep > VT_MAX_RANK)
    return vt__bad(e, VT_EUNSUPPORTED, n, "its gradient needs static shapes of rank up to %d",
                   VT_MAX_RANK / 2);
  for (int d = 0; d < x->rank; d++) {
    axes[naxes++] = rank;
    dim[rank++] = rep[d];
    dim[rank++] = x->dim[d];
  }
  struct vt_value *v = vt_emit(g, "Reshape", VT_IN(dy[0], vt_graph_ints(g, rank, dim)), "");
  dx[0] = naxes ? vt__reduce(g, "ReduceSum", v, naxes, axes, false) : v;
  return vt_graph_status(g, e);
}

static const struct vt_op_case cases[] = {{"2-d", "", "f32[2,3] i64[2]={2,3}"},
                                          {"4-d", "", "f32[1,2,3,2] i64[4]={2,1,1,2}"},
                                          {"integers", "", "i64[3] i64[1]={2}"}};

const struct vt_op_desc vt_op_tile = {
    .name = "Tile",
    .domain = "",
    .since = 6,
    .doc = "x repeated along each dimension.",
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .traits = VT_SHAPE_DATA,
    .infer = infer,
    .ref = ref,
    .grad = grad,
    VT_CASES(cases),
};
