/* Concat: joins tensors along one axis. */
#include "ops/util.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_axis_attrs *a = n->attrs;
  const struct vt_value *x = n->in[0];
  int64_t dim[VT_MAX_RANK], sum = 0;
  int axis, rank = x->rank;
  for (int i = 1; i < n->nin && rank < 0; i++)
    if (n->in[i]) rank = n->in[i]->rank;
  if (rank < 0) {
    vt__out(n, 0, x->dtype, -1, NULL);
    return VT_OK;
  }
  int rc = vt__axis(n, a->axis, rank, &axis, e);
  if (rc) return rc;
  for (int d = 0; d < rank; d++) dim[d] = -1;
  for (int i = 0; i < n->nin; i++) {
    const struct vt_value *v = n->in[i];
    if (!v) return vt__bad(e, VT_EARG, n, "input %d is left out", i);
    if ((rc = vt__check_rank(n, i, rank, rank, e))) return rc;
    bool known = v->rank >= 0 && v->dim[axis] >= 0;
    sum = sum < 0 || !known ? -1 : sum + v->dim[axis];
    for (int d = 0; v->rank >= 0 && d < rank; d++) {
      if (d == axis || v->dim[d] < 0) continue;
      if (dim[d] >= 0 && dim[d] != v->dim[d]) {
        char s[96];
        vt_shape_print(v->rank, v->dim, s, sizeof s);
        return vt__bad(e, VT_ESHAPE, n, "input %d '%s' has shape %s, dimension %d of the others is %lld", i,
                       v->name, s, d, (long long)dim[d]);
      }
      dim[d] = v->dim[d];
    }
  }
  dim[axis] = sum;
  vt__out(n, 0, x->dtype, rank, dim);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_axis_attrs *a = c->attrs;
  struct vt_tensor *y = c->out[0];
  int64_t dim[VT_MAX_RANK];
  memcpy(dim, c->in[0]->dim, sizeof dim);
  int axis = (int)(a->axis < 0 ? a->axis + c->in[0]->rank : a->axis);
  for (int i = 1; i < c->nin; i++) dim[axis] += c->in[i]->dim[axis];
  int rc = vt__res_shape(c, 0, c->in[0]->dtype, c->in[0]->rank, dim, e);
  if (rc) return rc;
  size_t size = vt_dtype_size(y->dtype);
  int64_t outer = vt__span(dim, 0, axis), inner = vt__span(dim, axis + 1, y->rank), at = 0;
  for (int i = 0; i < c->nin; i++) {
    size_t row = (size_t)(c->in[i]->dim[axis] * inner) * size;
    for (int64_t o = 0; o < outer && row; o++)
      memcpy((char *)y->data + (size_t)((o * dim[axis] + at) * inner) * size,
             (char *)c->in[i]->data + (size_t)o * row, row);
    at += c->in[i]->dim[axis];
  }
  return VT_OK;
}

static int grad(VT_GRAD_ARGS)
{
  const struct vt_axis_attrs *a = n->attrs;
  int64_t at = 0;
  for (int i = 0; i < n->nin; i++) {
    struct vt_value *x = n->in[i];
    int64_t axis = a->axis < 0 ? a->axis + x->rank : a->axis;
    if (x->rank < 0 || x->dim[axis] < 0) return vt__bad(e, VT_ESHAPE, n, "its gradient needs static shapes");
    int64_t end = at + x->dim[axis];
    if (need[i])
      dx[i] = vt_emit(
          g, "Slice",
          VT_IN(dy[0], vt_graph_ints(g, 1, &at), vt_graph_ints(g, 1, &end), vt_graph_ints(g, 1, &axis)), "");
    at = end;
  }
  return vt_graph_status(g, e);
}

static const struct vt_attr_desc attrs[] = {VT_A_INT(struct vt_axis_attrs, axis, 1)};
static const struct vt_op_case cases[] = {
    {"channels", "axis=1", "f32[2,3,4,5] f32[2,2,4,5]"},
    {"16 and 8", "axis=1", "f32[1,16,3,3] f32[1,8,3,3]"},
    {"16 and 32", "axis=1", "f32[2,16,3,3] f32[2,32,3,3]"},
    {"three rows", "axis=0", "f32[1,4] f32[3,4] f32[2,4]"},
    {"last", "axis=-1", "f32[2,3,1] f32[2,3,4]"},
    {"integers", "axis=0", "i64[2] i64[3]"},
};

const struct vt_op_desc vt_op_concat = {
    .name = "Concat",
    .domain = "",
    .since = 4,
    .doc = "Joins tensors along one axis.",
    VT_ATTRS(attrs, struct vt_axis_attrs),
    .min_in = 1,
    .max_in = VT_VARIADIC,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    .reach = vt__reach_axis,
    .grad = grad,
    VT_CASES(cases),
};
