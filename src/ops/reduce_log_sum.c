/* ReduceLogSum: logarithm of the sum along axes. */
#include "ops/reduce_ref.h"

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  return vt__reduce_ref(c, VT__LOG_SUM, e);
}

static int grad(VT_GRAD_ARGS)
{
  struct vt_value *s = vt_emit(g, "Exp", VT_IN(vt__unreduce(g, n, n->out[0])), "");
  struct vt_value *q = vt_emit(g, "Div", VT_IN(vt__unreduce(g, n, dy[0]), s), "");
  dx[0] = vt_emit(g, "Expand", VT_IN(q, vt__shape_of(g, n->in[0])), "");
  return vt_graph_status(g, e);
}

static const struct vt_op_case cases[] = {
    {"all", "keepdims=0", "f32[2,3,4,5]:0.5..2"},
    {"space", "axes=[2,3]", "f32[2,3,4,5]:0.5..2"},
    {"axes as input", "keepdims=0", "f32[2,3,4,5]:0.5..2 i64[2]={0,-1}"},
    {"channels", "axes=[1] keepdims=0", "f32[2,16,3,3]:0.5..2"},
};

VT_REDUCE_OP(reduce_log_sum, "ReduceLogSum", grad, "The logarithm of the sum along axes.");
