/* ai.vitrine:AdamW: Adam with decoupled weight decay; formulas in optim_ref.c. */
#include "ops/optim_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  return vt__optim_infer(n, 2, 4, e);
}
static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  return vt__adam_ref(c, true, e);
}

#define S struct vt__optim_attrs
static const struct vt_attr_desc attrs[] = {VT_A_FLOAT(S, beta1, 0.9f), VT_A_FLOAT(S, beta2, 0.999f),
                                            VT_A_FLOAT(S, epsilon, 1e-8f),
                                            VT_A_FLOAT(S, weight_decay, 0.01f)};
static const struct vt_op_case cases[] = {
    {"first step", "", "f32[5,3] f32[5,3] f32[5,3] f32[5,3]:0..1 f32[]:0..1 f32[]={1}", 3},
    {"decay, scale", "weight_decay=0.1",
     "f32[17] f32[17] f32[17] f32[17]:0..1 f32[]:0..1 i64[]={7} f32[]:0..1", 3},
};

const struct vt_op_desc vt_op_adamw = {
    .name = "AdamW",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Adam with decoupled weight decay, from (w, g, m, v, lr, t, scale): w', m', v'; t counts steps "
           "from 1, scale multiplies g.",
    VT_ATTRS(attrs, S),
    .min_in = 6,
    .max_in = 7,
    .min_out = 3,
    .max_out = 3,
    .traits = VT_STATEFUL_INPUTS,
    .inplace = {1, 3, 4},
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
