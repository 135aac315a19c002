/* Identity: y = x. */
#include "ops/shape_ref.h"

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  return vt__view(c, c->in[0]->rank, c->in[0]->dim, e);
}

static int grad(VT_GRAD_ARGS)
{
  dx[0] = dy[0];
  return VT_OK;
}

static const struct vt_op_case cases[] = {{"floats", "", "f32[2,3,4,5]"}, {"integers", "", "i64[3]"}};

const struct vt_op_desc vt_op_identity = {
    .name = "Identity",
    .domain = "",
    .since = 1,
    .doc = "y = x.",
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .traits = VT_VIEW | VT_ELEMENTWISE,
    .infer = vt__infer_same,
    .ref = ref,
    .grad = grad,
    VT_CASES(cases),
};
