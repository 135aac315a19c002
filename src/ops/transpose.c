/* Transpose: permutes dimensions; without perm it reverses them. */
#include "ops/util.h"

struct attrs {
  struct vt_ints perm;
};

static int order(const struct vt_node *n, int rank, int *perm, struct vt_err *e)
{
  const struct attrs *a = n->attrs;
  unsigned seen = 0;
  if (a->perm.n && a->perm.n != rank)
    return vt__bad(e, VT_ESHAPE, n, "perm has %d entries, rank is %d", a->perm.n, rank);
  for (int i = 0; i < rank; i++) {
    int rc = a->perm.n ? vt__axis(n, a->perm.v[i], rank, &perm[i], e) : VT_OK;
    if (rc) return rc;
    if (!a->perm.n) perm[i] = rank - 1 - i;
    if (seen >> perm[i] & 1) return vt__bad(e, VT_EARG, n, "perm holds %d twice", perm[i]);
    seen |= 1u << perm[i];
  }
  return VT_OK;
}

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *x = n->in[0];
  int perm[VT_MAX_RANK];
  int64_t dim[VT_MAX_RANK];
  int rc = x->rank < 0 ? VT_OK : order(n, x->rank, perm, e);
  if (rc) return rc;
  for (int i = 0; i < x->rank; i++) dim[i] = x->dim[perm[i]];
  vt__out(n, 0, x->dtype, x->rank, dim);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[0];
  struct vt_tensor *y = c->out[0];
  int perm[VT_MAX_RANK];
  int64_t own[VT_MAX_RANK], from[VT_MAX_RANK], to[VT_MAX_RANK], dim[VT_MAX_RANK];
  int rc = order(c->node, x->rank, perm, e);
  if (rc) return rc;
  vt__strides(x->rank, x->dim, own);
  for (int i = 0; i < x->rank; i++) {
    from[i] = own[perm[i]];
    dim[i] = x->dim[perm[i]];
  }
  if ((rc = vt__res_shape(c, 0, x->dtype, x->rank, dim, e))) return rc;
  vt__strides(x->rank, dim, to);
  vt__copy_strided(x->rank, dim, vt_dtype_size(x->dtype), y->data, to, x->data, from);
  return VT_OK;
}

static int grad(VT_GRAD_ARGS)
{
  int perm[VT_MAX_RANK];
  int64_t back[VT_MAX_RANK];
  char text[VT_INTS_TEXT];
  if (n->in[0]->rank < 0) return vt__bad(e, VT_ESHAPE, n, "its gradient needs a known rank");
  int rc = order(n, n->in[0]->rank, perm, e);
  if (rc) return rc;
  for (int i = 0; i < n->in[0]->rank; i++) back[perm[i]] = i;
  dx[0] = vt_emit(g, "Transpose", VT_IN(dy[0]), "perm=[%s]",
                  vt__ints_text(text, sizeof text, n->in[0]->rank, back));
  return vt_graph_status(g, e);
}

static int reach(const struct vt_node *n, int in, int axis, struct vt_reach *r, struct vt_err *e)
{
  int perm[VT_MAX_RANK], to = 0, rc = order(n, n->in[0]->rank, perm, e);
  while (!rc && perm[to] != axis) to++;
  return rc ? rc : vt__reach_shift(r, to, 0);
}

static const struct vt_attr_desc rows[] = {VT_A_INTS(struct attrs, perm)};
static const struct vt_op_case cases[] = {{"reverse", "", "f32[2,3,4]"},
                                          {"to channels last", "perm=[0,2,3,1]", "f32[2,3,4,5]"},
                                          {"cycle", "perm=[2,0,1]", "f32[2,3,4]"},
                                          {"bytes", "perm=[1,0]", "u8[3,4]"}};

const struct vt_op_desc vt_op_transpose = {
    .name = "Transpose",
    .domain = "",
    .since = 1,
    .doc = "Permutes dimensions: dimension i of y is dimension perm[i] of x.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    .reach = reach,
    .grad = grad,
    VT_CASES(cases),
};
