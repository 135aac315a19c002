/* Compress: the slices of x along one axis (or the elements of x, flattened) whose condition holds. */
#include "ops/util.h"

struct attrs {
  int64_t axis;
  bool has_axis;
};

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct attrs *a = n->attrs;
  const struct vt_value *x = n->in[0];
  int64_t dim[VT_MAX_RANK] = {-1};
  int axis = 0, rank = a->has_axis ? x->rank : 1;
  int rc = vt__check_rank(n, 1, 1, 1, e);
  if (!rc && a->has_axis && rank >= 0) rc = vt__axis(n, a->axis, rank, &axis, e);
  for (int d = 0; d < rank && a->has_axis; d++) dim[d] = d == axis ? -1 : x->dim[d];
  vt__out(n, 0, x->dtype, rank, dim);
  return rc;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0], *keep = c->in[1];
  const uint8_t *k = keep->data;
  int axis = 0, rank = a->has_axis ? x->rank : 1, rc = VT_OK;
  int64_t dim[VT_MAX_RANK] = {vt_tensor_count(x)}, kept = 0;
  if (keep->dtype != VT_BOOL) return vt__bad_dtype(c, keep->dtype, e);
  if (a->has_axis) {
    memcpy(dim, x->dim, sizeof dim);
    if ((rc = vt__axis(c->node, a->axis, rank, &axis, e))) return rc;
  }
  int64_t n = dim[axis], outer = vt__span(dim, 0, axis), inner = vt__span(dim, axis + 1, rank);
  if (vt_tensor_count(keep) > n)
    return vt__bad(e, VT_ESHAPE, c->node, "%lld conditions for %lld slices", (long long)vt_tensor_count(keep),
                   (long long)n);
  n = vt_tensor_count(keep);
  int64_t all = dim[axis];
  for (int64_t i = 0; i < n; i++) kept += k[i] != 0;
  dim[axis] = kept;
  if ((rc = vt__res_shape(c, 0, x->dtype, rank, dim, e))) return rc;
  size_t bytes = (size_t)inner * vt_dtype_size(x->dtype);
  char *to = c->out[0]->data;
  for (int64_t o = 0; o < outer; o++)
    for (int64_t i = 0; i < n; i++) {
      if (!k[i] || !bytes) continue;
      memcpy(to, (const char *)x->data + (size_t)(o * all + i) * bytes, bytes);
      to += bytes;
    }
  return VT_OK;
}

static const struct vt_attr_desc rows[] = {{.name = "axis",
                                            .type = VT_ATTR_INT,
                                            .offset = offsetof(struct attrs, axis),
                                            .present = offsetof(struct attrs, has_axis)}};
static const struct vt_op_case cases[] = {{"flat", "", "f32[2,3] bool[5]={0,1,0,1,1}"},
                                          {"rows", "axis=0", "f32[3,2] bool[3]={0,1,1}"},
                                          {"last axis", "axis=-1", "i64[2,3] bool[2]={0,1}"},
                                          {"none", "axis=1", "f32[2,3,2] bool[3]={0,0,0}"}};

const struct vt_op_desc vt_op_compress = {
    .name = "Compress",
    .domain = "",
    .since = 9,
    .doc = "The slices of x along one axis whose condition holds; without axis, elements of x.",
    VT_ATTRS(rows, struct attrs),
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
