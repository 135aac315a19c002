/* ai.vitrine:AveragePoolGrad: spreads dy evenly over each window. x gives the shape only. */
#include "ops/pool_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  return vt__pool_grad_infer(n, 1, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_pool_attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[1];
  const float *dy = c->in[0]->data;
  float *dx = c->out[0]->data;
  struct vt_window w;
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  int rc = vt_pool_window(&w, c->node, x->rank, x->dim, e);
  if (rc) return rc;
  memset(dx, 0, vt_tensor_bytes(c->out[0]));
  if (vt_tensor_count(c->in[0]) == 0) return VT_OK;
  int64_t in = vt__span(w.in, 0, 3), out = vt__span(w.out, 0, 3), planes = x->dim[0] * x->dim[1];
  struct vt__pool_place p;
  vt__pool_first(&p, &w);
  do {
    float share =
        (float)((double)dy[p.plane * out + p.out] / vt__pool_divisor(&w, &p, a->count_include_pad != 0));
    for (int64_t i = 0; i < w.k[0]; i++)
      for (int64_t j = 0; j < w.k[1]; j++)
        for (int64_t k = 0; k < w.k[2]; k++) {
          int64_t at = vt__pool_tap(&w, &p, i, j, k);
          if (at >= 0) dx[p.plane * in + at] += share;
        }
  } while (vt__pool_next(&p, &w, planes));
  return VT_OK;
}

static const struct vt_attr_desc attrs[] = {VT__POOL_ROWS,
                                            VT_A_INT(struct vt_pool_attrs, count_include_pad, 0)};
static const struct vt_op_case cases[] = {
    {"2x2", "kernel_shape=[2,2] strides=[2,2]", "f32[2,3,3,4] f32[2,3,6,8]"},
    {"3x3 padded", "kernel_shape=[3,3] strides=[2,2] pads=[1,1,1,1]", "f32[1,16,5,4] f32[1,16,9,8]"},
    {"count padding", "kernel_shape=[3,3] pads=[1,1,1,1] count_include_pad=1", "f32[1,3,5,6] f32[1,3,5,6]"},
};

const struct vt_op_desc vt_op_average_pool_grad = {
    .name = "AveragePoolGrad",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Gradient of AveragePool from (dy, x), x for its shape.",
    VT_ATTRS(attrs, struct vt_pool_attrs),
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
