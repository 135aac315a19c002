/* Upsample (opset 7 to 9): Resize's ancestor, asymmetric coordinates, rounding down. */
#include "ops/resize_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *x = n->in[0], *scales = vt__in(n, 1);
  struct vt_resize_attrs *a = n->attrs;
  a->coordinate_transformation_mode = VT_RESIZE_ASYMMETRIC;
  a->nearest_mode = VT_ROUND_FLOOR;
  int64_t dim[VT_MAX_RANK];
  bool known;
  for (int i = 0; i < VT_MAX_RANK; i++) dim[i] = -1;
  if (x->rank >= 0 && (!scales || scales->is_constant)) {
    int rc = vt__resize_shape(n, x->rank, x->dim, scales ? &scales->init : NULL, NULL, dim, &known, e);
    if (rc) return rc;
    if (!known) return vt__bad(e, VT_EARG, n, "scales are not given");
  }
  vt__out(n, 0, x->dtype, x->rank, dim);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[0], *scales = vt__arg(c, 1);
  int64_t dim[VT_MAX_RANK];
  float scale[VT_MAX_RANK];
  bool known;
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  int rc = vt__resize_shape(c->node, x->rank, x->dim, scales, NULL, dim, &known, e);
  if (!rc) rc = vt__res_shape(c, 0, x->dtype, x->rank, dim, e);
  if (rc) return rc;
  vt_resize_scales(c->node, x->rank, x->dim, dim, scales, scale);
  return vt__resize_run(c, x, c->out[0], scale, NULL, false, e);
}

static const struct vt_attr_desc attrs[] = {
    VT_A_ENUM(struct vt_resize_attrs, mode, "nearest|linear", VT_RESIZE_NEAREST),
    VT_A_FLOATS(struct vt_resize_attrs, scales),
};
static const struct vt_op_case cases[] = {
    {"attribute", "scales=[1,1,2,3]", "f32[1,2,3,4]"},
    {"linear", "mode=linear", "f32[1,2,3,4] f32[4]={1,1,2,2}"},
};

const struct vt_op_desc vt_op_upsample = {
    .name = "Upsample",
    .domain = "",
    .since = 7,
    .until = 9,
    .doc = "Enlarges every axis by scales; replaced by Resize.",
    VT_ATTRS(attrs, struct vt_resize_attrs),
    .min_in = 1,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .traits = VT_SHAPE_DATA,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
