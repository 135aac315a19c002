/* Mish: y = x tanh(ln(1 + exp(x))). */
#include "ops/util.h"

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  return vt__ref_act(c, VT_ACT_MISH, 0, 0, e);
}

static int grad(VT_GRAD_ARGS)
{
  return vt__grad_act(g, n, dy[0], VT_ACT_MISH, 0, 0, dx, e);
}

static const struct vt_op_case cases[] = {
    {"4-d", "", "f32[2,3,5,7]"},
};

VT_UNARY_OP(mish, "Mish", 18, grad, "y = x tanh(ln(1 + exp(x))).");
