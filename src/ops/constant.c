/* Constant: the value of its one attribute that is given. */
#include "ops/util.h"

struct attrs {
  struct vt_tensor value;
  bool has_float, has_int, has_floats, has_ints;
  float value_float;
  int64_t value_int;
  struct vt_floats value_floats;
  struct vt_ints value_ints;
};

/* The tensor meant; a view on the attributes. */
static struct vt_tensor meant(const struct attrs *a)
{
  if (a->has_float) return vt_tensor_view(VT_F32, 0, NULL, (void *)&a->value_float);
  if (a->has_int) return vt_tensor_view(VT_I64, 0, NULL, (void *)&a->value_int);
  if (a->has_floats)
    return vt_tensor_view(VT_F32, 1, (int64_t[]){a->value_floats.n}, (void *)a->value_floats.v);
  if (a->has_ints) return vt_tensor_view(VT_I64, 1, (int64_t[]){a->value_ints.n}, (void *)a->value_ints.v);
  return a->value;
}

static int infer(struct vt_node *n, struct vt_err *e)
{
  struct vt_tensor t = meant(n->attrs);
  if (!t.dtype)
    return vt__bad(e, VT_EARG, n, "no value is given (sparse and string values are not supported)");
  vt__out(n, 0, t.dtype, t.rank, t.dim);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  struct vt_tensor t = meant(c->attrs), *y = c->out[0];
  if (t.dtype != y->dtype) /* halves are computed as f32 */
    vt_convert(t.dtype, t.data, y->dtype, y->data, vt_tensor_count(&t));
  else if (vt_tensor_bytes(&t))
    memcpy(y->data, t.data, vt_tensor_bytes(&t));
  return VT_OK;
}

#define GIVEN(field, type_, flag)                                                                            \
  {                                                                                                          \
    .name = #field, .type = type_, .offset = offsetof(struct attrs, field),                                  \
    .present = offsetof(struct attrs, flag)                                                                  \
  }
static const struct vt_attr_desc rows[] = {
    {.name = "value", .type = VT_ATTR_TENSOR, .offset = offsetof(struct attrs, value)},
    GIVEN(value_float, VT_ATTR_FLOAT, has_float),
    GIVEN(value_int, VT_ATTR_INT, has_int),
    GIVEN(value_floats, VT_ATTR_FLOATS, has_floats),
    GIVEN(value_ints, VT_ATTR_INTS, has_ints),
};
static const struct vt_op_case cases[] = {{"float", "value_float=2.5", ""},
                                          {"integers", "value_ints=[3,1,2]", ""},
                                          {"floats", "value_floats=[0.5,1]", ""},
                                          {"integer", "value_int=-7", ""}};

const struct vt_op_desc vt_op_constant = {
    .name = "Constant",
    .domain = "",
    .since = 1,
    .doc = "The value of its attribute.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 0,
    .max_in = 0,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
