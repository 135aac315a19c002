/* Gather: slices of x along one axis, picked by indices (negative ones count from the end). */
#include "ops/util.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_axis_attrs *a = n->attrs;
  const struct vt_value *x = n->in[0], *i = n->in[1];
  int64_t dim[VT_MAX_RANK];
  int axis, rank = 0;
  if (x->rank < 0 || i->rank < 0) {
    vt__out(n, 0, x->dtype, -1, NULL);
    return VT_OK;
  }
  int rc = vt__axis(n, a->axis, x->rank, &axis, e);
  if (rc) return rc;
  if (x->rank + i->rank - 1 > VT_MAX_RANK) return vt__bad(e, VT_ELIMIT, n, "rank over %d", VT_MAX_RANK);
  for (int d = 0; d < axis; d++) dim[rank++] = x->dim[d];
  for (int d = 0; d < i->rank; d++) dim[rank++] = i->dim[d];
  for (int d = axis + 1; d < x->rank; d++) dim[rank++] = x->dim[d];
  vt__out(n, 0, x->dtype, rank, dim);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_axis_attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0], *index = c->in[1];
  int axis = (int)(a->axis < 0 ? a->axis + x->rank : a->axis);
  int64_t outer = vt__span(x->dim, 0, axis), n = x->dim[axis], m = vt_tensor_count(index);
  size_t row = (size_t)vt__span(x->dim, axis + 1, x->rank) * vt_dtype_size(x->dtype);
  for (int64_t o = 0; o < outer; o++)
    for (int64_t i = 0; i < m; i++) {
      int64_t k = vt_tensor_whole(index, i);
      if (k < -n || k >= n)
        return vt__bad(e, VT_EARG, c->node, "index %lld outside %lld entries", (long long)k, (long long)n);
      if (k < 0) k += n;
      vt__copy1(c->out[0]->data, o * m + i, x->data, o * n + k, row);
    }
  return VT_OK;
}

static int grad(VT_GRAD_ARGS)
{
  const struct vt_axis_attrs *a = n->attrs;
  struct vt_value *x = n->in[0];
  char text[VT_INTS_TEXT];
  if (!need[0]) return VT_OK;
  if (!vt__is_static(x)) return vt__bad(e, VT_ESHAPE, n, "its gradient needs static shapes");
  dx[0] = vt_emit(g, VT_DOMAIN ":GatherGrad", VT_IN(dy[0], n->in[1]), "axis=%d shape=[%s]", (int)a->axis,
                  vt__ints_text(text, sizeof text, x->rank, x->dim));
  return vt_graph_status(g, e);
}

static int reach(const struct vt_node *n, int in, int axis, struct vt_reach *r, struct vt_err *e)
{
  const struct vt_axis_attrs *a = n->attrs;
  int at = (int)(a->axis < 0 ? a->axis + n->in[0]->rank : a->axis);
  if (!in && axis != at) return vt__reach_shift(r, axis < at ? axis : axis + n->in[1]->rank - 1, 0);
  *r = (struct vt_reach){.whole = true};
  return VT_OK;
}

static const struct vt_attr_desc attrs[] = {VT_A_INT(struct vt_axis_attrs, axis, 0)};
static const struct vt_op_case cases[] = {{"rows", "", "f32[5,4] i64[3]={4,-5,1}"},
                                          {"columns", "axis=1", "f32[2,5,3] i64[2,2]={0,4,2,2}"},
                                          {"scalar index", "axis=-1", "f32[2,3] i64[]={1}"},
                                          {"shape entry", "", "i64[4] i32[]={2}"}};

const struct vt_op_desc vt_op_gather = {
    .name = "Gather",
    .domain = "",
    .since = 1,
    .doc = "Slices of x along one axis, picked by indices.",
    VT_ATTRS(attrs, struct vt_axis_attrs),
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    .reach = reach,
    .grad = grad,
    VT_CASES(cases),
};
