/* Clip: y = min(max(x, lo), hi), either bound optional. */
#include "ops/util.h"

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[0], *lo = vt__arg(c, 1), *hi = vt__arg(c, 2);
  struct vt_tensor *y = c->out[0];
  int64_t n = vt_tensor_count(x);
  double l = lo ? vt_tensor_get(lo, 0) : -INFINITY, h = hi ? vt_tensor_get(hi, 0) : INFINITY;
  if (x->dtype == VT_F32) {
    for (int64_t i = 0; i < n; i++)
      ((float *)y->data)[i] = fminf(fmaxf(((const float *)x->data)[i], (float)l), (float)h);
  } else {
    for (int64_t i = 0; i < n; i++) vt_tensor_set(y, i, fmin(fmax(vt_tensor_get(x, i), l), h));
  }
  return VT_OK;
}

/* dx = dy where lo <= x <= hi: there y = x. */
static int grad(VT_GRAD_ARGS)
{
  if (need[0])
    dx[0] =
        vt_emit(g, "Where",
                VT_IN(vt_emit(g, "Equal", VT_IN(n->in[0], n->out[0]), ""), dy[0], vt_graph_scalar(g, 0)), "");
  return vt_graph_status(g, e);
}

static const struct vt_op_case cases[] = {
    {"both", "", "f32[2,3,4,5]:-2..2 f32[]={-0.5} f32[]={0.7}", .nograd = 6},
    {"upper", "", "f32[2,3]:-2..2 - f32[]={0.5}", .nograd = 6},
    {"relu6", "", "f32[2,16,3,3]:-3..9 f32[]={0} f32[]={6}", .nograd = 6},
    {"integers", "", "i64[2,3] i64[]={2} i64[]={5}"}};

const struct vt_op_desc vt_op_clip = {
    .name = "Clip",
    .domain = "",
    .since = 11,
    .doc = "y = min(max(x, lo), hi).",
    .min_in = 1,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .traits = VT_INPLACE0,
    .infer = vt__infer_same,
    .ref = ref,
    .reach = vt__reach_same,
    .grad = grad,
    VT_CASES(cases),
};
