/* ai.vitrine:ClipByNorm: the factor that brings gradients of a given norm down to max_norm (Pascanu et al.
 * 2013): min(1, max_norm / (norm + 1e-6)); 0 where the norm is not finite, so that the step is skipped. */
#include "ops/util.h"

struct attrs {
  float max_norm;
};

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  float norm = (float)vt_tensor_get(c->in[0], 0);
  *(float *)c->out[0]->data = isfinite(norm) ? fminf(1, a->max_norm / (norm + 1e-6f)) : 0;
  return VT_OK;
}

static const struct vt_attr_desc rows[] = {VT_A_FLOAT(struct attrs, max_norm, 1)};
static const struct vt_op_case cases[] = {{"clips", "max_norm=0.5", "f32[]={2}"},
                                          {"leaves", "", "f32[]={0.25}"},
                                          {"not finite", "", "f32[]={inf}"}};

const struct vt_op_desc vt_op_clip_by_norm = {
    .name = "ClipByNorm",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Factor for gradients from their norm: min(1, max_norm / (norm + 1e-6)), 0 if the norm is not "
           "finite.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = vt__infer_scalar,
    .ref = ref,
    VT_CASES(cases),
};
