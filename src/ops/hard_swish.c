/* HardSwish: y = x max(0, min(1, x / 6 + 1 / 2)). */
#include "ops/util.h"

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  return vt__ref_act(c, VT_ACT_HARD_SWISH, 0, 0, e);
}

static int grad(VT_GRAD_ARGS)
{
  return vt__grad_act(g, n, dy[0], VT_ACT_HARD_SWISH, 0, 0, dx, e);
}

static const struct vt_op_case cases[] = {
    {"4-d", "", "f32[2,3,5,7]:-5..5"},
    {"16 channels", "", "f32[1,16,4,4]:-5..5"},
};

VT_UNARY_OP(hard_swish, "HardSwish", 14, grad, "y = x max(0, min(1, x / 6 + 1 / 2)).");
