/* ConvTranspose: the gradient of a convolution for its input, used forwards.. */
#include "ops/conv_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  return vt__conv_infer_at(n, 0, 1, 2, true, n->in[0]->dtype, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[0], *w = c->in[1], *b = vt__arg(c, 2);
  struct vt__conv v;
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  int rc = vt__conv_transpose_sizes(&v, c->node, x->rank, x->dim, w->dim, e);
  if (rc) return rc;
  float *y = c->out[0]->data;
  vt__conv_grad_input(&v, x->data, w->data, y);
  int64_t plane = vt__span(v.win.in, 0, 3);
  for (int64_t i = 0; b && i < v.n * v.c; i++)
    for (int64_t o = 0; o < plane; o++) y[i * plane + o] += ((const float *)b->data)[i % v.c];
  return VT_OK;
}

/* dx = Conv(dy, w) and dw = ConvGradWeight(dy, x), with the padding resolved. */
static int grad(struct vt_graph *g, const struct vt_node *n, struct vt_value *const *dy, const bool *need,
                struct vt_value **dx, struct vt_err *e)
{
  struct vt_conv_attrs a = *(const struct vt_conv_attrs *)n->attrs;
  struct vt_value *x = n->in[0], *w = n->in[1];
  if (!vt__is_static(x) || !vt__is_static(w))
    return vt__bad(e, VT_ESHAPE, n, "its gradient needs static shapes");
  struct vt__conv v;
  int rc = vt__conv_transpose_sizes(&v, n, x->rank, x->dim, w->dim, e);
  if (rc) return rc;
  int64_t pads[6];
  int nd = x->rank - 2;
  for (int i = 0; i < nd; i++) {
    pads[i] = v.win.lo[i + 3 - nd];
    pads[nd + i] = v.win.hi[i + 3 - nd];
  }
  a.auto_pad = VT_PAD_NOTSET;
  a.pads = (struct vt_ints){2 * nd, pads};
  a.output_padding = a.output_shape = a.kernel_shape = (struct vt_ints){0};
  const struct vt_op_desc *conv = vt_registry_find(g->registry, "", "Conv", g->opset);
  struct vt_value *one[1] = {NULL};
  if (!conv) return vt__bad(e, VT_EUNSUPPORTED, n, "operator Conv is not registered");
  if (need[0]) dx[0] = vt_emit_attrs(g, conv, VT_IN(dy[0], w), 1, one, &a);
  a.shape = (struct vt_ints){w->rank, w->dim};
  if (need[1]) dx[1] = vt__emit_ours(g, "ConvGradWeight", VT_IN(dy[0], x), 1, NULL, &a);
  if (n->nin > 2 && n->in[2] && need[2]) dx[2] = vt__bias_grad(g, dy[0]);
  return vt_graph_status(g, e);
}

static const struct vt_attr_desc attrs[] = {VT__CONV_ROWS, VT_A_INTS(struct vt_conv_attrs, output_padding),
                                            VT_A_INTS(struct vt_conv_attrs, output_shape)};
static const struct vt_op_case cases[] = {
    {"2x2 stride 2", "strides=[2,2]", "f32[2,4,3,5] f32[4,3,2,2] f32[3]"},
    {"3x3", "pads=[1,1,1,1]", "f32[1,3,5,4] f32[3,6,3,3]"},
    {"output padding", "strides=[2,2] pads=[1,1,1,1] output_padding=[1,1]",
     "f32[1,8,4,4] f32[8,4,3,3] f32[4]"},
    {"groups", "group=2 strides=[2,1]", "f32[1,4,3,3] f32[4,3,3,3]"},
    {"dilation", "dilations=[2,2] pads=[1,0,0,1]", "f32[1,2,4,4] f32[2,3,2,2]"},
    {"output shape", "strides=[3,2] output_shape=[10,8]", "f32[1,1,3,3] f32[1,2,3,3]"},
    {"same upper", "strides=[2,2] auto_pad=SAME_UPPER", "f32[1,1,3,3] f32[1,2,3,3]"},
    {"1-d", "strides=[2]", "f32[2,3,4] f32[3,2,3]"},
    {"3-d", "", "f32[1,1,2,3,2] f32[1,2,2,2,3]"},
};

const struct vt_op_desc vt_op_conv_transpose = {
    .name = "ConvTranspose",
    .domain = "",
    .since = 1,
    .doc = "Transposed convolution: y[n,m,i] = b[m] + sum of w[c,m,k] x[n,c,o] over o stride + k dilation - "
           "pad = i.",
    VT_ATTRS(attrs, struct vt_conv_attrs),
    .min_in = 2,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    .reach = vt__reach_conv_transpose,
    .grad = grad,
    .macs = vt__conv_back_macs,
    VT_CASES(cases),
};
