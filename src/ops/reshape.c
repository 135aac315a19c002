/* Reshape: the same elements under another shape; 0 keeps a dimension (unless allowzero), −1 takes what
 * remains. */
#include "ops/shape_ref.h"

struct attrs {
  int64_t allowzero;
};

static int resolve(const struct vt_node *n, int rank, const int64_t *dim, int nd, int64_t *want,
                   struct vt_err *e)
{
  const struct attrs *a = n->attrs;
  int64_t total = rank < 0 ? -1 : vt_dims_count(rank, dim), known = 1;
  int hole = -1;
  for (int i = 0; i < nd; i++) {
    if (want[i] == 0 && !a->allowzero) {
      if (rank >= 0 && i >= rank)
        return vt__bad(e, VT_ESHAPE, n, "entry %d of the new shape copies no dimension", i);
      want[i] = rank < 0 ? -2 : dim[i] < 0 ? -2 : dim[i];
    }
    if (want[i] == -1 && hole >= 0) return vt__bad(e, VT_ESHAPE, n, "two entries of the new shape are -1");
    if (want[i] < -2)
      return vt__bad(e, VT_ESHAPE, n, "entry %d of the new shape is %lld", i, (long long)want[i]);
    if (want[i] == -1) hole = i;
    if (want[i] == -2) known = -1;
    if (want[i] >= 0 && known >= 0 && __builtin_mul_overflow(known, want[i], &known))
      return vt__bad(e, VT_ELIMIT, n, "the new shape is too large");
  }
  if (hole >= 0 && total >= 0 && known > 0 && total % known == 0) want[hole] = total / known;
  if (total >= 0 && known >= 0 && (hole < 0 ? total != known : want[hole] < 0)) {
    char s[96], t[96];
    vt_shape_print(rank, dim, s, sizeof s);
    vt_shape_print(nd, want, t, sizeof t);
    return vt__bad(e, VT_ESHAPE, n, "%s cannot become %s", s, t);
  }
  for (int i = 0; i < nd; i++) want[i] = want[i] < 0 ? -1 : want[i];
  return VT_OK;
}

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *x = n->in[0], *s = n->in[1];
  int64_t want[VT_MAX_RANK];
  int nd = vt__const_ints(s, want, VT_MAX_RANK);
  if (nd >= 0) {
    int rc = resolve(n, x->rank, x->dim, nd, want, e);
    if (rc) return rc;
  } else if (s->rank == 1 && s->dim[0] >= 0 && s->dim[0] <= VT_MAX_RANK) {
    nd = (int)s->dim[0];
    for (int i = 0; i < nd; i++) want[i] = -1;
  }
  vt__out(n, 0, x->dtype, nd, want);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  int64_t want[VT_MAX_RANK];
  int nd = vt__tensor_ints(c->in[1], want, VT_MAX_RANK);
  if (nd < 0)
    return vt__bad(e, VT_ESHAPE, c->node, "the shape must be a vector of up to %d integers", VT_MAX_RANK);
  int rc = resolve(c->node, c->in[0]->rank, c->in[0]->dim, nd, want, e);
  return rc ? rc : vt__view(c, nd, want, e);
}

static const struct vt_attr_desc rows[] = {VT_A_INT(struct attrs, allowzero, 0)};
static const struct vt_op_case cases[] = {
    {"merge", "", "f32[2,3,4] i64[2]={6,4}"},
    {"keep and rest", "", "f32[2,3,4] i64[3]={0,-1,2}"},
    {"split", "", "f32[2,32,3] i64[4]={2,16,2,3}"},
    {"scalar", "", "f32[1,1] i64[0]={}"},
};

const struct vt_op_desc vt_op_reshape = {
    .name = "Reshape",
    .domain = "",
    .since = 5,
    .doc = "The same elements under another shape; 0 keeps a dimension, -1 takes what remains.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .traits = VT_VIEW | VT_SHAPE_DATA,
    .infer = infer,
    .ref = ref,
    .grad = vt__view_grad,
    VT_CASES(cases),
};
