/* CastLike: x in the element type of input 1. */
#include "ops/util.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  vt__out(n, 0, n->in[1]->dtype, n->in[0]->rank, n->in[0]->dim);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[0];
  struct vt_tensor *y = c->out[0];
  int64_t n = vt_tensor_count(x);
  if (x->dtype == y->dtype)
    memcpy(y->data, x->data, vt_tensor_bytes(x));
  else
    for (int64_t i = 0; i < n; i++) {
      double v = vt_tensor_get(x, i);
      vt_tensor_set(y, i, y->dtype == VT_BOOL ? v != 0 : vt_dtype_is_float(y->dtype) ? v : trunc(v));
    }
  return VT_OK;
}

static int grad(VT_GRAD_ARGS)
{
  if (need[0]) dx[0] = vt_emit(g, "Cast", VT_IN(dy[0]), "to=%d", (int)n->in[0]->dtype);
  return vt_graph_status(g, e);
}

static const struct vt_op_case cases[] = {{"to integers", "", "f32[2,3]:-5..5 i64[1]"},
                                          {"same", "", "f32[2,3] f32[1]", .nograd = 2}};

const struct vt_op_desc vt_op_cast_like = {
    .name = "CastLike",
    .domain = "",
    .since = 15,
    .doc = "x in the element type of the second input.",
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    .reach = vt__reach_same,
    .grad = grad,
    VT_CASES(cases),
};
