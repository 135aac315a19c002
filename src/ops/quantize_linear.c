/* QuantizeLinear: q = clamp(round(x / scale) + zero point), rounding to nearest even. */
#include "ops/quant_ref.h"

static enum vt_dtype out_type(const struct vt_node *n, enum vt_dtype zero)
{
  const struct vt__quant_attrs *a = n->attrs;
  return zero ? zero : a->output_dtype ? (enum vt_dtype)a->output_dtype : VT_U8;
}

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *x = n->in[0], *s = n->in[1], *zero = vt__in(n, 2);
  struct vt__quant q;
  double lo, hi;
  enum vt_dtype t = zero ? zero->dtype : out_type(n, VT_UNDEFINED);
  if (t && !vt__quant_range(t, &lo, &hi))
    return vt__bad(e, VT_EUNSUPPORTED, n, "numbers quantised to %s", vt_dtype_name(t));
  int rc = vt__is_static(x) && vt__is_static(s) ? vt__quant_init(&q, n, x->rank, x->dim, s->rank, s->dim, e)
                                                : VT_OK;
  vt__out(n, 0, t, x->rank, x->dim);
  return rc;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[0], *s = c->in[1], *zero = vt__arg(c, 2);
  struct vt_tensor *y = c->out[0];
  struct vt__quant q;
  double lo, hi;
  if (!vt__quant_range(y->dtype, &lo, &hi)) return vt__bad_dtype(c, y->dtype, e);
  int rc = vt__quant_init(&q, c->node, x->rank, x->dim, s->rank, s->dim, e);
  int64_t n = vt_tensor_count(x);
  if (!rc && zero && vt_tensor_count(zero) != vt_tensor_count(s))
    rc = vt__bad(e, VT_ESHAPE, c->node, "zero points and scales differ in number");
  for (int64_t i = 0; i < n && !rc; i++) {
    int64_t k = vt__quant_at(&q, i);
    float v = (float)vt_tensor_get(x, i) / (float)vt_tensor_get(s, k);
    double r = vt__quantise((double)v, zero ? vt_tensor_get(zero, k) : 0, lo, hi);
    vt_tensor_set(y, i, isnan(r) ? 0 : r);
  }
  return rc;
}

static const struct vt_attr_desc rows[] = {VT__QUANT_ROWS, VT_A_INT(struct vt__quant_attrs, output_dtype, 0),
                                           VT_A_INT(struct vt__quant_attrs, saturate, 1)};
static const struct vt_op_case cases[] = {
    {"one scale", "", "f32[2,3,4]:-300..300 f32[]={2} u8[]={128}"},
    {"halves to even", "", "f32[6]={-1.5,-0.5,0.5,1.5,2.5,1000} f32[]={1} i8[]={0}"},
    {"channels", "axis=1", "f32[2,3,2]:-9..9 f32[3]={0.1,0.5,1} i8[3]={0,-3,7}"},
    {"no zero point", "", "f32[4]:0..9 f32[]={0.05}"},
};

const struct vt_op_desc vt_op_quantize_linear = {
    .name = "QuantizeLinear",
    .domain = "",
    .since = 10,
    .doc = "q = clamp(round(x / scale) + zero point), with one scale, one per channel, or one per block.",
    VT_ATTRS(rows, struct vt__quant_attrs),
    .min_in = 2,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    .reach = vt__reach_same,
    VT_CASES(cases),
};
