/* Gelu (opset 20): y = x Φ(x), or its approximation with tanh. */
#include "ops/util.h"

struct attrs {
  int approximate;
};

#define BODY(T)                                                                                              \
  VT_MAP(T, a->approximate ? 0.5 * x *(1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))            \
                           : 0.5 * x * (1 + erf(x * M_SQRT1_2)))
static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *in = c->in[0];
  int64_t n = vt_tensor_count(in);
  VT_SWITCH_FLOAT(in->dtype, BODY, return vt__bad_dtype(c, in->dtype, e))
  return VT_OK;
}

static int grad(VT_GRAD_ARGS)
{
  const struct attrs *a = n->attrs;
  if (a->approximate) return vt__bad(e, VT_EUNSUPPORTED, n, "approximate=tanh has no gradient");
  return vt__grad_act(g, n, dy[0], VT_ACT_GELU, 0, 0, dx, e);
}

static const struct vt_attr_desc rows[] = {VT_A_ENUM(struct attrs, approximate, "none|tanh", 0)};
static const struct vt_op_case cases[] = {{"exact", "", "f32[2,3,4,5]"},
                                          {"tanh", "approximate=tanh", "f32[2,3,5]", .nograd = 1}};

const struct vt_op_desc vt_op_gelu = {
    .name = "Gelu",
    .domain = "",
    .since = 20,
    .doc = "y = x times the normal distribution function at x.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .traits = VT_ELEMENTWISE | VT_INPLACE0,
    .infer = vt__infer_same,
    .ref = ref,
    .grad = grad,
    VT_CASES(cases),
};
