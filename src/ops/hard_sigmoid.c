/* HardSigmoid: y = max(0, min(1, alpha x + beta)). */
#include "ops/util.h"

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_slope_attrs *a = c->attrs;
  return vt__ref_act(c, VT_ACT_HARD_SIGMOID, a->alpha, a->beta, e);
}

static int grad(VT_GRAD_ARGS)
{
  const struct vt_slope_attrs *a = n->attrs;
  return vt__grad_act(g, n, dy[0], VT_ACT_HARD_SIGMOID, a->alpha, a->beta, dx, e);
}

static const struct vt_attr_desc rows[] = {VT_A_FLOAT(struct vt_slope_attrs, alpha, 0.2f),
                                           VT_A_FLOAT(struct vt_slope_attrs, beta, 0.5f)};
static const struct vt_op_case cases[] = {
    {"default", "", "f32[2,3,5,7]:-4..4"},
    {"sixth", "alpha=0.1666667 beta=0.5", "f32[1,16,3,3]:-4..4"},
};

VT_ACTIVATION_OP(hard_sigmoid, "HardSigmoid", "", 6, "y = max(0, min(1, alpha x + beta)).");
