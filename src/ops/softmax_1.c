/* Softmax before opset 13: over everything from the axis on. */
#include "ops/softmax_ref.h"

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  return vt__softmax_ref(c, true, false, e);
}

/* dx = y (dy − Σ dy y). */
static int grad(VT_GRAD_ARGS)
{
  struct vt_value *s = vt__softmax_sum(g, n, vt_emit(g, "Mul", VT_IN(dy[0], n->out[0]), ""), true);
  if (!s) return vt__bad(e, VT_ESHAPE, n, "its gradient needs a known rank");
  dx[0] = vt_emit(g, "Mul", VT_IN(n->out[0], vt_emit(g, "Sub", VT_IN(dy[0], s), "")), "");
  return vt_graph_status(g, e);
}

static const struct vt_op_case cases[] = {
    {"default", "", "f32[2,3,4]"},
    {"axis 2", "axis=2", "f32[2,3,4,5]"},
};

VT_SOFTMAX_OP(softmax_1, "Softmax", 1, 12, 1,
              "The softmax, exp(x - max) / sum, over all axes from the given one on.");
