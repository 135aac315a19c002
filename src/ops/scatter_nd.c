/* ScatterND: a copy of x with the slices named by index tuples replaced, or combined. */
#include "ops/nd_ref.h"

enum { NONE, ADD, MUL, MAX, MIN };
struct attrs {
  int reduction;
};

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *x = n->in[0], *i = n->in[1];
  if (x->rank >= 0 && i->rank > 0 && i->dim[i->rank - 1] > x->rank)
    return vt__bad(e, VT_ESHAPE, n, "tuples of %lld for rank %d", (long long)i->dim[i->rank - 1], x->rank);
  return vt__infer_same(n, e);
}

static double combine(int how, double was, double v)
{
  return how == ADD   ? was + v
         : how == MUL ? was * v
         : how == MAX ? fmax(was, v)
         : how == MIN ? fmin(was, v)
                      : v;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0], *index = c->in[1], *u = c->in[2];
  struct vt_tensor *y = c->out[0];
  int64_t k = index->rank ? index->dim[index->rank - 1] : 0, stride[VT_MAX_RANK], offset;
  if (index->rank < 1 || k > x->rank)
    return vt__bad(e, VT_ESHAPE, c->node, "index tuples do not fit the data");
  int64_t tuples = vt__span(index->dim, 0, index->rank - 1), slice = vt__span(x->dim, (int)k, x->rank);
  size_t size = vt_dtype_size(x->dtype);
  if (vt_tensor_count(u) != tuples * slice)
    return vt__bad(e, VT_ESHAPE, c->node, "updates do not fit the indices");
  if (vt_tensor_bytes(x) && y->data != x->data) memcpy(y->data, x->data, vt_tensor_bytes(x));
  vt__strides(x->rank, x->dim, stride);
  for (int64_t t = 0; t < tuples; t++) {
    int rc = vt__nd_offset(c, index, t, k, x->dim, stride, &offset, e);
    if (rc) return rc;
    for (int64_t i = 0; i < slice; i++)
      if (a->reduction == NONE)
        vt__copy1(y->data, offset + i, u->data, t * slice + i, size);
      else
        vt_tensor_set(y, offset + i,
                      combine(a->reduction, vt_tensor_get(y, offset + i), vt_tensor_get(u, t * slice + i)));
  }
  return VT_OK;
}

static const struct vt_attr_desc rows[] = {VT_A_ENUM(struct attrs, reduction, "none|add|mul|max|min", NONE)};
static const struct vt_op_case cases[] = {{"elements", "", "f32[4] i64[2,1]={3,-4} f32[2]"},
                                          {"slices", "reduction=add", "f32[3,2] i64[2,1]={1,1} f32[2,2]"}};

const struct vt_op_desc vt_op_scatter_nd = {
    .name = "ScatterND",
    .domain = "",
    .since = 11,
    .doc = "x with slices named by index tuples replaced, or combined.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 3,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .traits = VT_INPLACE0,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
