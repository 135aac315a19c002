/* Sin: y = sin(x). */
#include "ops/util.h"

#define BODY(T) VT_MAP(T, sin(x))
VT_UNARY_REF(VT_SWITCH_FLOAT, BODY)

static int grad(VT_GRAD_ARGS)
{
  dx[0] = vt_emit(g, "Mul", VT_IN(dy[0], vt_emit(g, "Cos", VT_IN(n->in[0]), "")), "");
  return vt_graph_status(g, e);
}

static const struct vt_op_case cases[] = {
    {"2-d", "", "f32[4,5]"},
};

VT_UNARY_OP(sin, "Sin", 7, grad, "y = sin(x).");
