/* Squeeze: drops dimensions of size 1. Axes are input 1; none means all ones.
 */
#include "ops/shape_ref.h"

static int shape(const struct vt_node *n, const struct vt_tensor *in, int rank, const int64_t *dim,
                 int *out_rank, int64_t *out, struct vt_err *e)
{
  bool flag[VT_MAX_RANK];
  int count, r = 0, rc = vt__axes_flags(n, in, rank, flag, &count, e);
  if (rc <= 0) return rc;
  for (int d = 0; d < rank; d++) {
    if (!count && dim[d] < 0) return 0;
    bool drop = count ? flag[d] : dim[d] == 1;
    if (drop && dim[d] >= 0 && dim[d] != 1)
      return vt__bad(e, VT_ESHAPE, n, "dimension %d is %lld, not 1", d, (long long)dim[d]);
    if (!drop) out[r++] = dim[d];
  }
  *out_rank = r;
  return 1;
}

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *x = n->in[0], *a = vt__in(n, 1);
  int64_t dim[VT_MAX_RANK];
  int rank = -1, rc = 0;
  if (x->rank >= 0 && (!a || a->is_constant))
    rc = shape(n, a ? &a->init : NULL, x->rank, x->dim, &rank, dim, e);
  if (rc < 0) return rc;
  vt__out(n, 0, x->dtype, rank, dim);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[0], *a = vt__arg(c, 1);
  int64_t dim[VT_MAX_RANK];
  int rank = 0, rc = shape(c->node, a, x->rank, x->dim, &rank, dim, e);
  if (rc == 0) rc = vt__bad(e, VT_EARG, c->node, "axes must be integers");
  return rc < 0 ? rc : vt__view(c, rank, dim, e);
}

static const struct vt_op_case cases[] = {{"input", "", "f32[2,1,3,1] i64[2]={1,-1}"},
                                          {"all", "", "f32[1,3,1,4]"}};

const struct vt_op_desc vt_op_squeeze = {
    .name = "Squeeze",
    .domain = "",
    .since = 13,
    .doc = "Drops dimensions of size 1.",
    .min_in = 1,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .traits = VT_VIEW | VT_SHAPE_DATA,
    .infer = infer,
    .ref = ref,
    .grad = vt__view_grad,
    VT_CASES(cases),
};
