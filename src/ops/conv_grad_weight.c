/* ai.vitrine:ConvGradWeight: gradient of Conv for its weight. Attribute `shape` is the shape of that weight,
 * the others are the forward node's. */
#include "ops/conv_ref.h"
#include "ops/grad_check.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_conv_attrs *a = n->attrs;
  const struct vt_value *x = n->in[0], *dy = n->in[1];
  if (a->shape.n < 3 || a->shape.n > 5)
    return vt__bad(e, VT_ESHAPE, n, "attribute shape has %d entries", a->shape.n);
  int rc = vt__out_shape(n, x->dtype, &a->shape, e);
  if (!rc && x->rank >= 0 && dy->rank >= 0) {
    struct vt__conv v;
    rc = vt__check_rank(n, 0, a->shape.n, a->shape.n, e);
    if (!rc) rc = vt__check_rank(n, 1, a->shape.n, a->shape.n, e);
    if (!rc) rc = vt__conv_sizes(&v, n, x->rank, x->dim, a->shape.v, e);
    if (rc) return rc;
    int64_t want[VT_MAX_RANK] = {v.n, v.m};
    memcpy(want + 2, &v.win.out[5 - x->rank], (size_t)(x->rank - 2) * sizeof *want);
    for (int i = 0; i < dy->rank; i++)
      if (want[i] >= 0 && dy->dim[i] >= 0 && want[i] != dy->dim[i]) {
        char s[96], t[96];
        vt_shape_print(dy->rank, dy->dim, s, sizeof s);
        vt_shape_print(dy->rank, want, t, sizeof t);
        return vt__bad(e, VT_ESHAPE, n, "gradient %s, %s expected", s, t);
      }
  }
  return rc;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_conv_attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0], *dy = c->in[1];
  struct vt__conv v;
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  int rc = vt__conv_sizes(&v, c->node, x->rank, x->dim, a->shape.v, e);
  if (!rc) vt__conv_grad_weight(&v, x->data, dy->data, c->out[0]->data);
  return rc;
}

static const struct vt_attr_desc attrs[] = {VT__CONV_ROWS, VT_A_INTS(struct vt_conv_attrs, shape)};
static const struct vt_op_case cases[] = {
    {"3x3", "pads=[1,1,1,1] shape=[4,3,3,3]", "f32[2,3,5,7] f32[2,4,5,7]"},
    {"stride 2", "strides=[2,2] pads=[1,1,1,1] shape=[8,4,3,3]", "f32[1,4,8,9] f32[1,8,4,5]"},
    {"pointwise", "shape=[24,16,1,1]", "f32[2,16,4,5] f32[2,24,4,5]"},
    {"pointwise stride", "strides=[2,2] shape=[16,8,1,1]", "f32[1,8,7,6] f32[1,16,4,3]"},
    {"channels fill blocks", "strides=[2,2] pads=[1,1,1,1] shape=[16,32,3,3]",
     "f32[3,32,9,12] f32[3,16,5,6]"},
    {"step 3, dilation", "strides=[3,2] dilations=[2,3] pads=[3,4,3,4] shape=[16,16,3,2]",
     "f32[2,16,11,9] f32[2,16,5,7]"},
    {"many outputs", "shape=[160,128,1,1]", "f32[2,128,17,16] f32[2,160,17,16]"},
    {"first layer", "strides=[2,2] pads=[3,3,3,3] shape=[32,3,7,7]", "f32[3,3,13,16] f32[3,32,7,8]"},
    {"depthwise", "group=8 pads=[1,1,1,1] shape=[8,1,3,3]", "f32[1,8,6,6] f32[1,8,6,6]"},
    {"dilation", "dilations=[2,3] pads=[2,3,2,3] shape=[3,2,3,3]", "f32[1,2,9,10] f32[1,3,9,10]"},
    {"same upper", "auto_pad=SAME_UPPER strides=[2,2] shape=[3,2,4,4]", "f32[1,2,7,8] f32[1,3,4,4]"},
    {"1-d", "pads=[1,2] shape=[4,3,4]", "f32[2,3,9] f32[2,4,9]"},
};

const struct vt_op_desc vt_op_conv_grad_weight = {
    .name = "ConvGradWeight",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Gradient of Conv for w from (x, dy): dw[m,c,k] = sum over n, o of dy[n,m,o] x[n,c,o stride + k "
           "dilation - "
           "pad].",
    VT_ATTRS(attrs, struct vt_conv_attrs),
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    .macs = vt__conv_weight_macs,
    VT_CASES(cases),
};
