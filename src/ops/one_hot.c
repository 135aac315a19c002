/* OneHot: indices spread along a new axis of `depth` entries: values[1] at the index, values[0] elsewhere. */
#include "ops/util.h"

static int shape(const struct vt_node *n, int rank, const int64_t *dim, int64_t depth, int *axis,
                 int64_t *out, struct vt_err *e)
{
  const struct vt_axis_attrs *a = n->attrs;
  if (rank + 1 > VT_MAX_RANK) return vt__bad(e, VT_ELIMIT, n, "rank over %d", VT_MAX_RANK);
  int rc = vt__axis(n, a->axis, rank + 1, axis, e);
  for (int d = 0; d <= rank && !rc; d++) out[d] = d == *axis ? depth : dim[d > *axis ? d - 1 : d];
  return rc;
}

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *i = n->in[0], *depth = n->in[1];
  int64_t dim[VT_MAX_RANK], size = -1;
  int axis = 0, rc = VT_OK;
  if (depth->is_constant && depth->init.data && vt_tensor_count(&depth->init) == 1) {
    size = vt_tensor_whole(&depth->init, 0);
    if (size < 0 || size > INT32_MAX) return vt__bad(e, VT_EARG, n, "depth %lld", (long long)size);
  }
  if (i->rank >= 0) rc = shape(n, i->rank, i->dim, size, &axis, dim, e);
  vt__out(n, 0, n->in[2]->dtype, i->rank < 0 ? -1 : i->rank + 1, dim);
  return rc;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *index = c->in[0], *values = c->in[2];
  int64_t dim[VT_MAX_RANK], depth = vt_tensor_whole(c->in[1], 0);
  int axis = 0;
  if (depth < 0 || depth > INT32_MAX || vt_tensor_count(values) != 2)
    return vt__bad(e, VT_EARG, c->node, "depth %lld, %lld values", (long long)depth,
                   (long long)vt_tensor_count(values));
  int rc = shape(c->node, index->rank, index->dim, depth, &axis, dim, e);
  if (!rc) rc = vt__res_shape(c, 0, values->dtype, index->rank + 1, dim, e);
  if (rc) return rc;
  size_t size = vt_dtype_size(values->dtype);
  int64_t outer = vt__span(dim, 0, axis), inner = vt__span(dim, axis + 1, index->rank + 1);
  for (int64_t o = 0; o < outer; o++)
    for (int64_t i = 0; i < inner; i++) {
      int64_t k = vt_tensor_whole(index, o * inner + i);
      if (k < 0) k += depth;
      for (int64_t d = 0; d < depth; d++)
        vt__copy1(c->out[0]->data, (o * depth + d) * inner + i, values->data, d == k, size);
    }
  return VT_OK;
}

static const struct vt_attr_desc attrs[] = {VT_A_INT(struct vt_axis_attrs, axis, -1)};
static const struct vt_op_case cases[] = {{"last", "", "i64[3]={0,2,-1} i64[]={4} f32[2]={0,1}"},
                                          {"first", "axis=0", "i64[2,2]={0,2,1,9} i64[1]={3} i32[2]={-1,5}"}};

const struct vt_op_desc vt_op_one_hot = {
    .name = "OneHot",
    .domain = "",
    .since = 9,
    .doc = "Indices spread along a new axis: values[1] at the index, values[0] elsewhere.",
    VT_ATTRS(attrs, struct vt_axis_attrs),
    .min_in = 3,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .traits = VT_SHAPE_DATA,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
