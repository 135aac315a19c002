/* ai.vitrine:GlobalNorm: √ Σ x² over all elements of all inputs. The norm of norms is the norm of all, so
 * many gradients are folded in groups. */
#include "ops/util.h"

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  double sum = 0;
  for (int i = 0; i < c->nin; i++) {
    const struct vt_tensor *x = c->in[i];
    if (!x) continue;
    if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
    const float *v = x->data;
    int64_t n = vt_tensor_count(x);
    for (int64_t k = 0; k < n; k++) sum += (double)v[k] * (double)v[k];
  }
  *(float *)c->out[0]->data = (float)sqrt(sum);
  return VT_OK;
}

static const struct vt_op_case cases[] = {{"three", "", "f32[5,3] f32[17] f32[]"},
                                          {"one", "", "f32[2,3,4,5]"}};

const struct vt_op_desc vt_op_global_norm = {
    .name = "GlobalNorm",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Square root of the sum of squares over all inputs.",
    .min_in = 1,
    .max_in = VT_VARIADIC,
    .min_out = 1,
    .max_out = 1,
    .infer = vt__infer_scalar,
    .ref = ref,
    VT_CASES(cases),
};
