/* ai.vitrine:SliceGrad: lays dy into zeros of attribute `shape` at starts + i · steps (one entry per axis).
 */
#include "ops/slice_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt__slice_attrs *a = n->attrs;
  const struct vt_value *dy = n->in[0];
  int rank = a->shape.n;
  if (rank > VT_MAX_RANK || a->starts.n != rank || a->steps.n != rank)
    return vt__bad(e, VT_ESHAPE, n, "shape, starts and steps differ in length");
  int rc = vt__check_rank(n, 0, rank, rank, e);
  if (rc) return rc;
  for (int d = 0; dy->rank >= 0 && d < rank; d++) {
    if (dy->dim[d] < 1) continue;
    if (a->steps.v[d] < -INT32_MAX || a->steps.v[d] > INT32_MAX || dy->dim[d] > INT32_MAX)
      return vt__bad(e, VT_ELIMIT, n, "step %lld", (long long)a->steps.v[d]);
    if (a->starts.v[d] > (int64_t)1 << 40)
      return vt__bad(e, VT_ELIMIT, n, "start %lld", (long long)a->starts.v[d]);
    int64_t last = a->starts.v[d] + (dy->dim[d] - 1) * a->steps.v[d];
    if (a->starts.v[d] < 0 || last < 0 || a->starts.v[d] >= a->shape.v[d] || last >= a->shape.v[d])
      return vt__bad(e, VT_ESHAPE, n, "dimension %d reaches to %lld of %lld", d, (long long)last,
                     (long long)a->shape.v[d]);
  }
  vt__out(n, 0, dy->dtype, rank, a->shape.v);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt__slice_attrs *a = c->attrs;
  const struct vt_tensor *dy = c->in[0];
  struct vt_tensor *dx = c->out[0];
  size_t size = vt_dtype_size(dy->dtype);
  int64_t to[VT_MAX_RANK], from[VT_MAX_RANK], at = 0;
  memset(dx->data, 0, vt_tensor_bytes(dx));
  if (vt_tensor_count(dy) == 0) return VT_OK;
  vt__strides(dx->rank, dx->dim, to);
  vt__strides(dy->rank, dy->dim, from);
  for (int d = 0; d < dx->rank; d++) {
    at += a->starts.v[d] * to[d];
    to[d] *= a->steps.v[d];
  }
  vt__copy_strided(dy->rank, dy->dim, size, (char *)dx->data + at * (int64_t)size, to, dy->data, from);
  return VT_OK;
}

#define S struct vt__slice_attrs
static const struct vt_attr_desc attrs[] = {VT_A_INTS(S, starts), VT_A_INTS(S, steps), VT_A_INTS(S, shape)};
static const struct vt_op_case cases[] = {
    {"channels", "starts=[0,4,0,0] steps=[1,1,1,1] shape=[2,16,3,4]", "f32[2,8,3,4]"},
    {"steps", "starts=[0,1,7] steps=[1,2,-3] shape=[3,9,8]", "f32[3,4,3]"},
};

const struct vt_op_desc vt_op_slice_grad = {
    .name = "SliceGrad",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Gradient of Slice: dy laid into zeros at starts + i steps.",
    VT_ATTRS(attrs, S),
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
