/* Conv: cross-correlation over 1 to 3 spatial dimensions. */
#include "ops/conv_ref.h"

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[0], *w = c->in[1], *b = vt__arg(c, 2);
  struct vt__conv v;
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  int rc = vt__conv_sizes(&v, c->node, x->rank, x->dim, w->dim, e);
  if (!rc) vt__conv_forward(&v, x->data, w->data, b ? b->data : NULL, c->out[0]->data);
  return rc;
}

static int grad(struct vt_graph *g, const struct vt_node *n, struct vt_value *const *dy, const bool *need,
                struct vt_value **dx, struct vt_err *e)
{
  if (n->nin > 2 && n->in[2] && need[2]) dx[2] = vt__bias_grad(g, dy[0]);
  return vt__conv_grads(g, n, dy[0], need, dx, e);
}

static const struct vt_attr_desc attrs[] = {VT__CONV_ROWS};
static const struct vt_op_case cases[] = {
    {"3x3", "pads=[1,1,1,1]", "f32[2,3,5,7] f32[4,3,3,3] f32[4]"},
    {"stride 2", "strides=[2,2] pads=[1,1,1,1]", "f32[1,4,8,9] f32[8,4,3,3]"},
    {"pointwise", "kernel_shape=[1,1]", "f32[2,16,4,5] f32[24,16,1,1] f32[24]"},
    {"pointwise stride", "strides=[2,2]", "f32[1,8,7,6] f32[16,8,1,1]"},
    {"depthwise", "group=8 pads=[1,1,1,1]", "f32[1,8,6,6] f32[8,1,3,3] f32[8]"},
    {"groups", "group=2 pads=[2,1,0,1]", "f32[2,4,5,6] f32[6,2,3,3]"},
    {"dilation", "dilations=[2,3] pads=[2,3,2,3]", "f32[1,2,9,10] f32[3,2,3,3] f32[3]"},
    {"7x7", "strides=[2,2] pads=[3,3,3,3]", "f32[1,3,16,15] f32[8,3,7,7] f32[8]"},
    {"same upper", "auto_pad=SAME_UPPER strides=[2,2]", "f32[1,2,7,8] f32[3,2,4,4]"},
    {"same lower", "auto_pad=SAME_LOWER strides=[2,3]", "f32[1,2,7,8] f32[3,2,4,4]"},
    {"valid", "auto_pad=VALID", "f32[1,2,6,6] f32[3,2,3,2]"},
    {"1-d", "pads=[1,2]", "f32[2,3,9] f32[4,3,4] f32[4]"},
    {"3-d", "pads=[1,1,1,1,1,1] strides=[2,1,1]", "f32[1,2,4,5,3] f32[3,2,3,3,3] f32[3]"},
    {"wide kernel on narrow input", "pads=[2,2,2,2]", "f32[1,1,1,2] f32[1,1,5,5]"},
    {"odd channels", "pads=[1,1,1,1]", "f32[1,17,5,5] f32[19,17,3,3] f32[19]"},
};

const struct vt_op_desc vt_op_conv = {
    .name = "Conv",
    .domain = "",
    .since = 1,
    .doc = "Convolution: y[n,m,o] = b[m] + sum over c, k of w[m,c,k] x[n,c,o stride + k dilation - pad].",
    VT_ATTRS(attrs, struct vt_conv_attrs),
    .min_in = 2,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .infer = vt__conv_infer,
    .ref = ref,
    .reach = vt__reach_conv,
    .grad = grad,
    .macs = vt__conv_macs,
    VT_CASES(cases),
};
