/* ai.onnx.preview.training:Adagrad:
 *   g = λ x + G;  h' = h + g²;  x' = x − R / (1 + T decay) · g / (√h' + ε). */
#include "ops/preview_ref.h"

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt__preview_attrs *a = c->attrs;
  float rate = (float)(vt__preview_rate(c) / (1 + vt__preview_step(c) * (double)a->decay_factor));
  for (int k = 0; k < vt__preview_count(c, 1); k++) {
    struct vt__preview_item p;
    int rc = vt__preview_item(&p, c, 1, k, e);
    if (rc) return rc;
    for (int64_t i = 0; i < p.n; i++) {
      float g = a->norm_coefficient * p.x[i] + p.g[i], h = p.state[0][i] + g * g;
      p.x2[i] = p.x[i] - rate * g / (sqrtf(h) + a->epsilon);
      p.state2[0][i] = h;
    }
  }
  return VT_OK;
}

#define S struct vt__preview_attrs
static const struct vt_attr_desc rows[] = {VT_A_FLOAT(S, decay_factor, 0), VT_A_FLOAT(S, epsilon, 1e-6f),
                                           VT_A_FLOAT(S, norm_coefficient, 0)};
static const struct vt_op_case cases[] = {
    {"one", "norm_coefficient=0.1 decay_factor=0.2", "f32[]={0.1} i64[]={3} f32[2,3] f32[2,3] f32[2,3]:0..1",
     2},
    {"two", "", "f32[]={0.1} i64[]={0} f32[2] f32[3] f32[2] f32[3] f32[2]:0..1 f32[3]:0..1", 4},
};
VT_PREVIEW_OP(preview_adagrad, "Adagrad", 1,
              "One step of Adagrad on any number of tensors, as ONNX previews it.");
