/* Unsqueeze: inserts dimensions of size 1 at axes of the result, input 1. */
#include "ops/shape_ref.h"

static int shape(const struct vt_node *n, const struct vt_tensor *in, int rank, const int64_t *dim,
                 int *out_rank, int64_t *out, struct vt_err *e)
{
  int64_t count = vt_tensor_count(in);
  bool flag[VT_MAX_RANK];
  int used, from = 0;
  if (count < 0 || rank + count > VT_MAX_RANK)
    return vt__bad(e, VT_ESHAPE, n, "rank would be %lld, at most %d", (long long)count + rank, VT_MAX_RANK);
  int rc = vt__axes_flags(n, in, rank + (int)count, flag, &used, e);
  if (rc <= 0) return rc;
  *out_rank = rank + (int)count;
  for (int d = 0; d < *out_rank; d++) out[d] = flag[d] ? 1 : dim[from++];
  return 1;
}

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *x = n->in[0], *a = n->in[1];
  int64_t dim[VT_MAX_RANK];
  int rank = -1, rc = 0;
  if (x->rank >= 0 && a->is_constant) rc = shape(n, &a->init, x->rank, x->dim, &rank, dim, e);
  if (rc < 0) return rc;
  vt__out(n, 0, x->dtype, rank, dim);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[0], *a = c->in[1];
  int64_t dim[VT_MAX_RANK];
  int rank = 0, rc = shape(c->node, a, x->rank, x->dim, &rank, dim, e);
  if (rc == 0) rc = vt__bad(e, VT_EARG, c->node, "axes must be integers");
  return rc < 0 ? rc : vt__view(c, rank, dim, e);
}

static const struct vt_op_case cases[] = {{"input", "", "f32[2,3] i64[2]={0,-1}"},
                                          {"middle", "", "f32[2,3] i64[1]={1}"}};

const struct vt_op_desc vt_op_unsqueeze = {
    .name = "Unsqueeze",
    .domain = "",
    .since = 13,
    .doc = "Inserts dimensions of size 1.",
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
