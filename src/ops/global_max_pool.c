/* GlobalMaxPool: one value per channel over all of space. */
#include "ops/pool_ref.h"

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[0];
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  int64_t planes = x->dim[0] * x->dim[1], plane = vt__span(x->dim, 2, x->rank);
  for (int64_t i = 0; i < planes; i++) {
    const float *p = (const float *)x->data + i * plane;
    float top = plane ? p[0] : -INFINITY;
    for (int64_t k = 1; k < plane; k++) top = VT_MAX(top, p[k]);
    ((float *)c->out[0]->data)[i] = top;
  }
  return VT_OK;
}

/* dx = dy where x is its channel's largest value. */
static int grad(VT_GRAD_ARGS)
{
  struct vt_value *hit = vt_emit(g, "Equal", VT_IN(n->in[0], n->out[0]), "");
  dx[0] = vt_emit(g, "Where", VT_IN(hit, dy[0], vt_graph_scalar(g, 0)), "");
  return vt_graph_status(g, e);
}

static const struct vt_op_case cases[] = {
    {"4-d", "", "f32[2,3,5,7]"}, {"16 channels", "", "f32[2,16,4,4]"}, {"3-d", "", "f32[2,3,5]"}};

const struct vt_op_desc vt_op_global_max_pool = {
    .name = "GlobalMaxPool",
    .domain = "",
    .since = 1,
    .doc = "The largest value of each channel over all of space.",
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = vt__global_pool_infer,
    .ref = ref,
    .grad = grad,
    VT_CASES(cases),
};
