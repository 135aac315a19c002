/* GroupNormalization from opset 21: groups of channels by their own statistics; scale and bias per channel.
 */
#include "ops/group_norm_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  return vt__group_norm_infer(n, false, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  return vt__group_norm_ref(c, false, e);
}

static int grad(VT_GRAD_ARGS)
{
  const struct vt__group_norm_attrs *a = n->attrs;
  struct vt_value *x = n->in[0];
  if (!vt__is_static(x)) return vt__bad(e, VT_ESHAPE, n, "its gradient needs static shapes");
  int64_t inner = x->dim[1] / a->num_groups * vt__span(x->dim, 2, x->rank);
  return vt__norm_grad(g, n, dy[0], vt__per_channel(g, n->in[1], x->rank), inner, a->epsilon, need, dx, e);
}

static const struct vt_attr_desc attrs[] = {VT__GROUP_NORM_ROWS};
static const struct vt_op_case cases[] = {
    {"four groups", "num_groups=4", "f32[2,16,3,3] f32[16] f32[16]"},
    {"one group", "num_groups=1 epsilon=1e-2", "f32[2,6,5] f32[6] f32[6]"},
};

const struct vt_op_desc vt_op_group_normalization = {
    .name = "GroupNormalization",
    .domain = "",
    .since = 21,
    .until = 0,
    .doc = "Normalises groups of channels of each sample; scale and bias per channel.",
    VT_ATTRS(attrs, struct vt__group_norm_attrs),
    .min_in = 3,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .traits = VT_INPLACE0,
    .infer = infer,
    .ref = ref,
    .grad = grad,
    VT_CASES(cases),
};
