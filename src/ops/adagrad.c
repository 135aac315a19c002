/* ai.vitrine:Adagrad (Duchi, Hazan, Singer 2011): g' = scale g + λ w;  h' = h + g'²;  w' = w − lr g' / (√h' +
 * ε). */
#include "ops/optim_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  return vt__optim_infer(n, 1, 3, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt__optim_attrs *a = c->attrs;
  int64_t n = vt_tensor_count(c->in[0]);
  const float *w = c->in[0]->data, *g = c->in[1]->data, *h = c->in[2]->data;
  float *w2 = c->out[0]->data, *h2 = c->out[1]->data;
  float lr = vt__scalar(c->in[3], 0), scale = vt__scalar(vt__arg(c, 4), 1);
  if (c->in[0]->dtype != VT_F32) return vt__bad_dtype(c, c->in[0]->dtype, e);
  for (int64_t i = 0; i < n; i++) {
    float gi = vt__scaled(g[i], scale) + a->weight_decay * w[i], hi = h[i] + gi * gi;
    h2[i] = hi;
    w2[i] = w[i] - lr * gi / (sqrtf(hi) + a->epsilon);
  }
  return VT_OK;
}

#define S struct vt__optim_attrs
static const struct vt_attr_desc attrs[] = {VT_A_FLOAT(S, epsilon, 1e-10f), VT_A_FLOAT(S, weight_decay, 0)};
static const struct vt_op_case cases[] = {
    {"plain", "", "f32[5,3] f32[5,3] f32[5,3]:0.1..1 f32[]:0..1", 2},
    {"decay, scale", "weight_decay=0.1", "f32[17] f32[17] f32[17]:0.1..1 f32[]:0..1 f32[]:0..1", 2},
};

const struct vt_op_desc vt_op_adagrad = {
    .name = "Adagrad",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Adagrad from (w, g, h, lr, scale): w', h'; scale multiplies g.",
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
