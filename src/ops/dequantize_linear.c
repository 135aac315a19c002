/* DequantizeLinear: y = (q − zero point) · scale. */
#include "ops/quant_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *x = n->in[0], *s = n->in[1];
  struct vt__quant q;
  int rc = vt__is_static(x) && vt__is_static(s) ? vt__quant_init(&q, n, x->rank, x->dim, s->rank, s->dim, e)
                                                : VT_OK;
  vt__out(n, 0, s->dtype, x->rank, x->dim);
  return rc;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[0], *s = c->in[1], *zero = vt__arg(c, 2);
  struct vt__quant q;
  int rc = vt__quant_init(&q, c->node, x->rank, x->dim, s->rank, s->dim, e);
  int64_t n = vt_tensor_count(x);
  if (!rc && zero && vt_tensor_count(zero) != vt_tensor_count(s))
    rc = vt__bad(e, VT_ESHAPE, c->node, "zero points and scales differ in number");
  for (int64_t i = 0; i < n && !rc; i++) {
    int64_t k = vt__quant_at(&q, i);
    double z = zero ? vt_tensor_get(zero, k) : 0;
    vt_tensor_set(c->out[0], i, (vt_tensor_get(x, i) - z) * vt_tensor_get(s, k));
  }
  return rc;
}

static const struct vt_attr_desc rows[] = {VT__QUANT_ROWS};
static const struct vt_op_case cases[] = {
    {"one scale", "", "u8[2,3,4] f32[]={0.1} u8[]={128}"},
    {"channels", "axis=1", "i8[2,3,2] f32[3]={0.1,0.5,1} i8[3]={0,-3,7}"},
    {"no zero point", "", "i32[5] f32[]={0.05}"},
};

const struct vt_op_desc vt_op_dequantize_linear = {
    .name = "DequantizeLinear",
    .domain = "",
    .since = 10,
    .doc = "y = (q - zero point) * scale, with one scale, one per channel, or one per block.",
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
