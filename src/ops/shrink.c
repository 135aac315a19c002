/* Shrink: y = x + bias below -lambd, x - bias above lambd, else 0. */
#include "ops/util.h"

#define BODY(T) VT_MAP(T, x<-a->alpha ? x + a->beta : x> a->alpha ? x - a->beta : 0)
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
  struct vt_value *far = vt_emit(g, "Abs", VT_IN(n->in[0]), "");
  struct vt_value *on = vt_emit(g, "Greater", VT_IN(far, vt_graph_scalar(g, a->alpha)), "");
  dx[0] = vt_emit(g, "Where", VT_IN(on, dy[0], vt_graph_scalar(g, 0)), "");
  return vt_graph_status(g, e);
}

static const struct vt_attr_desc rows[] = {
    {.name = "lambd", .type = VT_ATTR_FLOAT, .offset = offsetof(struct vt_slope_attrs, alpha), .f = 0.5f},
    {.name = "bias", .type = VT_ATTR_FLOAT, .offset = offsetof(struct vt_slope_attrs, beta)}};
static const struct vt_op_case cases[] = {
    {"hard", "lambd=0.6", "f32[2,3,5]"},
    {"soft", "lambd=0.6 bias=0.6", "f32[2,3,5]"},
};

VT_ACTIVATION_OP(shrink, "Shrink", "", 9, "y = x + bias below -lambd, x - bias above lambd, else 0.");
