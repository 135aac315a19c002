/* Abs: y = |x|. */
#include "ops/util.h"

#define BODY(T) VT_MAP(T, x > 0 ? x : VT_WRAP(T, 0, -, x))
VT_UNARY_REF(VT_SWITCH_NUMBER, BODY)

static int grad(VT_GRAD_ARGS)
{
  dx[0] = vt_emit(g, "Mul", VT_IN(dy[0], vt_emit(g, "Sign", VT_IN(n->in[0]), "")), "");
  return vt_graph_status(g, e);
}

static const struct vt_op_case cases[] = {
    {"4-d", "", "f32[2,3,4,5]"},
    {"integers", "", "i32[3,4]"},
};

VT_UNARY_OP(abs, "Abs", 6, grad, "y = |x|.");
