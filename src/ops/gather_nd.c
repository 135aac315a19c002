/* GatherND: slices of x named by index tuples in the last dimension of indices. */
#include "ops/nd_ref.h"

struct attrs {
  int64_t batch_dims;
};

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct attrs *a = n->attrs;
  const struct vt_value *x = n->in[0], *i = n->in[1];
  int64_t dim[VT_MAX_RANK], b = a->batch_dims;
  int rank = -1;
  if (x->rank >= 0 && i->rank >= 0) {
    if (i->rank < 1 || b < 0 || b >= i->rank || b >= x->rank)
      return vt__bad(e, VT_ESHAPE, n, "batch_dims is too large");
    int64_t k = i->dim[i->rank - 1];
    if (k >= 0) {
      if (k > x->rank - b || i->rank - 1 + x->rank - b - k > VT_MAX_RANK)
        return vt__bad(e, VT_ESHAPE, n, "tuples of %lld for rank %d", (long long)k, x->rank);
      rank = 0;
      for (int d = 0; d < i->rank - 1; d++) dim[rank++] = i->dim[d];
      for (int d = (int)(b + k); d < x->rank; d++) dim[rank++] = x->dim[d];
    }
  }
  vt__out(n, 0, x->dtype, rank, dim);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0], *index = c->in[1];
  int b = (int)a->batch_dims;
  int64_t k = index->dim[index->rank - 1], batches = vt__span(x->dim, 0, b), stride[VT_MAX_RANK], offset;
  int64_t tuples = vt__span(index->dim, b, index->rank - 1), slice = vt__span(x->dim, (int)(b + k), x->rank);
  int64_t plane = vt__span(x->dim, b, x->rank);
  size_t size = vt_dtype_size(x->dtype);
  if (batches != vt__span(index->dim, 0, b)) return vt__bad(e, VT_ESHAPE, c->node, "batch dimensions differ");
  vt__strides(x->rank - b, x->dim + b, stride);
  for (int64_t o = 0; o < batches; o++)
    for (int64_t t = 0; t < tuples; t++) {
      int rc = vt__nd_offset(c, index, o * tuples + t, k, x->dim + b, stride, &offset, e);
      if (rc) return rc;
      memcpy((char *)c->out[0]->data + (size_t)((o * tuples + t) * slice) * size,
             (const char *)x->data + (size_t)(o * plane + offset) * size, (size_t)slice * size);
    }
  return VT_OK;
}

static const struct vt_attr_desc rows[] = {VT_A_INT(struct attrs, batch_dims, 0)};
static const struct vt_op_case cases[] = {{"elements", "", "f32[2,3] i64[2,2]={0,0,1,-1}"},
                                          {"slices", "", "f32[2,3,4] i64[3,1]={1,0,1}"},
                                          {"batch", "batch_dims=1", "f32[2,3,2] i64[2,1]={1,0}"}};

const struct vt_op_desc vt_op_gather_nd = {
    .name = "GatherND",
    .domain = "",
    .since = 11,
    .doc = "Slices of x named by index tuples.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
