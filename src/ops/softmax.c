/* Softmax: along one axis. */
#include "ops/softmax_ref.h"

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  return vt__softmax_ref(c, false, e);
}

/* dx = y (dy − Σ dy y). */
static int grad(VT_GRAD_ARGS)
{
  struct vt_value *s = vt__softmax_sum(g, n, vt_emit(g, "Mul", VT_IN(dy[0], n->out[0]), ""));
  dx[0] = vt_emit(g, "Mul", VT_IN(n->out[0], vt_emit(g, "Sub", VT_IN(dy[0], s), "")), "");
  return vt_graph_status(g, e);
}

static const struct vt_op_case cases[] = {
    {"last", "", "f32[3,17]"},
    {"channels", "axis=1", "f32[2,16,4,5]"},
    {"first", "axis=0", "f32[4,3]"},
};

VT_SOFTMAX_OP(softmax, "Softmax", "The softmax, exp(x - max) / sum, along one axis.");
