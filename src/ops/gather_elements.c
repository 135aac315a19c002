/* GatherElements: y[i][j] = x[index[i][j]][j] for axis 0, and so on. */
#include "ops/util.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_axis_attrs *a = n->attrs;
  const struct vt_value *x = n->in[0], *i = n->in[1];
  int axis, rc = x->rank < 0 ? VT_OK : vt__axis(n, a->axis, x->rank, &axis, e);
  if (!rc && x->rank >= 0) rc = vt__check_rank(n, 1, x->rank, x->rank, e);
  vt__out(n, 0, x->dtype, i->rank, i->dim);
  return rc;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_axis_attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0], *index = c->in[1];
  int axis = (int)(a->axis < 0 ? a->axis + x->rank : a->axis);
  int64_t stride[VT_MAX_RANK], pos[VT_MAX_RANK] = {0}, count = vt_tensor_count(index), n = x->dim[axis];
  size_t size = vt_dtype_size(x->dtype);
  vt__strides(x->rank, x->dim, stride);
  for (int d = 0; d < x->rank; d++)
    if (d != axis && index->dim[d] > x->dim[d])
      return vt__bad(e, VT_ESHAPE, c->node, "indices are larger than the data along dimension %d", d);
  for (int64_t i = 0; i < count; i++) {
    int64_t k = vt_tensor_whole(index, i), at = 0;
    if (k < -n || k >= n)
      return vt__bad(e, VT_EARG, c->node, "index %lld outside %lld entries", (long long)k, (long long)n);
    for (int d = 0; d < x->rank; d++) at += stride[d] * (d == axis ? (k < 0 ? k + n : k) : pos[d]);
    vt__copy1(c->out[0]->data, i, x->data, at, size);
    for (int d = x->rank - 1; d >= 0 && ++pos[d] >= index->dim[d]; d--) pos[d] = 0;
  }
  return VT_OK;
}

/* dx = zeros with dy added at the indices. */
static int grad(VT_GRAD_ARGS)
{
  const struct vt_axis_attrs *a = n->attrs;
  if (!need[0]) return VT_OK;
  struct vt_value *zero = vt_emit(g, "Mul", VT_IN(n->in[0], vt_graph_scalar(g, 0)), "");
  dx[0] = vt_emit(g, "ScatterElements", VT_IN(zero, n->in[1], dy[0]), "axis=%d reduction=add", (int)a->axis);
  return vt_graph_status(g, e);
}

static const struct vt_attr_desc attrs[] = {VT_A_INT(struct vt_axis_attrs, axis, 0)};
static const struct vt_op_case cases[] = {{"rows", "", "f32[3,3] i64[2,3]={1,2,0,2,-3,0}"},
                                          {"columns", "axis=1", "f32[2,4] i64[2,3]={1,1,0,3,2,-1}"}};

const struct vt_op_desc vt_op_gather_elements = {
    .name = "GatherElements",
    .domain = "",
    .since = 11,
    .doc = "Single elements of x along one axis, picked by indices.",
    VT_ATTRS(attrs, struct vt_axis_attrs),
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    .grad = grad,
    VT_CASES(cases),
};
