/* ai.vitrine:MaxPoolGrad: sends dy to the position of each window's first largest value. */
#include "ops/pool_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  return vt__pool_grad_infer(n, 1, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[1];
  const float *dy = c->in[0]->data, *px = x->data;
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
    int64_t best = -1;
    const float *plane = px + p.plane * in;
    for (int64_t i = 0; i < w.k[0]; i++)
      for (int64_t j = 0; j < w.k[1]; j++)
        for (int64_t k = 0; k < w.k[2]; k++) {
          int64_t at = vt__pool_tap(&w, &p, i, j, k);
          if (at >= 0 && (best < 0 || plane[at] > plane[best])) best = at;
        }
    if (best >= 0) dx[p.plane * in + best] += dy[p.plane * out + p.out];
  } while (vt__pool_next(&p, &w, planes));
  return VT_OK;
}

static const struct vt_attr_desc attrs[] = {VT__POOL_ROWS, VT_A_INT(struct vt_pool_attrs, storage_order, 0)};
static const struct vt_op_case cases[] = {
    {"2x2", "kernel_shape=[2,2] strides=[2,2]", "f32[2,3,3,4] f32[2,3,6,8]"},
    {"3x3 stride 2", "kernel_shape=[3,3] strides=[2,2] pads=[1,1,1,1]", "f32[1,16,5,4] f32[1,16,9,8]"},
    {"ceil", "kernel_shape=[3,3] strides=[2,2] ceil_mode=1", "f32[1,2,3,3] f32[1,2,6,6]"},
};

const struct vt_op_desc vt_op_max_pool_grad = {
    .name = "MaxPoolGrad",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Gradient of MaxPool from (dy, x): dy goes to each window's first largest value.",
    VT_ATTRS(attrs, struct vt_pool_attrs),
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
