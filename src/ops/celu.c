/* Celu: y = max(0, x) + min(0, alpha (exp(x / alpha) - 1)). */
#include "ops/util.h"

#define BODY(T) VT_MAP(T, x > 0 ? x : a->alpha * expm1(x / a->alpha))
static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_slope_attrs *a = c->attrs;
  const struct vt_tensor *in = c->in[0];
  int64_t n = vt_tensor_count(in);
  VT_SWITCH_FLOAT(in->dtype, BODY, return vt__bad_dtype(c, in->dtype, e))
  return VT_OK;
}

static int grad(VT_GRAD_ARGS)
{
  const struct vt_slope_attrs *a = n->attrs;
  /* slope: 1 above 0, exp(x / alpha) = y / alpha + 1 below */
  struct vt_value *zero = vt_graph_scalar(g, 0), *one = vt_graph_scalar(g, 1);
  struct vt_value *below = vt_emit(g, "Div", VT_IN(n->out[0], vt_graph_scalar(g, a->alpha)), "");
  below = vt_emit(g, "Mul", VT_IN(dy[0], vt_emit(g, "Add", VT_IN(below, one), "")), "");
  dx[0] = vt_emit(g, "Where", VT_IN(vt_emit(g, "Greater", VT_IN(n->in[0], zero), ""), dy[0], below), "");
  return vt_graph_status(g, e);
}

static const struct vt_attr_desc rows[] = {VT_A_FLOAT(struct vt_slope_attrs, alpha, 1)};
static const struct vt_op_case cases[] = {
    {"default", "", "f32[2,3,5]"},
    {"alpha", "alpha=2", "f32[2,3,5]"},
};

VT_ACTIVATION_OP(celu, "Celu", "", 12, "y = max(0, x) + min(0, alpha (exp(x / alpha) - 1)).");
