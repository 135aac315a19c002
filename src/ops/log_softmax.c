/* LogSoftmax: along one axis. */
#include "ops/softmax_ref.h"

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  return vt__softmax_ref(c, true, e);
}

/* dx = dy − exp(y) Σ dy. */
static int grad(VT_GRAD_ARGS)
{
  struct vt_value *s = vt__softmax_sum(g, n, dy[0]), *p = vt_emit(g, "Exp", VT_IN(n->out[0]), "");
  dx[0] = vt_emit(g, "Sub", VT_IN(dy[0], vt_emit(g, "Mul", VT_IN(p, s), "")), "");
  return vt_graph_status(g, e);
}

static const struct vt_op_case cases[] = {
    {"last", "", "f32[3,17]"},
    {"channels", "axis=1", "f32[2,16,4,5]"},
    {"first", "axis=0", "f32[4,3]"},
};

VT_SOFTMAX_OP(log_softmax, "LogSoftmax", "The logarithm of the softmax along one axis.");
