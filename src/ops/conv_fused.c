/* ai.vitrine:ConvFused: convolution with bias, residual and activation in one step, and a gate on its input
 * (N, C, 1, …), made by the fusion passes. */
#include "ops/conv_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  int rc = vt__conv_infer(n, e);
  const struct vt_value *r = vt__in(n, 3);
  if (!rc && r && n->out[0] && vt__is_static(r) && vt__is_static(n->out[0]) && !vt__same_shape(r, n->out[0]))
    return vt__bad(e, VT_ESHAPE, n, "residual '%s' does not have the shape of the output", r->name);
  const struct vt_value *g = vt__in(n, 4), *x = vt__in(n, 0);
  if (rc || !g || !vt__is_static(g) || !vt__is_static(x)) return rc;
  if (g->rank != x->rank || g->dim[0] != x->dim[0] || g->dim[1] != x->dim[1] ||
      vt_dims_count(g->rank, g->dim) != g->dim[0] * g->dim[1])
    return vt__bad(e, VT_ESHAPE, n, "gate '%s' is not one number per image and channel", g->name);
  return rc;
}

/* x times the gate, in new memory. */
static float *gated(const struct vt_tensor *x, const struct vt_tensor *gate)
{
  float *out = vt_malloc(vt_tensor_bytes(x) + 1);
  int64_t panels = x->dim[0] * x->dim[1], inner = panels ? vt_tensor_count(x) / panels : 0;
  for (int64_t i = 0; out && i < panels * inner; i++)
    out[i] = ((const float *)x->data)[i] * ((const float *)gate->data)[i / inner];
  return out;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_conv_attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0], *w = c->in[1], *b = vt__arg(c, 2), *r = vt__arg(c, 3),
                         *gate = vt__arg(c, 4);
  struct vt__conv v;
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  int rc = vt__conv_sizes(&v, c->node, x->rank, x->dim, w->dim, e);
  if (rc) return rc;
  float *y = c->out[0]->data, *kept = NULL, *product = NULL;
  const float *add = r ? r->data : NULL;
  if (add && add == y) { /* in place: the convolution would overwrite it */
    size_t bytes = vt_tensor_bytes(r);
    if (!(kept = vt_malloc(bytes + 1)))
      return vt_fail(e, VT_ENOMEM, "node '%s': out of memory", c->node->name);
    add = memcpy(kept, r->data, bytes);
  }
  if (gate && !(product = gated(x, gate))) {
    vt_free(kept);
    return vt_fail(e, VT_ENOMEM, "node '%s': out of memory", c->node->name);
  }
  vt__conv_forward(&v, product ? product : x->data, w->data, b ? b->data : NULL, y);
  int64_t n = vt_tensor_count(c->out[0]);
  for (int64_t i = 0; i < n; i++)
    y[i] = vt_act_apply((enum vt_act)a->activation, a->alpha, a->beta, y[i] + (add ? add[i] : 0));
  vt_free(kept);
  vt_free(product);
  return VT_OK;
}

#define S struct vt_conv_attrs
static const struct vt_attr_desc attrs[] = {VT__CONV_ROWS,
                                            VT_A_ENUM(S, activation, VT_ACT_CHOICES, VT_ACT_NONE),
                                            VT_A_FLOAT(S, alpha, 0), VT_A_FLOAT(S, beta, 0)};
static const struct vt_op_case cases[] = {
    {"plain", "pads=[1,1,1,1]", "f32[1,3,6,6] f32[16,3,3,3] f32[16]"},
    {"relu", "pads=[1,1,1,1] activation=relu", "f32[2,8,5,7] f32[16,8,3,3] f32[16]"},
    {"residual relu", "pads=[1,1,1,1] activation=relu", "f32[2,8,5,7] f32[16,8,3,3] f32[16] f32[2,16,5,7]"},
    {"residual, no bias", "activation=relu", "f32[1,16,5,5] f32[16,16,1,1] - f32[1,16,5,5]"},
    {"leaky", "strides=[2,2] pads=[1,1,1,1] activation=leaky_relu alpha=0.1",
     "f32[1,8,8,8] f32[8,8,3,3] f32[8]"},
    {"sigmoid", "activation=sigmoid", "f32[1,16,4,4] f32[17,16,1,1] f32[17]"},
    {"hard swish", "activation=hard_swish", "f32[1,16,4,4] f32[16,16,1,1] f32[16]"},
    {"hard sigmoid", "activation=hard_sigmoid alpha=0.2 beta=0.5", "f32[1,8,4,4] f32[8,8,1,1] f32[8]"},
    {"clip", "activation=clip alpha=0 beta=6", "f32[1,8,4,4] f32[8,8,1,1] f32[8]"},
    {"silu", "activation=silu", "f32[1,8,4,4] f32[8,8,1,1] f32[8]"},
    {"gate", "activation=silu", "f32[1,16,9,11] f32[24,16,1,1] f32[24] - f32[1,16,1,1]"},
    {"gate, residual, odd channels", "activation=relu",
     "f32[3,21,5,3] f32[19,21,1,1] f32[19] f32[3,19,5,3] f32[3,21,1,1]"},
    {"gate, 3x3", "pads=[1,1,1,1]", "f32[2,8,5,7] f32[16,8,3,3] - - f32[2,8,1,1]"},
    {"depthwise relu", "group=16 pads=[1,1,1,1] activation=relu", "f32[1,16,6,6] f32[16,1,3,3] f32[16]"},
};

const struct vt_op_desc vt_op_conv_fused = {
    .name = "ConvFused",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Convolution with what follows it: y = act(Conv(x gate, w) + b + residual).",
    VT_ATTRS(attrs, struct vt_conv_attrs),
    .min_in = 2,
    .max_in = 5,
    .min_out = 1,
    .max_out = 1,
    .inplace = {4},
    .infer = infer,
    .ref = ref,
    .reach = vt__reach_conv,
    .macs = vt__conv_macs,
    VT_CASES(cases),
};
