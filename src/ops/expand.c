/* Expand: x broadcast with a shape given as input 1. */
#include "ops/util.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *x = n->in[0];
  int64_t want[VT_MAX_RANK], dim[VT_MAX_RANK];
  int nd = vt__const_ints(n->in[1], want, VT_MAX_RANK), rank = -1;
  if (nd >= 0 && x->rank >= 0) {
    for (int i = 0; i < nd; i++)
      if (want[i] < 0) return vt__bad(e, VT_ESHAPE, n, "shape holds %lld", (long long)want[i]);
    int rc = vt__broadcast(n, x->rank, x->dim, nd, want, &rank, dim, e);
    if (rc) return rc;
  }
  vt__out(n, 0, x->dtype, rank, dim);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[0];
  int64_t want[VT_MAX_RANK], dim[VT_MAX_RANK];
  int nd = vt__tensor_ints(c->in[1], want, VT_MAX_RANK), rank;
  if (nd < 0) return vt__bad(e, VT_EARG, c->node, "shape must be a vector of integers");
  int rc = vt__broadcast(c->node, x->rank, x->dim, nd, want, &rank, dim, e);
  if (!rc) rc = vt__res_shape(c, 0, x->dtype, rank, dim, e);
  if (rc) return rc;
  struct vt__bcast b;
  size_t size = vt_dtype_size(x->dtype);
  vt__bcast_init(&b, rank, dim, 1, &x);
  for (int64_t r = 0; r < b.rows; r++, vt__bcast_next(&b))
    for (int64_t i = 0; i < b.row; i++)
      vt__copy1(c->out[0]->data, r * b.row + i, x->data, b.off[0] + i * b.step[0], size);
  return VT_OK;
}

static int grad(VT_GRAD_ARGS)
{
  dx[0] = vt__sum_to(g, dy[0], n->in[0]);
  return vt_graph_status(g, e);
}

static const struct vt_op_case cases[] = {{"both ways", "", "f32[3,1] i64[3]={2,1,6}"},
                                          {"channel", "", "f32[2,16,1,1] i64[4]={2,16,3,4}"},
                                          {"scalar", "", "f32[] i64[2]={2,3}"},
                                          {"integers", "", "i64[3,1] i64[2]={3,4}"}};

const struct vt_op_desc vt_op_expand = {
    .name = "Expand",
    .domain = "",
    .since = 8,
    .doc = "x broadcast with the given shape.",
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .traits = VT_SHAPE_DATA,
    .infer = infer,
    .ref = ref,
    .reach = vt__reach_same,
    .grad = grad,
    VT_CASES(cases),
};
