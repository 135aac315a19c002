/* DynamicQuantizeLinear: quantises to u8 with the scale and zero point that x's own range asks for.
 *
 * scale = (max(x, 0) − min(x, 0)) / 255;  zero point = clamp(round(−min(x, 0) / scale), 0, 255) */
#include "ops/quant_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  vt__out(n, 0, VT_U8, n->in[0]->rank, n->in[0]->dim);
  vt__out(n, 1, VT_F32, 0, NULL);
  vt__out(n, 2, VT_U8, 0, NULL);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[0];
  const float *px = x->data;
  int64_t n = vt_tensor_count(x);
  float lo = 0, hi = 0;
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  for (int64_t i = 0; i < n; i++) {
    lo = fminf(lo, px[i]);
    hi = fmaxf(hi, px[i]);
  }
  float scale = (hi - lo) / 255;
  double zero = scale > 0 ? vt__quantise((double)((0 - lo) / scale), 0, 0, 255) : 0;
  if (vt__res(c, 1)) *(float *)c->out[1]->data = scale;
  if (vt__res(c, 2)) *(uint8_t *)c->out[2]->data = (uint8_t)zero;
  for (int64_t i = 0; i < n && vt__res(c, 0); i++) {
    double q = scale > 0 ? vt__quantise((double)(px[i] / scale), zero, 0, 255) : 0;
    ((uint8_t *)c->out[0]->data)[i] = isnan(q) ? 0 : (uint8_t)q;
  }
  return VT_OK;
}

static const struct vt_op_case cases[] = {{"both signs", "", "f32[2,3,4]", 3},
                                          {"above zero", "", "f32[7]:1..5", 3},
                                          {"zeros", "", "f32[3]={0,0,0}", 3}};

const struct vt_op_desc vt_op_dynamic_quantize_linear = {
    .name = "DynamicQuantizeLinear",
    .domain = "",
    .since = 11,
    .doc = "x quantised to u8 by its own range, the scale, and the zero point.",
    .min_in = 1,
    .max_in = 1,
    .min_out = 3,
    .max_out = 3,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
