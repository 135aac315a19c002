/* Erf: y = 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x. */
#include "ops/util.h"

#define BODY(T) VT_MAP(T, erf(x))
VT_UNARY_REF(VT_SWITCH_FLOAT, BODY)

static int grad(VT_GRAD_ARGS)
{
  struct vt_value *x = n->in[0],
                  *e2 = vt_emit(g, "Exp",
                                VT_IN(vt_emit(g, "Neg", VT_IN(vt_emit(g, "Mul", VT_IN(x, x), "")), "")), "");
  dx[0] = vt_emit(g, "Mul", VT_IN(dy[0], vt_emit(g, "Mul", VT_IN(e2, vt_graph_scalar(g, 1.1283791671f)), "")),
                  "");
  return vt_graph_status(g, e);
}

static const struct vt_op_case cases[] = {
    {"4-d", "", "f32[2,3,4,5]"},
};

VT_UNARY_OP(erf, "Erf", 9, grad, "y = 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x.");
