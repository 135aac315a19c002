/* Flatten: (d0 … d[axis−1], d[axis] …) as a matrix. */
#include "ops/shape_ref.h"

static int matrix(const struct vt_node *n, int rank, const int64_t *dim, int64_t *out, struct vt_err *e)
{
  const struct vt_axis_attrs *a = n->attrs;
  if (a->axis < -rank || a->axis > rank)
    return vt__bad(e, VT_ESHAPE, n, "axis %lld outside rank %d", (long long)a->axis, rank);
  int axis = (int)(a->axis < 0 ? a->axis + rank : a->axis);
  out[0] = vt_dims_count(axis, dim);
  out[1] = vt_dims_count(rank - axis, dim + axis);
  return VT_OK;
}

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *x = n->in[0];
  int64_t dim[VT_MAX_RANK] = {-1, -1};
  int rc = x->rank < 0 ? VT_OK : matrix(n, x->rank, x->dim, dim, e);
  vt__out(n, 0, x->dtype, 2, dim);
  return rc;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  int64_t dim[2];
  int rc = matrix(c->node, c->in[0]->rank, c->in[0]->dim, dim, e);
  return rc ? rc : vt__view(c, 2, dim, e);
}

static const struct vt_attr_desc attrs[] = {VT_A_INT(struct vt_axis_attrs, axis, 1)};
static const struct vt_op_case cases[] = {{"default", "", "f32[2,3,4,5]"},
                                          {"axis 0", "axis=0", "f32[2,3]"},
                                          {"axis -1", "axis=-1", "f32[2,3,4]"},
                                          {"16 channels", "", "f32[2,16,1,1]"}};

const struct vt_op_desc vt_op_flatten = {
    .name = "Flatten",
    .domain = "",
    .since = 1,
    .doc = "A matrix of the dimensions before axis and those from axis on.",
    VT_ATTRS(attrs, struct vt_axis_attrs),
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .traits = VT_VIEW,
    .infer = infer,
    .ref = ref,
    .grad = vt__view_grad,
    VT_CASES(cases),
};
