/* Resize, opset 10 (x, scales) and from 11 (x, roi, scales, sizes). */
#include "ops/resize_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *x = n->in[0];
  struct vt__resize_inputs p = vt__resize_inputs(n);
  const struct vt_value *scales = p.scales < 0 ? NULL : vt__in(n, p.scales);
  const struct vt_value *sizes = p.sizes < 0 ? NULL : vt__in(n, p.sizes);
  int64_t dim[VT_MAX_RANK];
  bool known = false;
  for (int i = 0; i < VT_MAX_RANK; i++) dim[i] = -1;
  bool constant = (!scales || scales->is_constant) && (!sizes || sizes->is_constant) && (scales || sizes);
  if (x->rank >= 0 && constant) {
    int rc = vt__resize_shape(n, x->rank, x->dim, scales ? &scales->init : NULL, sizes ? &sizes->init : NULL,
                              dim, &known, e);
    if (rc) return rc;
    if (!known) return vt__bad(e, VT_EARG, n, "neither scales nor sizes are given");
  } else if (x->rank >= 0 && !scales && !sizes) {
    return vt__bad(e, VT_EARG, n, "neither scales nor sizes are given");
  }
  vt__out(n, 0, x->dtype, x->rank, dim);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[0];
  struct vt__resize_inputs p = vt__resize_inputs(c->node);
  const struct vt_tensor *scales = p.scales < 0 ? NULL : vt__arg(c, p.scales);
  const struct vt_tensor *sizes = p.sizes < 0 ? NULL : vt__arg(c, p.sizes);
  int64_t dim[VT_MAX_RANK];
  float scale[VT_MAX_RANK];
  bool known;
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  int rc = vt__resize_shape(c->node, x->rank, x->dim, scales, sizes, dim, &known, e);
  if (!rc && !known) rc = vt__bad(e, VT_EARG, c->node, "neither scales nor sizes are given");
  if (!rc) rc = vt__res_shape(c, 0, x->dtype, x->rank, dim, e);
  if (rc) return rc;
  vt_resize_scales(c->node, x->rank, x->dim, dim, scales && vt_tensor_count(scales) ? scales : NULL, scale);
  return vt__resize_run(c, x, c->out[0], scale, p.roi < 0 ? NULL : vt__arg(c, p.roi), false, e);
}

/* The scales that keeping the aspect led to: the gradient does not see the sizes that were wanted. */
static struct vt_value *kept_scales(struct vt_graph *g, const struct vt_node *n)
{
  const struct vt_resize_attrs *a = n->attrs;
  const struct vt_value *x = n->in[0];
  float all[VT_MAX_RANK], listed[VT_MAX_RANK];
  int64_t count = a->axes.n ? a->axes.n : x->rank;
  vt_resize_scales(n, x->rank, x->dim, n->out[0]->dim, NULL, all);
  for (int64_t i = 0; i < count && i < VT_MAX_RANK; i++)
    listed[i] = all[a->axes.n ? (a->axes.v[i] + x->rank) % x->rank : i];
  struct vt_tensor t = vt_tensor_view(VT_F32, 1, &count, listed);
  return vt_graph_constant(g, "scales", &t);
}

static int grad(VT_GRAD_ARGS)
{
  struct vt_resize_attrs a = *(const struct vt_resize_attrs *)n->attrs;
  struct vt__resize_inputs p = vt__resize_inputs(n);
  struct vt_value *x = n->in[0], *scales = p.scales < 0 ? NULL : vt__in_mut(n, p.scales);
  if (!vt__is_static(x)) return vt__bad(e, VT_ESHAPE, n, "its gradient needs static shapes");
  if (a.coordinate_transformation_mode == VT_RESIZE_TF_CROP_AND_RESIZE)
    return vt__bad(e, VT_EUNSUPPORTED, n, "tf_crop_and_resize has no gradient");
  if (scales && scales->rank == 1 && scales->dim[0] == 0) scales = NULL;
  if (!scales && a.keep_aspect_ratio_policy) scales = kept_scales(g, n);
  a.shape = (struct vt_ints){x->rank, x->dim};
  dx[0] = vt__emit_ours(g, "ResizeGrad", scales ? 2 : 1, VT_ARRAY_(dy[0], scales), 1, NULL, &a);
  return vt_graph_status(g, e);
}

static const struct vt_attr_desc attrs[] = {
    VT__RESIZE_ROWS,
    VT_A_INTS(struct vt_resize_attrs, axes),
    VT_A_ENUM(struct vt_resize_attrs, keep_aspect_ratio_policy, "stretch|not_larger|not_smaller", 0),
};
static const struct vt_op_case cases[] = {
    {"nearest x2", "coordinate_transformation_mode=asymmetric nearest_mode=floor",
     "f32[1,3,4,5] - f32[4]={1,1,2,2}"},
    {"nearest half pixel", "", "f32[1,2,4,5] - f32[4]={1,1,1.5,2}"},
    {"linear x2", "mode=linear", "f32[2,16,4,5] - f32[4]={1,1,2,2}"},
    {"linear sizes", "mode=linear coordinate_transformation_mode=pytorch_half_pixel",
     "f32[1,3,5,6] - - i64[4]={1,3,9,4}"},
    {"align corners", "mode=linear coordinate_transformation_mode=align_corners",
     "f32[1,2,4,4] - - i64[4]={1,2,7,9}"},
    {"asymmetric linear", "mode=linear coordinate_transformation_mode=asymmetric",
     "f32[1,2,4,4] - f32[4]={1,1,2,3}"},
    {"cubic", "mode=cubic", "f32[1,2,5,5] - f32[4]={1,1,2,0.7}", .tol = 1e-3f},
    {"linear down", "mode=linear", "f32[1,3,8,8] - f32[4]={1,1,0.5,0.6}"},
    {"antialias", "mode=linear antialias=1", "f32[1,1,8,8] - f32[4]={1,1,0.5,0.6}"},
    {"aspect kept", "mode=linear keep_aspect_ratio_policy=not_larger axes=[2,3]",
     "f32[1,2,4,6] - - i64[2]={6,7}"},
    {"two axes", "mode=linear axes=[2,3]", "f32[1,3,4,4] - - i64[2]={6,5}"},
};

const struct vt_op_desc vt_op_resize = {
    .name = "Resize",
    .domain = "",
    .since = 10,
    .doc = "Resamples every axis to scales or sizes: nearest, linear or cubic.",
    VT_ATTRS(attrs, struct vt_resize_attrs),
    .min_in = 1,
    .max_in = 4,
    .min_out = 1,
    .max_out = 1,
    .traits = VT_SHAPE_DATA,
    .infer = infer,
    .ref = ref,
    .reach = vt__reach_resize,
    .grad = grad,
    VT_CASES(cases),
};
