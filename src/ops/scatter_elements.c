/* ScatterElements: a copy of x with y[index[i][j]][j] = u[i][j] for axis 0, and so on; or added, multiplied,
 * … */
#include "ops/util.h"

enum { NONE, ADD, MUL, MAX, MIN };
struct attrs {
  int64_t axis;
  int reduction;
};

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct attrs *a = n->attrs;
  int axis, rank = n->in[0]->rank, rc = rank < 0 ? VT_OK : vt__axis(n, a->axis, rank, &axis, e);
  for (int i = 1; i < 3 && rank >= 0 && !rc; i++) rc = vt__check_rank(n, i, rank, rank, e);
  if (!rc && vt__is_static(n->in[1]) && vt__is_static(n->in[2]) && !vt__same_shape(n->in[1], n->in[2]))
    rc = vt__bad(e, VT_ESHAPE, n, "indices and updates differ in shape");
  return rc ? rc : vt__infer_same(n, e);
}

static double combine(int how, double was, double v)
{
  switch (how) {
  case ADD: return was + v;
  case MUL: return was * v;
  case MAX: return fmax(was, v);
  case MIN: return fmin(was, v);
  default: return v;
  }
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0], *index = c->in[1], *u = c->in[2];
  struct vt_tensor *y = c->out[0];
  int axis = (int)(a->axis < 0 ? a->axis + x->rank : a->axis);
  int64_t stride[VT_MAX_RANK], pos[VT_MAX_RANK] = {0}, count = vt_tensor_count(index), n = x->dim[axis];
  vt__strides(x->rank, x->dim, stride);
  if (vt_tensor_bytes(x) && y->data != x->data) memcpy(y->data, x->data, vt_tensor_bytes(x));
  for (int d = 0; d < x->rank; d++)
    if (d != axis && index->dim[d] > x->dim[d])
      return vt__bad(e, VT_ESHAPE, c->node, "indices are larger than the data along dimension %d", d);
  for (int64_t i = 0; i < count; i++) {
    int64_t k = vt_tensor_whole(index, i), at = 0;
    if (k < -n || k >= n)
      return vt__bad(e, VT_EARG, c->node, "index %lld outside %lld entries", (long long)k, (long long)n);
    for (int d = 0; d < x->rank; d++) at += stride[d] * (d == axis ? (k < 0 ? k + n : k) : pos[d]);
    if (a->reduction == NONE)
      vt__copy1(y->data, at, u->data, i, vt_dtype_size(x->dtype));
    else
      vt_tensor_set(y, at, combine(a->reduction, vt_tensor_get(y, at), vt_tensor_get(u, i)));
    for (int d = x->rank - 1; d >= 0 && ++pos[d] >= index->dim[d]; d--) pos[d] = 0;
  }
  return VT_OK;
}

/* For "add": dx = dy, du = dy at the indices. */
static int grad(VT_GRAD_ARGS)
{
  const struct attrs *a = n->attrs;
  if (a->reduction != ADD) return vt__bad(e, VT_EUNSUPPORTED, n, "only reduction=add has a gradient");
  if (need[0]) dx[0] = dy[0];
  if (need[2]) dx[2] = vt_emit(g, "GatherElements", VT_IN(dy[0], n->in[1]), "axis=%d", (int)a->axis);
  return vt_graph_status(g, e);
}

static const struct vt_attr_desc rows[] = {VT_A_INT(struct attrs, axis, 0),
                                           VT_A_ENUM(struct attrs, reduction, "none|add|mul|max|min", NONE)};
static const struct vt_op_case cases[] = {
    {"set", "", "f32[3,3] i64[2,3]={1,0,2,0,2,1} f32[2,3]", .nograd = 5},
    {"add", "axis=1 reduction=add", "f32[2,4] i64[2,3]={1,1,0,3,2,-1} f32[2,3]"},
    {"max", "reduction=max", "f32[3] i64[2]={1,1} f32[2]", .nograd = 5}};

const struct vt_op_desc vt_op_scatter_elements = {
    .name = "ScatterElements",
    .domain = "",
    .since = 11,
    .doc = "x with single elements along one axis replaced, or combined, at indices.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 3,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .traits = VT_INPLACE0,
    .infer = infer,
    .ref = ref,
    .grad = grad,
    VT_CASES(cases),
};
