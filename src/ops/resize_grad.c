/* ai.vitrine:ResizeGrad: the transposed resampling. Attribute `shape` is the shape of Resize's input, the
 * others and `scales` (left out: sizes decide) are the forward node's. */
#include "ops/grad_check.h"
#include "ops/resize_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_resize_attrs *a = n->attrs;
  int rc = a->shape.n > 0 ? vt__check_rank(n, 0, a->shape.n, a->shape.n, e) : VT_OK;
  return rc ? rc : vt__out_shape(n, n->in[0]->dtype, &a->shape, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *dy = c->in[0];
  float scale[VT_MAX_RANK];
  if (dy->dtype != VT_F32) return vt__bad_dtype(c, dy->dtype, e);
  vt_resize_scales(c->node, dy->rank, c->out[0]->dim, dy->dim, vt__arg(c, 1), scale);
  memset(c->out[0]->data, 0, vt_tensor_bytes(c->out[0]));
  return vt__resize_run(c, dy, c->out[0], scale, NULL, true, e);
}

static const struct vt_attr_desc attrs[] = {
    VT__RESIZE_ROWS,
    VT_A_INTS(struct vt_resize_attrs, axes),
    VT_A_INTS(struct vt_resize_attrs, shape),
};
static const struct vt_op_case cases[] = {
    {"nearest x2", "coordinate_transformation_mode=asymmetric nearest_mode=floor shape=[1,3,4,5]",
     "f32[1,3,8,10] f32[4]={1,1,2,2}"},
    {"linear x2", "mode=linear shape=[2,16,4,5]", "f32[2,16,8,10] f32[4]={1,1,2,2}"},
    {"linear sizes", "mode=linear coordinate_transformation_mode=pytorch_half_pixel shape=[1,3,5,6]",
     "f32[1,3,9,4]"},
    {"align corners", "mode=linear coordinate_transformation_mode=align_corners shape=[1,2,4,4]",
     "f32[1,2,7,9]"},
};

const struct vt_op_desc vt_op_resize_grad = {
    .name = "ResizeGrad",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Gradient of Resize from (dy, scales): the transposed resampling, to attribute shape.",
    VT_ATTRS(attrs, struct vt_resize_attrs),
    .min_in = 1,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
