/* ConstantOfShape: a tensor of the given shape, filled with one value (default: f32 0). */
#include "ops/util.h"

struct attrs {
  struct vt_tensor value;
};

static enum vt_dtype type(const struct attrs *a)
{
  return a->value.data ? a->value.dtype : VT_F32;
}

static int infer(struct vt_node *n, struct vt_err *e)
{
  int64_t dim[VT_MAX_RANK];
  int rank = vt__const_ints(n->in[0], dim, VT_MAX_RANK);
  for (int i = 0; i < rank; i++)
    if (dim[i] < 0) return vt__bad(e, VT_ESHAPE, n, "dimension %lld", (long long)dim[i]);
  vt__out(n, 0, type(n->attrs), rank, dim);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  int64_t dim[VT_MAX_RANK];
  int rank = vt__tensor_ints(c->in[0], dim, VT_MAX_RANK);
  if (rank < 0)
    return vt__bad(e, VT_EARG, c->node, "the shape must be a vector of up to %d integers", VT_MAX_RANK);
  int rc = vt__res_shape(c, 0, type(a), rank, dim, e);
  if (rc) return rc;
  struct vt_tensor *y = c->out[0];
  int64_t n = vt_tensor_count(y);
  if (!a->value.data || a->value.dtype != y->dtype) {
    for (int64_t i = 0; i < n; i++) vt_tensor_set(y, i, a->value.data ? vt_tensor_get(&a->value, 0) : 0);
  } else {
    for (int64_t i = 0; i < n; i++) vt__copy1(y->data, i, a->value.data, 0, vt_dtype_size(y->dtype));
  }
  return VT_OK;
}

static const struct vt_attr_desc rows[] = {
    {.name = "value", .type = VT_ATTR_TENSOR, .offset = offsetof(struct attrs, value)}};
static const struct vt_op_case cases[] = {{"zeros", "", "i64[3]={2,1,4}"}, {"scalar", "", "i64[0]={}"}};

const struct vt_op_desc vt_op_constant_of_shape = {
    .name = "ConstantOfShape",
    .domain = "",
    .since = 9,
    .doc = "A tensor of the given shape, filled with one value.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .traits = VT_SHAPE_DATA,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
