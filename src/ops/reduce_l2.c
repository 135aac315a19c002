/* ReduceL2: square root of the sum of squares along axes. */
#include "ops/reduce_ref.h"

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  return vt__reduce_ref(c, VT__L2, e);
}

static int grad(VT_GRAD_ARGS)
{
  struct vt_value *q = vt_emit(g, "Div", VT_IN(vt__unreduce(g, n, dy[0]), vt__unreduce(g, n, n->out[0])), "");
  dx[0] = vt_emit(g, "Mul", VT_IN(n->in[0], q), "");
  return vt_graph_status(g, e);
}

static const struct vt_op_case cases[] = {
    {"all", "keepdims=0", "f32[2,3,4,5]"},
    {"space", "axes=[2,3]", "f32[2,3,4,5]"},
    {"axes as input", "keepdims=0", "f32[2,3,4,5] i64[2]={0,-1}"},
    {"channels", "axes=[1] keepdims=0", "f32[2,16,3,3]"},
};

VT_REDUCE_OP(reduce_l2, "ReduceL2", grad, "The square root of the sum of squares along axes.");
