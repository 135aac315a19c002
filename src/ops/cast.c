/* Cast: to another element type; floats to integers truncate, to bool compare with 0. */
#include "ops/util.h"

struct attrs {
  int64_t to, saturate;
};

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct attrs *a = n->attrs;
  if (a->to < 0 || a->to > VT_BF16 || !vt_dtype_size((enum vt_dtype)a->to))
    return vt__bad(e, VT_EUNSUPPORTED, n, "element type %lld", (long long)a->to);
  vt__out(n, 0, (enum vt_dtype)a->to, n->in[0]->rank, n->in[0]->dim);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[0];
  struct vt_tensor *y = c->out[0];
  int64_t n = vt_tensor_count(x);
  bool whole = !vt_dtype_is_float(y->dtype);
  if (x->dtype == y->dtype) {
    if (n && x->data != y->data) memcpy(y->data, x->data, vt_tensor_bytes(x));
    return VT_OK;
  }
  if (!whole && vt_dtype_is_float(x->dtype)) {
    vt_convert(x->dtype, x->data, y->dtype, y->data, n);
    return VT_OK;
  }
  if (!vt_dtype_is_float(x->dtype) && whole && y->dtype != VT_BOOL &&
      x->dtype != VT_BOOL) { /* exact, wraps */
    for (int64_t i = 0; i < n; i++) {
      int64_t v = 0;
#define BODY(T) v = (int64_t)((const T *)x->data)[i];
      VT_SWITCH_INTEGER(x->dtype, BODY, return vt__bad_dtype(c, x->dtype, e))
#undef BODY
#define BODY(T) ((T *)y->data)[i] = (T)v;
      VT_SWITCH_INTEGER(y->dtype, BODY, return vt__bad_dtype(c, y->dtype, e))
#undef BODY
    }
    return VT_OK;
  }
  for (int64_t i = 0; i < n; i++) {
    double v = vt_tensor_get(x, i);
    vt_tensor_set(y, i, y->dtype == VT_BOOL ? v != 0 : whole ? trunc(v) : v);
  }
  return VT_OK;
}

static int grad(VT_GRAD_ARGS)
{
  if (vt_dtype_is_float(n->in[0]->dtype))
    dx[0] = vt_emit(g, "Cast", VT_IN(dy[0]), "to=%d", (int)n->in[0]->dtype);
  return vt_graph_status(g, e);
}

static const struct vt_attr_desc rows[] = {
    {.name = "to", .type = VT_ATTR_INT, .offset = offsetof(struct attrs, to), .required = true},
    VT_A_INT(struct attrs, saturate, 1)};
static const struct vt_op_case cases[] = {{"to i64", "to=7", "f32[2,3]:-5..5"},
                                          {"to f32", "to=1", "i64[2,3]"},
                                          {"to bool", "to=9", "f32[4]={0,0.5,-2,0}"},
                                          {"same", "to=1", "f32[2,3]"},
                                          {"to u8", "to=2", "i32[2,3]"}};

const struct vt_op_desc vt_op_cast = {
    .name = "Cast",
    .domain = "",
    .since = 6,
    .doc = "Converts elements to another type.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .traits = VT_ELEMENTWISE,
    .infer = infer,
    .ref = ref,
    .grad = grad,
    VT_CASES(cases),
};
