/* ai.vitrine:Ema: moving average, avg' = decay avg + (1 − decay) w; input 2, if given, is the decay. */
#include "ops/optim_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  return vt__optim_infer(n, 0, 2, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt__optim_attrs *a = c->attrs;
  const float *avg = c->in[0]->data, *w = c->in[1]->data;
  float *out = c->out[0]->data, decay = vt__scalar(vt__arg(c, 2), a->decay);
  int64_t n = vt_tensor_count(c->in[0]);
  if (c->in[0]->dtype != VT_F32) return vt__bad_dtype(c, c->in[0]->dtype, e);
  for (int64_t i = 0; i < n; i++) out[i] = decay * avg[i] + (1 - decay) * w[i];
  return VT_OK;
}

static const struct vt_attr_desc attrs[] = {VT_A_FLOAT(struct vt__optim_attrs, decay, 0.999f)};
static const struct vt_op_case cases[] = {{"attribute", "decay=0.9", "f32[5,3] f32[5,3]"},
                                          {"input", "", "f32[17] f32[17] f32[]:0..1"}};

const struct vt_op_desc vt_op_ema = {
    .name = "Ema",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Moving average from (avg, w, decay): avg' = decay avg + (1 - decay) w.",
    VT_ATTRS(attrs, struct vt__optim_attrs),
    .min_in = 2,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .traits = VT_STATEFUL_INPUTS,
    .inplace = {1},
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
