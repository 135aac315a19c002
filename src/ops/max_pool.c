/* MaxPool: the largest value of each window; output 1 gives its position in the flattened input. */
#include "ops/pool_ref.h"

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_pool_attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0];
  struct vt_window w;
  int rc = vt_pool_window(&w, c->node, x->rank, x->dim, e);
  if (rc || vt_tensor_count(c->out[0]) == 0) return rc;
  int64_t in = vt__span(w.in, 0, 3), out = vt__span(w.out, 0, 3), planes = x->dim[0] * x->dim[1];
  int64_t *index = vt__res(c, 1) ? c->out[1]->data : NULL;
  struct vt__pool_place p;
  vt__pool_first(&p, &w);
  do {
    int64_t best = -1;
    double top = 0;
    for (int64_t i = 0; i < w.k[0]; i++)
      for (int64_t j = 0; j < w.k[1]; j++)
        for (int64_t k = 0; k < w.k[2]; k++) {
          int64_t at = vt__pool_tap(&w, &p, i, j, k);
          if (at < 0) continue;
          int64_t pos = p.plane * in + at;
          double v = x->dtype == VT_F32 ? (double)((const float *)x->data)[pos] : vt_tensor_get(x, pos);
          if (best < 0 || v > top) {
            best = at;
            top = v;
          }
        }
    int64_t o = p.plane * out + p.out;
    if (best >= 0) vt__copy1(c->out[0]->data, o, x->data, p.plane * in + best, vt_dtype_size(x->dtype));
    if (!index) continue;
    if (a->storage_order && best >= 0) /* column-major inside the plane */
      best = (best % w.in[2] * w.in[1] + best / w.in[2] % w.in[1]) * w.in[0] + best / (w.in[1] * w.in[2]);
    index[o] = p.plane * in + best;
  } while (vt__pool_next(&p, &w, planes));
  return VT_OK;
}

static int grad(VT_GRAD_ARGS)
{
  dx[0] = vt__emit_ours(g, "MaxPoolGrad", VT_IN(dy[0], n->in[0]), 1, NULL, n->attrs);
  return vt_graph_status(g, e);
}

static const struct vt_attr_desc attrs[] = {VT__POOL_ROWS, VT_A_INT(struct vt_pool_attrs, storage_order, 0)};
static const struct vt_op_case cases[] = {
    {"2x2", "kernel_shape=[2,2] strides=[2,2]", "f32[2,3,6,8]"},
    {"3x3 stride 2", "kernel_shape=[3,3] strides=[2,2] pads=[1,1,1,1]", "f32[1,16,9,8]"},
    {"overlapping", "kernel_shape=[3,2]", "f32[1,3,6,7]"},
    {"ceil", "kernel_shape=[3,3] strides=[2,2] ceil_mode=1", "f32[1,2,6,6]"},
    {"dilation", "kernel_shape=[2,2] dilations=[2,2]", "f32[1,2,6,6]"},
    {"same", "kernel_shape=[3,3] strides=[2,2] auto_pad=SAME_UPPER", "f32[1,2,5,6]"},
    {"indices", "kernel_shape=[2,2] strides=[2,2]", "f32[1,2,4,4]", 2},
    {"1-d", "kernel_shape=[3]", "f32[2,3,9]"},
    {"3-d", "kernel_shape=[2,2,2] strides=[2,1,2]", "f32[1,2,4,3,4]"},
    {"bytes", "kernel_shape=[2,2]", "u8[1,2,4,4]"},
};

const struct vt_op_desc vt_op_max_pool = {
    .name = "MaxPool",
    .domain = "",
    .since = 1,
    .doc = "The largest value of each window and, as second output, its flat index.",
    VT_ATTRS(attrs, struct vt_pool_attrs),
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 2,
    .infer = vt__pool_infer,
    .ref = ref,
    .reach = vt__reach_pool,
    .grad = grad,
    VT_CASES(cases),
};
