/* Selu: y = gamma (x < 0 ? alpha (exp(x) - 1) : x). */
#include "ops/util.h"

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_slope_attrs *a = c->attrs;
  return vt__ref_act(c, VT_ACT_SELU, a->alpha, a->beta, e);
}

static int grad(VT_GRAD_ARGS)
{
  const struct vt_slope_attrs *a = n->attrs;
  return vt__grad_act(g, n, dy[0], VT_ACT_SELU, a->alpha, a->beta, dx, e);
}

static const struct vt_attr_desc rows[] = {VT_A_FLOAT(struct vt_slope_attrs, alpha, 1.67326319f),
                                           {.name = "gamma",
                                            .type = VT_ATTR_FLOAT,
                                            .offset = offsetof(struct vt_slope_attrs, beta),
                                            .f = 1.05070102f}};
static const struct vt_op_case cases[] = {
    {"default", "", "f32[2,3,5,7]"},
    {"other", "alpha=2 gamma=3", "f32[1,16,3,3]"},
};

VT_ACTIVATION_OP(selu, "Selu", "", 6, "y = gamma (x < 0 ? alpha (exp(x) - 1) : x).");
