/* GroupNormalization, opset 18 to 20: groups of channels by their own statistics; scale and bias per group.
 */
#include "ops/group_norm_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  return vt__group_norm_infer(n, true, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  return vt__group_norm_ref(c, true, e);
}

static const struct vt_attr_desc attrs[] = {VT__GROUP_NORM_ROWS};
static const struct vt_op_case cases[] = {
    {"four groups", "num_groups=4", "f32[2,16,3,3] f32[4] f32[4]"},
    {"one group", "num_groups=1 epsilon=1e-2", "f32[2,6,5] f32[1] f32[1]"},
};

const struct vt_op_desc vt_op_group_normalization_18 = {
    .name = "GroupNormalization",
    .domain = "",
    .since = 18,
    .until = 20,
    .doc = "Normalises groups of channels of each sample; scale and bias per group.",
    VT_ATTRS(attrs, struct vt__group_norm_attrs),
    .min_in = 3,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .traits = VT_INPLACE0,
    .infer = infer,
    .ref = ref,

    VT_CASES(cases),
};
