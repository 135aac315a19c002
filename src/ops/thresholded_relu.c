/* ThresholdedRelu: y = x > alpha ? x : 0. */
#include "ops/util.h"

#define BODY(T) VT_MAP(T, x > a->alpha ? x : 0)
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
  struct vt_value *on = vt_emit(g, "Greater", VT_IN(n->in[0], vt_graph_scalar(g, a->alpha)), "");
  dx[0] = vt_emit(g, "Where", VT_IN(on, dy[0], vt_graph_scalar(g, 0)), "");
  return vt_graph_status(g, e);
}

static const struct vt_attr_desc rows[] = {VT_A_FLOAT(struct vt_slope_attrs, alpha, 1)};
static const struct vt_op_case cases[] = {
    {"default", "", "f32[2,3,5]"},
    {"alpha", "alpha=0.3", "f32[2,3,5]"},
};

VT_ACTIVATION_OP(thresholded_relu, "ThresholdedRelu", "", 10, "y = x > alpha ? x : 0.");
