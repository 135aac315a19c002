/* ai.vitrine:GatherGrad: adds the slices of dy into zeros of attribute `shape` at the indices. */
#include "ops/grad_check.h"

struct attrs {
  int64_t axis;
  struct vt_ints shape;
};

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct attrs *a = n->attrs;
  int axis, rc;
  if (a->shape.n < 1 || a->shape.n > VT_MAX_RANK)
    return vt__bad(e, VT_ESHAPE, n, "shape has %d entries", a->shape.n);
  if ((rc = vt__axis(n, a->axis, a->shape.n, &axis, e))) return rc;
  return vt__out_shape(n, n->in[0]->dtype, &a->shape, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *dy = c->in[0], *index = c->in[1];
  struct vt_tensor *dx = c->out[0];
  if (dy->dtype != VT_F32) return vt__bad_dtype(c, dy->dtype, e);
  int axis = (int)(a->axis < 0 ? a->axis + dx->rank : a->axis);
  int64_t outer = vt__span(dx->dim, 0, axis), n = dx->dim[axis],
          inner = vt__span(dx->dim, axis + 1, dx->rank);
  int64_t m = vt_tensor_count(index);
  if (vt_tensor_count(dy) != outer * m * inner)
    return vt__bad(e, VT_ESHAPE, c->node, "the gradient does not have the shape of the output");
  memset(dx->data, 0, vt_tensor_bytes(dx));
  for (int64_t o = 0; o < outer; o++)
    for (int64_t i = 0; i < m; i++) {
      int64_t k = vt_tensor_whole(index, i);
      if (k < -n || k >= n)
        return vt__bad(e, VT_EARG, c->node, "index %lld outside %lld entries", (long long)k, (long long)n);
      if (k < 0) k += n;
      const float *from = (const float *)dy->data + (o * m + i) * inner;
      float *to = (float *)dx->data + (o * n + k) * inner;
      for (int64_t j = 0; j < inner; j++) to[j] += from[j];
    }
  return VT_OK;
}

static const struct vt_attr_desc rows[] = {VT_A_INT(struct attrs, axis, 0), VT_A_INTS(struct attrs, shape)};
static const struct vt_op_case cases[] = {{"rows", "shape=[5,4]", "f32[3,4] i64[3]={4,-5,4}"}};

const struct vt_op_desc vt_op_gather_grad = {
    .name = "GatherGrad",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Gradient of Gather from (dy, indices): slices added at their indices.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
