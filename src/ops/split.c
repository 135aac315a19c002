/* Split: cuts x along one axis into pieces of the given lengths, or into equal ones (the last may be
 * shorter). */
#include "ops/util.h"

struct attrs {
  int64_t axis, num_outputs;
};

/* Lengths of the n->nout pieces of `total` (-1: unknown). 1: known, 0: not, negative: error. */
static int pieces(const struct vt_node *n, const struct vt_tensor *split, bool given, int64_t total,
                  int64_t *len, struct vt_err *e)
{
  if (given) {
    if (vt__tensor_ints(split, len, VT_MAX_OUT) != n->nout)
      return split->data ? vt__bad(e, VT_ESHAPE, n, "split does not have one entry per output") : 0;
    int64_t sum = 0;
    for (int i = 0; i < n->nout; i++) {
      if (len[i] < 0 || len[i] > VT_MAX_ELEMENTS)
        return vt__bad(e, VT_EARG, n, "a piece of %lld", (long long)len[i]);
      sum += len[i];
    }
    return total >= 0 && sum != total
               ? vt__bad(e, VT_ESHAPE, n, "pieces add up to %lld, not %lld", (long long)sum, (long long)total)
               : 1;
  }
  if (total < 0) return 0;
  int64_t each = (total + n->nout - 1) / n->nout;
  for (int i = 0; i < n->nout; i++) {
    len[i] = VT_MIN(each, total);
    total -= len[i];
  }
  return 1;
}

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct attrs *a = n->attrs;
  const struct vt_value *x = n->in[0], *s = vt__in(n, 1);
  int64_t len[VT_MAX_OUT] = {0}, dim[VT_MAX_RANK] = {0};
  int axis = 0, rc = 0;
  if (n->nout > VT_MAX_OUT) return vt__bad(e, VT_ELIMIT, n, "over %d outputs", VT_MAX_OUT);
  if (x->rank >= 0) {
    if ((rc = vt__axis(n, a->axis, x->rank, &axis, e))) return rc;
    rc = s && !s->is_constant ? 0 : pieces(n, s ? &s->init : NULL, s != NULL, x->dim[axis], len, e);
    if (rc < 0) return rc;
    memcpy(dim, x->dim, sizeof dim);
  }
  for (int i = 0; i < n->nout; i++) {
    dim[axis] = rc ? len[i] : -1;
    vt__out(n, i, x->dtype, x->rank, dim);
  }
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0], *s = vt__arg(c, 1);
  int64_t len[VT_MAX_OUT] = {0}, dim[VT_MAX_RANK], at = 0;
  int axis = (int)(a->axis < 0 ? a->axis + x->rank : a->axis);
  int rc = pieces(c->node, s, s != NULL, x->dim[axis], len, e);
  if (rc <= 0) return rc ? rc : vt__bad(e, VT_EARG, c->node, "split must be a vector of integers");
  int64_t outer = vt__span(x->dim, 0, axis), inner = vt__span(x->dim, axis + 1, x->rank);
  size_t size = vt_dtype_size(x->dtype);
  memcpy(dim, x->dim, sizeof dim);
  for (int i = 0; i < c->nout; at += len[i++]) {
    if (!c->out[i]) continue;
    dim[axis] = len[i];
    if ((rc = vt__res_shape(c, i, x->dtype, x->rank, dim, e))) return rc;
    size_t row = (size_t)(len[i] * inner) * size;
    for (int64_t o = 0; o < outer && row; o++)
      memcpy((char *)c->out[i]->data + (size_t)o * row,
             (const char *)x->data + (size_t)((o * x->dim[axis] + at) * inner) * size, row);
  }
  return VT_OK;
}

/* dx = the pieces' gradients joined; zeros for pieces that lead nowhere. */
static int grad(VT_GRAD_ARGS)
{
  const struct attrs *a = n->attrs;
  struct vt_value *part[VT_MAX_OUT], *out;
  for (int i = 0; i < n->nout; i++) {
    part[i] = dy[i];
    if (!part[i] && n->out[i]) part[i] = vt_emit(g, "Mul", VT_IN(n->out[i], vt_graph_scalar(g, 0)), "");
    if (!part[i]) return vt__bad(e, VT_EUNSUPPORTED, n, "its gradient needs every output");
  }
  dx[0] = vt_emit_n(g, "Concat", n->nout, part, 1, &out, "axis=%d", (int)a->axis);
  return vt_graph_status(g, e);
}

static int reach(const struct vt_node *n, int in, int axis, struct vt_reach *r, struct vt_err *e)
{
  const struct attrs *a = n->attrs;
  return vt__reach_beside(n, a->axis, axis, r);
}

static const struct vt_attr_desc rows[] = {VT_A_INT(struct attrs, axis, 0),
                                           VT_A_INT(struct attrs, num_outputs, 0)};
static const struct vt_op_case cases[] = {{"halves", "axis=1", "f32[2,16,3,3]", 2},
                                          {"lengths", "axis=-1", "f32[2,6] i64[3]={1,3,2}", 3},
                                          {"rows", "", "i64[5,2] i64[2]={2,3}", 2}};

const struct vt_op_desc vt_op_split = {
    .name = "Split",
    .domain = "",
    .since = 2,
    .doc = "Cuts x along one axis into pieces.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 1,
    .max_in = 2,
    .min_out = 1,
    .max_out = VT_VARIADIC,
    .traits = VT_SHAPE_DATA,
    .infer = infer,
    .ref = ref,
    .reach = reach,
    .grad = grad,
    VT_CASES(cases),
};
