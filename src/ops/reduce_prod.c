/* ReduceProd: product of the elements along axes. */
#include "ops/reduce_ref.h"

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  return vt__reduce_ref(c, VT__PROD, e);
}

static int grad(VT_GRAD_ARGS)
{
  struct vt_value *y = vt_emit(g, "Mul", VT_IN(vt__unreduce(g, n, dy[0]), vt__unreduce(g, n, n->out[0])), "");
  dx[0] = vt_emit(g, "Div", VT_IN(y, n->in[0]), "");
  return vt_graph_status(g, e);
}

static const struct vt_op_case cases[] = {
    {"all", "keepdims=0", "f32[2,3,4,5]:0.5..1.5"},
    {"space", "axes=[2,3]", "f32[2,3,4,5]:0.5..1.5"},
    {"axes as input", "keepdims=0", "f32[2,3,4,5]:0.5..1.5 i64[2]={0,-1}"},
    {"channels", "axes=[1] keepdims=0", "f32[2,16,3,3]:0.5..1.5"},
    {"integers", "keepdims=0", "i64[3,4] i64[1]={1}"},
};

VT_REDUCE_OP(reduce_prod, "ReduceProd", grad, "The product of the elements along axes.");
