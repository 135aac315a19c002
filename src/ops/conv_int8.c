/* ai.vitrine:ConvInt8: what DequantizeLinear, convolution, residual, activation and QuantizeLinear do, on the
 * 8-bit numbers themselves; made by the quantisation pass.
 *
 *   real = sx sw[m] Σ (x − zx) w + bias[m] + sr (r − zr);  y = clamp(round(act(real) / sy) + zy), or
 * act(real)
 *
 * The sum is exact. Matrices x (N, K) and w (M, K) are pictures and kernels of one pixel: y (N, M). */
#include "ops/conv_int8.h"
#include "ops/quant_ref.h"

static int infer_matrix(struct vt_node *n, enum vt_dtype type, struct vt_err *e)
{
  const struct vt_value *x = n->in[VT_Q_X], *w = n->in[VT_Q_W], *b = vt__in(n, VT_Q_BIAS);
  int rc = vt__check_rank(n, VT_Q_W, 2, 2, e);
  if (rc) return rc;
  if (w->rank == 2 && x->dim[1] >= 0 && w->dim[1] >= 0 && x->dim[1] != w->dim[1])
    return vt__bad(e, VT_ESHAPE, n, "inner sizes %lld and %lld differ", (long long)x->dim[1],
                   (long long)w->dim[1]);
  int64_t dim[2] = {x->dim[0], w->rank == 2 ? w->dim[0] : -1};
  if (b && b->rank >= 0 && (b->rank != 1 || (b->dim[0] >= 0 && dim[1] >= 0 && b->dim[0] != dim[1])))
    return vt__bad(e, VT_ESHAPE, n, "bias must have shape (%lld)", (long long)dim[1]);
  vt__out(n, 0, type, 2, dim);
  return VT_OK;
}

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *zero = vt__in(n, VT_Q_Y_ZERO), *r = vt__in(n, VT_Q_RESIDUAL);
  if ((vt__in(n, VT_Q_Y_SCALE) == NULL) != (zero == NULL))
    return vt__bad(e, VT_ESHAPE, n, "a quantised output needs a scale and a zero point");
  enum vt_dtype type = zero ? zero->dtype : VT_F32;
  int rc = n->in[VT_Q_X]->rank == 2 ? infer_matrix(n, type, e)
                                    : vt__conv_infer_at(n, VT_Q_X, VT_Q_W, VT_Q_BIAS, false, type, e);
  if (!rc && r && vt__is_static(r) && vt__is_static(n->out[0]) && !vt__same_shape(r, n->out[0]))
    return vt__bad(e, VT_ESHAPE, n, "residual '%s' does not have the shape of the output", r->name);
  if (!rc && r && (!vt__in(n, VT_Q_R_SCALE) || !vt__in(n, VT_Q_R_ZERO)))
    return vt__bad(e, VT_ESHAPE, n, "a residual needs a scale and a zero point");
  return rc;
}

static double scalar(const struct vt_ref_call *c, int i)
{
  const struct vt_tensor *t = vt__arg(c, i);
  return t ? vt_tensor_get(t, 0) : 0;
}

/* From sums to outputs. */
static int finish(const struct vt_ref_call *c, const int32_t *sum, int64_t channels, int64_t plane,
                  struct vt_err *e)
{
  const struct vt_conv_attrs *a = c->attrs;
  const struct vt_tensor *ws = c->in[VT_Q_W_SCALE], *bias = vt__arg(c, VT_Q_BIAS),
                         *r = vt__arg(c, VT_Q_RESIDUAL);
  struct vt_tensor *y = c->out[0];
  double lo = 0, hi = 0, sx = scalar(c, VT_Q_X_SCALE), sr = scalar(c, VT_Q_R_SCALE),
         zr = scalar(c, VT_Q_R_ZERO);
  bool quantised = vt__arg(c, VT_Q_Y_SCALE) != NULL;
  if (quantised && !vt__quant_range(y->dtype, &lo, &hi)) return vt__bad_dtype(c, y->dtype, e);
  int64_t scales = vt_tensor_count(ws), n = vt_tensor_count(y);
  for (int64_t i = 0; i < n; i++) {
    int64_t m = i / plane % channels;
    double v = sx * vt_tensor_get(ws, scales > 1 ? m : 0) * sum[i];
    if (bias) v += vt_tensor_get(bias, m);
    if (r) v += sr * (vt_tensor_get(r, i) - zr);
    v = (double)vt_act_apply((enum vt_act)a->activation, a->alpha, a->beta, (float)v);
    if (quantised) v = vt__quantise(v / scalar(c, VT_Q_Y_SCALE), scalar(c, VT_Q_Y_ZERO), lo, hi);
    vt_tensor_set(y, i, quantised && isnan(v) ? 0 : v);
  }
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *bias = vt__arg(c, VT_Q_BIAS);
  struct vt__conv v;
  int32_t *x = NULL, *w = NULL, *sum = NULL;
  const struct vt_tensor *tx = c->in[VT_Q_X], *tw = c->in[VT_Q_W];
  int64_t dx[VT_MAX_RANK] = {1, 1, 1, 1}, dw[VT_MAX_RANK] = {1, 1, 1, 1};
  memcpy(dx, tx->dim, (size_t)tx->rank * sizeof *dx);
  memcpy(dw, tw->dim, (size_t)tw->rank * sizeof *dw);
  int rc = vt__conv_sizes(&v, c->node, tx->rank == 2 ? 4 : tx->rank, dx, dw, e);
  if (rc) return rc;
  int64_t scales = vt_tensor_count(c->in[VT_Q_W_SCALE]);
  if (scales != 1 && scales != v.m)
    return vt__bad(e, VT_ESHAPE, c->node, "%lld scales for %lld channels", (long long)scales, (long long)v.m);
  if (bias && vt_tensor_count(bias) != v.m)
    return vt__bad(e, VT_ESHAPE, c->node, "bias must have shape (%lld)", (long long)v.m);
  rc = vt__quant_center(&x, c, c->in[VT_Q_X], c->in[VT_Q_X_ZERO], 1, e);
  if (!rc) rc = vt__quant_center(&w, c, c->in[VT_Q_W], NULL, 0, e);
  if (!rc && !(sum = vt_calloc((size_t)vt_tensor_count(c->out[0]) + 1, sizeof *sum)))
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) vt__conv_forward_int(&v, x, w, sum);
  if (!rc) rc = finish(c, sum, v.m, vt__span(v.win.out, 0, 3), e);
  vt_free(x);
  vt_free(w);
  vt_free(sum);
  return rc;
}

