/* ai.onnx.preview.training:Momentum:
 *   g = λ x + G;  v' = α v + β' g, β' = 1 in the first step (T = 0), else β;
 *   standard: x' = x − R v';  nesterov: x' = x − R (g + α v'). */
#include "ops/preview_ref.h"

enum { STANDARD, NESTEROV };

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt__preview_attrs *a = c->attrs;
  float rate = (float)vt__preview_rate(c), beta = vt__preview_step(c) > 0 ? a->beta : 1;
  for (int k = 0; k < vt__preview_count(c, 1); k++) {
    struct vt__preview_item p;
    int rc = vt__preview_item(&p, c, 1, k, e);
    if (rc) return rc;
    for (int64_t i = 0; i < p.n; i++) {
      float g = a->norm_coefficient * p.x[i] + p.g[i], v = a->alpha * p.state[0][i] + beta * g;
      p.x2[i] = p.x[i] - rate * (a->mode == NESTEROV ? g + a->alpha * v : v);
      p.state2[0][i] = v;
    }
  }
  return VT_OK;
}

#define S struct vt__preview_attrs
#define REQUIRED(f)                                                                                          \
  {                                                                                                          \
    .name = #f, .type = VT_ATTR_FLOAT, .offset = offsetof(S, f), .required = true                            \
  }
static const struct vt_attr_desc rows[] = {REQUIRED(alpha),
                                           REQUIRED(beta),
                                           REQUIRED(norm_coefficient),
                                           {.name = "mode",
                                            .type = VT_ATTR_ENUM,
                                            .offset = offsetof(S, mode),
                                            .choices = "standard|nesterov",
                                            .required = true}};
static const struct vt_op_case cases[] = {
    {"standard", "alpha=0.9 beta=0.5 norm_coefficient=0.1 mode=standard",
     "f32[]={0.1} i64[]={3} f32[2,3] f32[2,3] f32[2,3]", 2},
    {"nesterov, two", "alpha=0.9 beta=0.5 norm_coefficient=0.1 mode=nesterov",
     "f32[]={0.1} i64[]={0} f32[2] f32[3] f32[2] f32[3] f32[2] f32[3]", 4},
};
VT_PREVIEW_OP(preview_momentum, "Momentum", 1,
              "One step of momentum or Nesterov's on any number of tensors, as ONNX previews it.");
