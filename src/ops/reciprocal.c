/* Reciprocal: y = 1 / x. */
#include "ops/util.h"

#define BODY(T) VT_MAP(T, 1 / x)
VT_UNARY_REF(VT_SWITCH_FLOAT, BODY)

static int grad(VT_GRAD_ARGS)
{
  dx[0] = vt_emit(
      g, "Neg",
      VT_IN(vt_emit(g, "Mul", VT_IN(dy[0], vt_emit(g, "Mul", VT_IN(n->out[0], n->out[0]), "")), "")), "");
  return vt_graph_status(g, e);
}

static const struct vt_op_case cases[] = {
    {"4-d", "", "f32[2,3,4,5]:0.5..3"},
};

VT_UNARY_OP(reciprocal, "Reciprocal", 6, grad, "y = 1 / x.");
