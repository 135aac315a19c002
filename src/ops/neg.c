/* Neg: y = -x. */
#include "ops/util.h"

#define BODY(T) VT_MAP(T, (T)0.5 > 0 ? -x : VT_WRAP(T, 0, -, x))
VT_UNARY_REF(VT_SWITCH_NUMBER, BODY)

static int grad(VT_GRAD_ARGS)
{
  dx[0] = vt_emit(g, "Neg", VT_IN(dy[0]), "");
  return vt_graph_status(g, e);
}

static const struct vt_op_case cases[] = {
    {"4-d", "", "f32[2,3,4,5]"},
    {"integers", "", "i64[3,4]"},
};

VT_UNARY_OP(neg, "Neg", 6, grad, "y = -x.");
