/* ai.vitrine:SgdMomentum (Sutskever et al. 2013, in PyTorch's form):
 *   g' = scale g + λ w;   m' = μ m + g';   w' = w − lr m'   (Nesterov: w' = w − lr (g' + μ m')). */
#include "ops/optim_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  return vt__optim_infer(n, 1, 3, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt__optim_attrs *a = c->attrs;
  int64_t n = vt_tensor_count(c->in[0]);
  const float *w = c->in[0]->data, *g = c->in[1]->data, *m = c->in[2]->data;
  float *w2 = c->out[0]->data, *m2 = c->out[1]->data;
  float lr = vt__scalar(c->in[3], 0), scale = vt__scalar(vt__arg(c, 4), 1);
  if (c->in[0]->dtype != VT_F32) return vt__bad_dtype(c, c->in[0]->dtype, e);
  for (int64_t i = 0; i < n; i++) {
    float gi = vt__scaled(g[i], scale) + a->weight_decay * w[i], mi = a->momentum * m[i] + gi;
    m2[i] = mi;
    w2[i] = w[i] - lr * (a->nesterov ? gi + a->momentum * mi : mi);
  }
  return VT_OK;
}

#define S struct vt__optim_attrs
static const struct vt_attr_desc attrs[] = {VT_A_FLOAT(S, momentum, 0.9f), VT_A_FLOAT(S, weight_decay, 0),
                                            VT_A_INT(S, nesterov, 0)};
static const struct vt_op_case cases[] = {
    {"plain", "", "f32[5,3] f32[5,3] f32[5,3] f32[]:0..1", 2},
    {"nesterov", "nesterov=1 weight_decay=0.01", "f32[17] f32[17] f32[17] f32[]:0..1 f32[]:0..1", 2},
};

const struct vt_op_desc vt_op_sgd_momentum = {
    .name = "SgdMomentum",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Gradient descent with momentum from (w, g, m, lr, scale): w', m'; scale multiplies g.",
    VT_ATTRS(attrs, S),
    .min_in = 4,
    .max_in = 5,
    .min_out = 2,
    .max_out = 2,
    .traits = VT_STATEFUL_INPUTS,
    .inplace = {1, 3},
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
