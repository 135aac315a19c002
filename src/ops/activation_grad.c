/* ai.vitrine:ActivationGrad: dx = dy f'(x). For relu, input 1 may be x or y: their signs agree. */
#include "ops/util.h"

struct attrs {
  int activation;
  float alpha, beta;
};

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const float *dy = c->in[0]->data, *x = c->in[1]->data;
  float *dx = c->out[0]->data;
  int64_t n = vt_tensor_count(c->in[0]);
  if (c->in[0]->dtype != VT_F32) return vt__bad_dtype(c, c->in[0]->dtype, e);
  if (a->activation == VT_ACT_RELU)
    for (int64_t i = 0; i < n; i++) dx[i] = x[i] > 0 ? dy[i] : 0;
  else
    for (int64_t i = 0; i < n; i++)
      dx[i] = dy[i] * vt_act_slope((enum vt_act)a->activation, a->alpha, a->beta, x[i]);
  return VT_OK;
}

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *dy = n->in[0], *x = n->in[1];
  if (vt__is_static(dy) && vt__is_static(x) && !vt__same_shape(dy, x))
    return vt__bad(e, VT_ESHAPE, n, "gradient and input differ in shape");
  return vt__infer_same(n, e);
}

static const struct vt_attr_desc rows[] = {VT_A_ENUM(struct attrs, activation, VT_ACT_CHOICES, VT_ACT_RELU),
                                           VT_A_FLOAT(struct attrs, alpha, 0),
                                           VT_A_FLOAT(struct attrs, beta, 0)};
static const struct vt_op_case cases[] = {
    {"relu", "activation=relu", "f32[2,3,4,5] f32[2,3,4,5]"},
    {"leaky", "activation=leaky_relu alpha=0.1", "f32[2,17] f32[2,17]"},
    {"sigmoid", "activation=sigmoid", "f32[2,17] f32[2,17]"},
    {"tanh", "activation=tanh", "f32[2,17] f32[2,17]"},
    {"hard sigmoid", "activation=hard_sigmoid alpha=0.2 beta=0.5", "f32[2,17] f32[2,17]"},
    {"hard swish", "activation=hard_swish", "f32[2,3,5,5] f32[2,3,5,5]:-5..5"},
    {"elu", "activation=elu alpha=1.5", "f32[2,17] f32[2,17]"},
    {"silu", "activation=silu", "f32[2,17] f32[2,17]"},
    {"gelu", "activation=gelu", "f32[2,17] f32[2,17]"},
};

const struct vt_op_desc vt_op_activation_grad = {
    .name = "ActivationGrad",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Gradient of an activation from (dy, x): dx = dy f'(x); for relu the second input may be y.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .traits = VT_ELEMENTWISE | VT_INPLACE0,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
