/* IsNaN: where x is not a number. */
#include "ops/util.h"

#define BODY(T)                                                                                              \
  for (int64_t i = 0; i < n; i++) {                                                                          \
    T x = ((const T *)in->data)[i];                                                                          \
    y[i] = isnan(x);                                                                                         \
  }

static int infer(struct vt_node *n, struct vt_err *e)
{
  vt__out(n, 0, VT_BOOL, n->in[0]->rank, n->in[0]->dim);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{

  const struct vt_tensor *in = c->in[0];
  uint8_t *y = c->out[0]->data;
  int64_t n = vt_tensor_count(in);
  VT_SWITCH_FLOAT(in->dtype, BODY, return vt__bad_dtype(c, in->dtype, e))
  return VT_OK;
}

static const struct vt_op_case cases[] = {{"plain", "", "f32[5]={0,nan,1,inf,-inf}"}};

const struct vt_op_desc vt_op_is_nan = {
    .name = "IsNaN",
    .domain = "",
    .since = 9,
    .doc = "Where x is not a number.",

    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .traits = VT_ELEMENTWISE,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
