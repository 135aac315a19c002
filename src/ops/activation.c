/* The activation functions by number, and their derivatives: fused operators and gradients use these. */
#include "ops/util.h"

static float sigmoid(float x)
{
  return x >= 0 ? 1 / (1 + expf(-x)) : expf(x) / (1 + expf(x));
}
static float softplus(float x)
{
  return x > 20 ? x : log1pf(expf(x));
}

float vt_act_apply(enum vt_act act, float alpha, float beta, float x)
{
  switch (act) {
  case VT_ACT_NONE: return x;
  case VT_ACT_RELU: return x < 0 ? 0 : x;
  case VT_ACT_LEAKY_RELU: return x < 0 ? alpha * x : x;
  case VT_ACT_SIGMOID: return sigmoid(x);
  case VT_ACT_TANH: return tanhf(x);
  case VT_ACT_HARD_SIGMOID: return VT_CLAMP(alpha * x + beta, 0.f, 1.f);
  case VT_ACT_HARD_SWISH: return x * VT_CLAMP(x / 6 + 0.5f, 0.f, 1.f);
  case VT_ACT_ELU: return x < 0 ? alpha * expm1f(x) : x;
  case VT_ACT_SILU: return x * sigmoid(x);
  case VT_ACT_CLIP: return VT_CLAMP(x, alpha, beta);
  case VT_ACT_SOFTPLUS: return softplus(x);
  case VT_ACT_GELU: return 0.5f * x * (1 + erff(x * (float)M_SQRT1_2));
  case VT_ACT_SELU: return beta * (x < 0 ? alpha * expm1f(x) : x);
  case VT_ACT_MISH: return x * tanhf(softplus(x));
  }
  return x;
}

float vt_act_slope(enum vt_act act, float alpha, float beta, float x)
{
  switch (act) {
  case VT_ACT_NONE: return 1;
  case VT_ACT_RELU: return x > 0 ? 1 : 0;
  case VT_ACT_LEAKY_RELU: return x < 0 ? alpha : 1;
  case VT_ACT_SIGMOID: return sigmoid(x) * (1 - sigmoid(x));
  case VT_ACT_TANH: return 1 - tanhf(x) * tanhf(x);
  case VT_ACT_HARD_SIGMOID: return alpha * x + beta > 0 && alpha * x + beta < 1 ? alpha : 0;
  case VT_ACT_HARD_SWISH: return x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5f;
  case VT_ACT_ELU: return x < 0 ? alpha * expf(x) : 1;
  case VT_ACT_SILU: return sigmoid(x) * (1 + x * (1 - sigmoid(x)));
  case VT_ACT_CLIP: return x >= alpha && x <= beta ? 1 : 0;
  case VT_ACT_SOFTPLUS: return sigmoid(x);
  case VT_ACT_GELU: /* Φ(x) + x φ(x) */
    return 0.5f * (1 + erff(x * (float)M_SQRT1_2)) + x * 0.3989422804f * expf(-0.5f * x * x);
  case VT_ACT_SELU: return beta * (x < 0 ? alpha * expf(x) : 1);
  case VT_ACT_MISH: {
    float t = tanhf(softplus(x));
    return t + x * (1 - t * t) * sigmoid(x);
  }
  }
  return 1;
}

int vt__ref_act(const struct vt_ref_call *c, enum vt_act act, float alpha, float beta, struct vt_err *e)
{
  const float *x = c->in[0]->data;
  float *y = c->out[0]->data;
  int64_t n = vt_tensor_count(c->in[0]);
  if (c->in[0]->dtype != VT_F32) return vt__bad_dtype(c, c->in[0]->dtype, e);
  for (int64_t i = 0; i < n; i++) y[i] = vt_act_apply(act, alpha, beta, x[i]);
  return VT_OK;
}
