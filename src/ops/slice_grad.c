/* ai.vitrine:SliceGrad: lays dy into zeros of attribute `shape` at starts + i · steps (one entry per axis).
 */
#include "ops/grad_check.h"
#include "ops/slice_ref.h"

/* Whether start, start + step, … of `count` entries stay within `size`. */
static bool inside(int64_t start, int64_t step, int64_t count, int64_t size)
{
  int64_t last;
  return start >= 0 && start < size && !__builtin_mul_overflow(count - 1, step, &last) &&
         !__builtin_add_overflow(start, last, &last) && last >= 0 && last < size;
}

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt__slice_attrs *a = n->attrs;
  const struct vt_value *dy = n->in[0];
  int rank = a->shape.n;
  if (rank > VT_MAX_RANK || a->starts.n != rank || a->steps.n != rank)
    return vt__bad(e, VT_ESHAPE, n, "shape, starts and steps differ in length");
  int rc = vt__check_rank(n, 0, rank, rank, e);
  for (int d = 0; dy->rank >= 0 && d < rank && !rc; d++)
    if (dy->dim[d] > 0 && !inside(a->starts.v[d], a->steps.v[d], dy->dim[d], a->shape.v[d]))
      rc = vt__bad(e, VT_ESHAPE, n, "%lld entries from %lld by %lld leave dimension %d of %lld",
                   (long long)dy->dim[d], (long long)a->starts.v[d], (long long)a->steps.v[d], d,
                   (long long)a->shape.v[d]);
  return rc ? rc : vt__out_shape(n, dy->dtype, &a->shape, e);
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
    to[d] *= dy->dim[d] > 1 ? a->steps.v[d] : 1; /* one entry: a step of any length */
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
