/* Size: number of elements. */
#include "ops/util.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  vt__out(n, 0, VT_I64, 0, NULL);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  *(int64_t *)c->out[0]->data = vt_tensor_count(c->in[0]);
  return VT_OK;
}

static const struct vt_op_case cases[] = {{"matrix", "", "f32[2,3]"}};

const struct vt_op_desc vt_op_size = {
    .name = "Size",
    .domain = "",
    .since = 1,
    .doc = "Number of elements of x.",
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
