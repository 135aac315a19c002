/* Not: y = !x. */
#include "ops/util.h"

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  int64_t n = vt_tensor_count(c->in[0]);
  for (int64_t i = 0; i < n; i++) ((uint8_t *)c->out[0]->data)[i] = !((const uint8_t *)c->in[0]->data)[i];
  return VT_OK;
}

static const struct vt_op_case cases[] = {{"plain", "", "bool[2,3]"}};

VT_UNARY_OP(not, "Not", 1, NULL, "y = !x.");
