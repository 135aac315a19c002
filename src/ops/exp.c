/* Exp: y = exp(x). */
#include "ops/util.h"

#define BODY(T) VT_MAP(T, exp(x))
VT_UNARY_REF(VT_SWITCH_FLOAT, BODY)

static int grad(VT_GRAD_ARGS)
{
  dx[0] = vt_emit(g, "Mul", VT_IN(dy[0], n->out[0]), "");
  return vt_graph_status(g, e);
}

static const struct vt_op_case cases[] = {
    {"4-d", "", "f32[2,3,4,5]"},
    {"odd", "", "f32[7]"},
};

VT_UNARY_OP(exp, "Exp", 6, grad, "y = exp(x).");