#define S struct vt_conv_attrs
static const struct vt_attr_desc attrs[] = {VT__CONV_ROWS,
                                            VT_A_ENUM(S, activation, VT_ACT_CHOICES, VT_ACT_NONE),
                                            VT_A_FLOAT(S, alpha, 0), VT_A_FLOAT(S, beta, 0)};
/* Weights stay within 64, so that every processor's kernel is exact; "full range" is for those that are with
 * more. A result on the border between two levels may fall to either: hence the tolerance. */
static const struct vt_op_case cases[] = {
    {"plain", "pads=[1,1,1,1]",
     "u8[1,3,6,6]:0..255 i8[16,3,3,3]:-64..64 f32[]={0.05} u8[]={0} f32[]={0.01} f32[16] - - - f32[]={0.2} "
     "u8[]={100}",
     .tol = 0.02f},
    {"to real numbers", "pads=[1,1,1,1]",
     "u8[2,8,5,7]:0..255 i8[16,8,3,3]:-64..64 f32[]={0.02} u8[]={100} f32[]={0.01} f32[16] - - - - -"},
    {"relu, zero point", "pads=[1,1,1,1] strides=[2,2] activation=relu",
     "u8[2,16,9,7]:0..255 i8[24,16,3,3]:-64..64 f32[]={0.02} u8[]={77} f32[]={0.01} f32[24] - - - "
     "f32[]={0.1} u8[]={0}",
     .tol = 0.02f},
    {"residual relu", "activation=relu",
     "u8[1,16,5,5]:0..255 i8[16,16,1,1]:-64..64 f32[]={0.02} u8[]={3} f32[]={0.01} f32[16] "
     "u8[1,16,5,5]:0..255 f32[]={0.3} u8[]={128} f32[]={0.4} u8[]={0}",
     .tol = 0.02f},
    {"residual, zero points, channels", "pads=[1,1,1,1]",
     "u8[1,8,5,7]:0..255 i8[2,8,3,3]:-64..64 f32[]={0.02} u8[]={130} f32[2]={0.01,0.002} - "
     "u8[1,2,5,7]:0..255 f32[]={0.1} u8[]={90} f32[]={0.3} u8[]={120}",
     .tol = 0.02f},
    {"silu", "activation=silu",
     "u8[1,8,4,4]:0..255 i8[8,8,1,1]:-64..64 f32[]={0.02} u8[]={128} f32[]={0.01} f32[8] - - - f32[]={0.02} "
     "u8[]={10}",
     .tol = 0.02f},
    {"clip", "activation=clip alpha=0 beta=6",
     "u8[1,8,4,4]:0..255 i8[8,8,1,1]:-64..64 f32[]={0.05} u8[]={128} f32[]={0.01} f32[8] - - - f32[]={0.023} "
     "u8[]={0}",
     .tol = 0.02f},
    {"bytes with a sign", "",
     "i8[1,2,3,3]:-9..9 i8[2,2,1,1]:-9..9 f32[]={0.1} i8[]={3} f32[]={0.1} f32[2] - - - f32[]={0.1} "
     "i8[]={-4}"},
    {"dilated, grouped", "group=2 dilations=[2,2] pads=[2,2,2,2]",
     "u8[1,16,6,6]:0..255 i8[16,8,3,3]:-64..64 f32[]={0.05} u8[]={9} f32[]={0.01} f32[16] - - - f32[]={0.3} "
     "u8[]={128}",
     .tol = 0.02f},
    {"matrix", "activation=relu",
     "u8[3,40]:0..255 i8[24,40]:-64..64 f32[]={0.05} u8[]={9} f32[]={0.01} f32[24] - - - f32[]={0.3} "
     "u8[]={0}",
     .tol = 0.02f},
    {"matrix to real numbers", "",
     "u8[1,64]:0..255 i8[10,64]:-64..64 f32[]={0.05} u8[]={128} f32[]={0.01} f32[10] - - - - -"},
    {"largest of all", "",
     "u8[1,64,4,4]:250..255 i8[8,64,1,1]:63..64 f32[]={0.01} u8[]={0} f32[]={0.01} - - - - - -"},
    {"full range", "",
     "u8[1,64,4,4]:250..255 i8[8,64,1,1]:120..127 f32[]={0.01} u8[]={0} f32[]={0.01} - - - - - -"},
};

const struct vt_op_desc vt_op_conv_int8 = {
    .name = "ConvInt8",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc =
        "Convolution of 8-bit numbers with what surrounds it: y = quantise(act(Conv(x, w) + b + residual)).",
    VT_ATTRS(attrs, struct vt_conv_attrs),
    .min_in = VT_Q_W_SCALE + 1,
    .max_in = VT_Q_INPUTS,
    .min_out = 1,
    .max_out = 1,
    .inplace = {VT_Q_RESIDUAL + 1},
    .infer = infer,
    .ref = ref,
    .reach = vt__reach_conv,
    .macs = vt__conv_macs,
    VT_CASES(cases),
};
