/* ai.vitrine:RoundBf16: the nearest number that bf16 holds, ties to even; still as f32. Programs of precision
 * bf16 use it on processors that do not compute with bf16. */
#include "ops/util.h"

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const float *x = c->in[0]->data;
  float *y = c->out[0]->data;
  const int64_t n = vt_tensor_count(c->in[0]);
  if (c->in[0]->dtype != VT_F32) return vt__bad_dtype(c, c->in[0]->dtype, e);
  for (int64_t i = 0; i < n; i++) {
    uint32_t u;
    memcpy(&u, &x[i], sizeof u);
    const bool nan = (u & 0x7fffffff) > 0x7f800000; /* must not round up to infinity */
    u = nan ? u | 0x400000 : u + 0x7fff + (u >> 16 & 1);
    u &= 0xffff0000;
    memcpy(&y[i], &u, sizeof u);
  }
  return VT_OK;
}

static const struct vt_op_case cases[] = {
    {"4-d", "", "f32[2,3,4,5]"},
    {"ties", "", "f32[6]={1.00390625,1.01171875,-1.00390625,0,1e38,3.3e38}"},
};

VT_UNARY_OP_IN(VT_DOMAIN, round_bf16, "RoundBf16", 1, NULL, "y = the number of bf16 nearest to x, as f32.");
