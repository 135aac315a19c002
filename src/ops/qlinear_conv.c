/* QLinearConv: convolution of quantised numbers with a quantised result:
 *   y = clamp(round((Σ (x − zx)(w − zw) + bias) · sx · sw / sy) + zy), bias in units of sx · sw. */
#include "ops/quant_ref.h"

enum { X, X_SCALE, X_ZERO, W, W_SCALE, W_ZERO, Y_SCALE, Y_ZERO, BIAS };

static int infer(struct vt_node *n, struct vt_err *e)
{
  return vt__conv_infer_at(n, X, W, -1, false, n->in[Y_ZERO]->dtype, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *ws = c->in[W_SCALE], *bias = vt__arg(c, BIAS);
  struct vt_tensor *y = c->out[0];
  struct vt__conv v;
  double lo, hi;
  int32_t *x = NULL, *w = NULL, *sum = NULL;
  if (!vt__quant_range(y->dtype, &lo, &hi)) return vt__bad_dtype(c, y->dtype, e);
  int rc = vt__conv_sizes(&v, c->node, c->in[X]->rank, c->in[X]->dim, c->in[W]->dim, e);
  if (rc) return rc;
  int64_t scales = vt_tensor_count(ws), n = vt_tensor_count(y), plane = vt__span(v.win.out, 0, 3);
  if (scales != 1 && scales != v.m)
    return vt__bad(e, VT_ESHAPE, c->node, "%lld scales for %lld channels", (long long)scales, (long long)v.m);
  if (bias && vt_tensor_count(bias) != v.m)
    return vt__bad(e, VT_ESHAPE, c->node, "bias must have shape (%lld)", (long long)v.m);
  rc = vt__quant_center(&x, c, c->in[X], c->in[X_ZERO], 1, e);
  if (!rc) rc = vt__quant_center(&w, c, c->in[W], c->in[W_ZERO], 0, e);
  if (!rc && !(sum = vt_calloc((size_t)n + 1, sizeof *sum))) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) {
    double sx = vt_tensor_get(c->in[X_SCALE], 0), sy = vt_tensor_get(c->in[Y_SCALE], 0),
           zy = vt_tensor_get(c->in[Y_ZERO], 0);
    vt__conv_forward_int(&v, x, w, sum);
    for (int64_t i = 0; i < n; i++) {
      int64_t m = i / plane % v.m;
      double s = (double)sum[i] + (bias ? vt_tensor_get(bias, m) : 0);
      double r = vt__quantise(s * sx * vt_tensor_get(ws, scales > 1 ? m : 0) / sy, zy, lo, hi);
      vt_tensor_set(y, i, isnan(r) ? 0 : r);
    }
  }
  vt_free(x);
  vt_free(w);
  vt_free(sum);
  return rc;
}

static int64_t macs(const struct vt_node *n)
{
  const struct vt_value *w = n->in[W], *y = n->out[0];
  if (!vt__is_static(w) || !vt__is_static(y)) return 0;
  return vt__product(vt__span(y->dim, 0, y->rank), vt__span(w->dim, 1, w->rank));
}

static const struct vt_attr_desc attrs[] = {VT__CONV_ROWS};
static const struct vt_op_case cases[] = {
    {"one scale", "pads=[1,1,1,1]",
     "u8[1,2,4,5] f32[]={0.1} u8[]={4} u8[3,2,3,3] f32[]={0.2} u8[]={5} f32[]={0.3} u8[]={99}"},
    {"channels", "strides=[2,2]",
     "i8[2,3,5,5] f32[]={0.1} i8[]={3} i8[2,3,2,2] f32[2]={0.2,0.05} i8[2]={0,1} f32[]={0.3} i8[]={-9} "
     "i32[2]={100,-50}"},
};

const struct vt_op_desc vt_op_qlinear_conv = {
    .name = "QLinearConv",
    .domain = "",
    .since = 10,
    .doc = "Convolution of quantised numbers with a quantised result.",
    VT_ATTRS(attrs, struct vt_conv_attrs),
    .min_in = 8,
    .max_in = 9,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    .reach = vt__reach_qlinear_conv,
    .macs = macs,
    VT_CASES(cases),
};
