/* ai.vitrine:ConvGradInput: gradient of Conv for its input. Attribute `shape` is the shape of that input, the
 * others are the forward node's. */
#include "ops/conv_ref.h"
#include "ops/grad_check.h"

static int sizes(struct vt__conv *v, const struct vt_node *n, int rank, const int64_t *dy, const int64_t *w,
                 struct vt_err *e)
{
  const struct vt_conv_attrs *a = n->attrs;
  if (a->shape.n != rank || rank < 3)
    return vt__bad(e, VT_ESHAPE, n, "attribute shape has %d entries, rank is %d", a->shape.n, rank);
  int rc = vt__conv_sizes(v, n, rank, a->shape.v, w, e);
  if (rc) return rc;
  bool fits = (dy[0] < 0 || dy[0] == v->n) && (dy[1] < 0 || v->m < 0 || dy[1] == v->m);
  for (int i = 2; i < rank; i++)
    fits &= dy[i] < 0 || v->win.out[i + 3 - rank] < 0 || dy[i] == v->win.out[i + 3 - rank];
  if (fits) return VT_OK;
  char s[96];
  vt_shape_print(rank, dy, s, sizeof s);
  return vt__bad(e, VT_ESHAPE, n, "gradient %s does not fit the forward output", s);
}

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_conv_attrs *a = n->attrs;
  const struct vt_value *dy = n->in[0], *w = n->in[1];
  struct vt__conv v;
  int rc = vt__out_shape(n, dy->dtype, &a->shape, e);
  if (!rc && dy->rank >= 0 && w->rank >= 0) {
    if (dy->rank != w->rank) return vt__check_rank(n, 1, dy->rank, dy->rank, e);
    rc = sizes(&v, n, dy->rank, dy->dim, w->dim, e);
  }
  return rc;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *dy = c->in[0], *w = c->in[1];
  struct vt__conv v;
  if (dy->dtype != VT_F32) return vt__bad_dtype(c, dy->dtype, e);
  int rc = sizes(&v, c->node, dy->rank, dy->dim, w->dim, e);
  if (!rc) vt__conv_grad_input(&v, dy->data, w->data, c->out[0]->data);
  return rc;
}

static const struct vt_attr_desc attrs[] = {VT__CONV_ROWS, VT_A_INTS(struct vt_conv_attrs, shape)};
static const struct vt_op_case cases[] = {
    {"3x3", "pads=[1,1,1,1] shape=[2,3,5,7]", "f32[2,4,5,7] f32[4,3,3,3]"},
    {"stride 2", "strides=[2,2] pads=[1,1,1,1] shape=[1,4,8,9]", "f32[1,8,4,5] f32[8,4,3,3]"},
    {"pointwise", "shape=[2,16,4,5]", "f32[2,24,4,5] f32[24,16,1,1]"},
    {"pointwise stride", "strides=[2,2] shape=[1,8,7,6]", "f32[1,16,4,3] f32[16,8,1,1]"},
    {"depthwise", "group=8 pads=[1,1,1,1] shape=[1,8,6,6]", "f32[1,8,6,6] f32[8,1,3,3]"},
    {"dilation", "dilations=[2,3] pads=[2,3,2,3] shape=[1,2,9,10]", "f32[1,3,9,10] f32[3,2,3,3]"},
    {"same lower", "auto_pad=SAME_LOWER strides=[2,3] shape=[1,2,7,8]", "f32[1,3,4,3] f32[3,2,4,4]"},
    {"1-d", "pads=[1,2] shape=[2,3,9]", "f32[2,4,9] f32[4,3,4]"},
};

const struct vt_op_desc vt_op_conv_grad_input = {
    .name = "ConvGradInput",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Gradient of Conv for x from (dy, w): dx[n,c,i] = sum of w[m,c,k] dy[n,m,o] over o stride + k "
           "dilation - "
           "pad = i.",
    VT_ATTRS(attrs, struct vt_conv_attrs),
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    .macs = vt__conv_back_macs,
    VT_CASES(cases),
};
