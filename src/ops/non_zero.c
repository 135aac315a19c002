/* NonZero: where x is not zero, as one column of indices per element, in row-major order. */
#include "ops/util.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  int64_t dim[2] = {n->in[0]->rank < 0 ? -1 : VT_MAX(n->in[0]->rank, 1), -1};
  vt__out(n, 0, VT_I64, 2, dim);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[0];
  int64_t n = vt_tensor_count(x), rank = VT_MAX(x->rank, 1), found = 0, k = 0;
  for (int64_t i = 0; i < n; i++) found += vt_tensor_get(x, i) != 0;
  int rc = vt__res_shape(c, 0, VT_I64, 2, (int64_t[]){rank, found}, e);
  if (rc) return rc;
  int64_t *y = c->out[0]->data;
  for (int64_t i = 0; i < n && found; i++) {
    if (vt_tensor_get(x, i) == 0) continue;
    int64_t rest = i;
    for (int d = (int)rank - 1; d >= 0; d--) {
      int64_t size = x->rank ? x->dim[d] : 1;
      y[d * found + k] = rest % size;
      rest /= size;
    }
    k++;
  }
  return VT_OK;
}

static const struct vt_op_case cases[] = {{"matrix", "", "i64[2,3]={0,2,0,1,0,7}"},
                                          {"random", "", "i32[3,2,4]"},
                                          {"bool", "", "bool[9]"},
                                          {"nothing", "", "f32[4]={0,0,0,0}"}};

const struct vt_op_desc vt_op_non_zero = {
    .name = "NonZero",
    .domain = "",
    .since = 9,
    .doc = "Indices of the elements that are not zero: (rank, how many).",
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
