/* EyeLike: ones on the k-th diagonal of a matrix of the input's shape, zeros elsewhere. */
#include "ops/util.h"

struct attrs {
  int64_t dtype, k;
};

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct attrs *a = n->attrs;
  int rc = vt__check_rank(n, 0, 2, 2, e);
  if (a->dtype < 0 || a->dtype > VT_BF16 || (a->dtype && !vt_dtype_size((enum vt_dtype)a->dtype)))
    return vt__bad(e, VT_EUNSUPPORTED, n, "element type %lld", (long long)a->dtype);
  vt__out(n, 0, a->dtype ? (enum vt_dtype)a->dtype : n->in[0]->dtype, n->in[0]->rank, n->in[0]->dim);
  return rc;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0];
  struct vt_tensor *y = c->out[0];
  int64_t count = vt_tensor_count(y);
  if (count) memset(y->data, 0, vt_tensor_bytes(y));
  for (int64_t i = 0; i < x->dim[0] && count; i++) {
    int64_t j = 0;
    if (!__builtin_add_overflow(i, a->k, &j) && j >= 0 && j < x->dim[1])
      vt_tensor_set(y, i * x->dim[1] + j, 1);
  }
  return VT_OK;
}

static const struct vt_attr_desc rows[] = {VT_A_INT(struct attrs, dtype, 0), VT_A_INT(struct attrs, k, 0)};
static const struct vt_op_case cases[] = {{"square", "", "f32[3,3]", .nograd = 1},
                                          {"upper", "k=1 dtype=7", "f32[2,4]"},
                                          {"lower", "k=-2", "i32[4,3]"},
                                          {"outside", "k=9", "f32[2,3]", .nograd = 1}};

const struct vt_op_desc vt_op_eye_like = {
    .name = "EyeLike",
    .domain = "",
    .since = 9,
    .doc = "Ones on the k-th diagonal of a matrix of the input's shape, zeros elsewhere.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
