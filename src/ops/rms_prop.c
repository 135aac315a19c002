/* ai.vitrine:RmsProp (Tieleman, Hinton 2012, lecture 6e), with momentum as PyTorch has it:
 *   g' = scale g + λ w;  v' = ρ v + (1 − ρ) g'²;  m' = μ m + g' / (√v' + ε);  w' = w − lr m'; ρ is `decay`.
 */
#include "ops/optim_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  return vt__optim_infer(n, 2, 4, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt__optim_attrs *a = c->attrs;
  int64_t n = vt_tensor_count(c->in[0]);
  const float *w = c->in[0]->data, *g = c->in[1]->data, *v = c->in[2]->data, *m = c->in[3]->data;
  float *w2 = c->out[0]->data, *v2 = c->out[1]->data, *m2 = c->out[2]->data;
  float lr = vt__scalar(c->in[4], 0), scale = vt__scalar(vt__arg(c, 5), 1);
  if (c->in[0]->dtype != VT_F32) return vt__bad_dtype(c, c->in[0]->dtype, e);
  for (int64_t i = 0; i < n; i++) {
    float gi = vt__scaled(g[i], scale) + a->weight_decay * w[i],
          vi = a->decay * v[i] + (1 - a->decay) * gi * gi;
    float mi = a->momentum * m[i] + gi / (sqrtf(vi) + a->epsilon);
    v2[i] = vi;
    m2[i] = mi;
    w2[i] = w[i] - lr * mi;
  }
  return VT_OK;
}

#define S struct vt__optim_attrs
static const struct vt_attr_desc attrs[] = {VT_A_FLOAT(S, decay, 0.99f), VT_A_FLOAT(S, epsilon, 1e-8f),
                                            VT_A_FLOAT(S, momentum, 0), VT_A_FLOAT(S, weight_decay, 0)};
static const struct vt_op_case cases[] = {
    {"plain", "", "f32[5,3] f32[5,3] f32[5,3]:0.1..1 f32[5,3] f32[]:0..1", 3},
    {"momentum, decay, scale", "momentum=0.9 weight_decay=0.1 decay=0.9",
     "f32[17] f32[17] f32[17]:0.1..1 f32[17] f32[]:0..1 f32[]:0..1", 3},
};

const struct vt_op_desc vt_op_rms_prop = {
    .name = "RmsProp",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "RMSProp from (w, g, v, m, lr, scale): w', v', m'; scale multiplies g.",
    VT_ATTRS(attrs, S),
    .min_in = 5,
    .max_in = 6,
    .min_out = 3,
    .max_out = 3,
    .traits = VT_STATEFUL_INPUTS,
    .inplace = {1, 3, 4},
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
