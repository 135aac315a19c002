/* GlobalAveragePool: one value per channel over all of space. */
#include "ops/pool_ref.h"

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[0];
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  int64_t planes = x->dim[0] * x->dim[1], plane = vt__span(x->dim, 2, x->rank);
  for (int64_t i = 0; i < planes; i++) {
    double sum = 0;
    for (int64_t k = 0; k < plane; k++) sum += (double)((const float *)x->data)[i * plane + k];
    ((float *)c->out[0]->data)[i] = (float)(sum / (double)plane);
  }
  return VT_OK;
}

static int grad(VT_GRAD_ARGS)
{
  struct vt_value *x = n->in[0];
  if (!vt__is_static(x)) return vt__bad(e, VT_ESHAPE, n, "its gradient needs static shapes");
  struct vt_value *s = vt_graph_scalar(g, (float)(1 / (double)VT_MAX(vt__span(x->dim, 2, x->rank), 1)));
  dx[0] = vt_emit(g, "Expand", VT_IN(vt_emit(g, "Mul", VT_IN(dy[0], s), ""), vt__shape_of(g, x)), "");
  return vt_graph_status(g, e);
}

static const struct vt_op_case cases[] = {
    {"4-d", "", "f32[2,3,5,7]"}, {"16 channels", "", "f32[2,16,4,4]"}, {"3-d", "", "f32[2,3,5]"}};

const struct vt_op_desc vt_op_global_average_pool = {
    .name = "GlobalAveragePool",
    .domain = "",
    .since = 1,
    .doc = "The mean of each channel over all of space.",
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = vt__global_pool_infer,
    .ref = ref,
    .grad = grad,
    VT_CASES(cases),
};
