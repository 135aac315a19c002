/* AveragePool: the mean of each window; padding counts only with count_include_pad. */
#include "ops/pool_ref.h"

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_pool_attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0];
  struct vt_window w;
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  int rc = vt_pool_window(&w, c->node, x->rank, x->dim, e);
  if (rc || vt_tensor_count(c->out[0]) == 0) return rc;
  int64_t in = vt__span(w.in, 0, 3), out = vt__span(w.out, 0, 3), planes = x->dim[0] * x->dim[1];
  const float *px = x->data;
  float *y = c->out[0]->data;
  struct vt__pool_place p;
  vt__pool_first(&p, &w);
  do {
    double sum = 0;
    for (int64_t i = 0; i < w.k[0]; i++)
      for (int64_t j = 0; j < w.k[1]; j++)
        for (int64_t k = 0; k < w.k[2]; k++) {
          int64_t at = vt__pool_tap(&w, &p, i, j, k);
          if (at >= 0) sum += (double)px[p.plane * in + at];
        }
    y[p.plane * out + p.out] = (float)(sum / vt__pool_divisor(&w, &p, a->count_include_pad != 0));
  } while (vt__pool_next(&p, &w, planes));
  return VT_OK;
}

static int grad(VT_GRAD_ARGS)
{
  dx[0] = vt__emit_ours(g, "AveragePoolGrad", VT_IN(dy[0], n->in[0]), 1, NULL, n->attrs);
  return vt_graph_status(g, e);
}

static const struct vt_attr_desc attrs[] = {VT__POOL_ROWS,
                                            VT_A_INT(struct vt_pool_attrs, count_include_pad, 0)};
static const struct vt_op_case cases[] = {
    {"2x2", "kernel_shape=[2,2] strides=[2,2]", "f32[2,3,6,8]"},
    {"3x3 padded", "kernel_shape=[3,3] strides=[2,2] pads=[1,1,1,1]", "f32[1,16,9,8]"},
    {"count padding", "kernel_shape=[3,3] pads=[1,1,1,1] count_include_pad=1", "f32[1,3,5,6]"},
    {"ceil", "kernel_shape=[3,3] strides=[2,2] ceil_mode=1", "f32[1,2,6,6]"},
    {"same", "kernel_shape=[3,3] strides=[2,2] auto_pad=SAME_LOWER", "f32[1,2,5,6]"},
    {"1-d", "kernel_shape=[3]", "f32[2,3,9]"},
};

const struct vt_op_desc vt_op_average_pool = {
    .name = "AveragePool",
    .domain = "",
    .since = 1,
    .doc = "The mean of each window.",
    VT_ATTRS(attrs, struct vt_pool_attrs),
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = vt__pool_infer,
    .ref = ref,
    .reach = vt__reach_pool,
    .grad = grad,
    VT_CASES(cases),
};
