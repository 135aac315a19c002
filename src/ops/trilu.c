/* Trilu: the upper or lower triangle of the last two dimensions; the rest is 0. */
#include "ops/util.h"

struct attrs {
  int64_t upper;
};

static int infer(struct vt_node *n, struct vt_err *e)
{
  int rc = vt__check_rank(n, 0, 2, VT_MAX_RANK, e);
  return rc ? rc : vt__infer_same(n, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0], *k = vt__arg(c, 1);
  int64_t shift = k ? vt_tensor_whole(k, 0) : 0, h = x->dim[x->rank - 2], w = x->dim[x->rank - 1];
  int64_t n = vt_tensor_count(x);
  size_t size = vt_dtype_size(x->dtype);
  static const uint64_t zero = 0;
  for (int64_t at = 0; at < n; at++) {
    int64_t i = at / w % h, d = at % w - i;
    bool keep = a->upper ? d >= shift : d <= shift;
    vt__copy1(c->out[0]->data, at, keep ? (const char *)x->data + (size_t)at * size : (const void *)&zero, 0,
              size);
  }
  return VT_OK;
}

static int grad(VT_GRAD_ARGS)
{
  const struct attrs *a = n->attrs;
  struct vt_value *in[] = {dy[0], vt__in_mut(n, 1)}, *out;
  if (need[0]) dx[0] = vt_emit_n(g, "Trilu", in[1] ? 2 : 1, in, 1, &out, "upper=%d", a->upper != 0);
  return vt_graph_status(g, e);
}

static const struct vt_attr_desc rows[] = {VT_A_INT(struct attrs, upper, 1)};
static const struct vt_op_case cases[] = {{"upper", "", "f32[2,3,4]"},
                                          {"lower", "upper=0", "f32[4,3] i64[]={-1}"},
                                          {"integers", "", "i64[3,3] i64[]={1}"}};

const struct vt_op_desc vt_op_trilu = {
    .name = "Trilu",
    .domain = "",
    .since = 14,
    .doc = "The upper or lower triangle of the last two dimensions.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 1,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    .grad = grad,
    VT_CASES(cases),
};
