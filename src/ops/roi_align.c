/* RoiAlign: each region of a feature map, averaged (or its maximum) over a grid of bilinear samples. */
#include "ops/roi_align_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt__roi_attrs *a = n->attrs;
  const struct vt_value *x = n->in[0], *rois = n->in[1];
  int rc = vt__roi_check(n, 0, e);
  vt__out(n, 0, x->dtype, 4,
          (int64_t[]){rois->rank == 2 ? rois->dim[0] : -1, x->rank == 4 ? x->dim[1] : -1, a->output_height,
                      a->output_width});
  return rc;
}

static float pool(const struct vt__roi *r, const struct vt__roi_sample *s, const float *plane, bool largest)
{
  float sum = 0, most = -INFINITY;
  for (int64_t i = 0; i < r->count; i++) {
    float v = 0;
    for (int k = 0; k < 4; k++) {
      float term = s[i].weight[k] * plane[s[i].at[k]];
      v += term;
      most = VT_MAX(most, term); /* ONNX takes the largest of the weighted pixels, not of the samples */
    }
    sum += v;
  }
  if (!r->count) return 0;
  return largest ? most : sum / (float)r->count;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt__roi_attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0], *rois = c->in[1];
  struct vt__roi r = {0};
  if (x->dtype != VT_F32 || rois->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  int64_t n = rois->dim[0], channels = x->dim[1], plane = x->dim[2] * x->dim[3];
  if (rois->dim[1] != 4 || vt_tensor_count(c->in[2]) != n || (n && !plane))
    return vt__bad(e, VT_ESHAPE, c->node, "rois must be (R, 4) with R picture numbers");
  float *y = c->out[0]->data;
  int rc = VT_OK;
  for (int64_t i = 0; i < n && !rc; i++) {
    rc = vt__roi_samples(&r, c, x, rois, c->in[2], i, e);
    for (int64_t k = 0; k < channels && !rc; k++)
      for (int64_t p = 0; p < r.h * r.w; p++)
        *y++ = pool(&r, r.sample + p * r.count, (const float *)x->data + (r.batch * channels + k) * plane,
                    a->mode == VT__ROI_MAX);
  }
  vt_free(r.sample);
  return rc;
}

static int grad(VT_GRAD_ARGS)
{
  const struct vt__roi_attrs *a = n->attrs;
  if (a->mode == VT__ROI_MAX) return vt__bad(e, VT_EUNSUPPORTED, n, "mode=max has no gradient");
  if (need[0])
    dx[0] = vt__emit_ours(g, "RoiAlignGrad", VT_IN(dy[0], n->in[0], n->in[1], n->in[2]), 1, NULL, n->attrs);
  return vt_graph_status(g, e);
}

static const struct vt_attr_desc rows[] = {VT__ROI_ROWS};
static const struct vt_op_case cases[] = {
    {"average", "output_height=3 output_width=2 sampling_ratio=2",
     "f32[2,3,6,7] f32[3,4]={0,0,4,5,1.5,2,6,5.5,-2,-1,3,3} i64[3]={0,1,0}"},
    {"adaptive",
     "output_height=2 output_width=2 spatial_scale=0.5 coordinate_transformation_mode=output_half_pixel",
     "f32[1,2,6,7] f32[2,4]={0,0,9,11,3,2,6,5} i64[2]={0,0}"},
    {"largest", "mode=max output_height=2 output_width=2", "f32[1,2,5,5] f32[1,4]={0.5,0,4,3.5} i64[1]={0}",
     .nograd = 1},
};

const struct vt_op_desc vt_op_roi_align = {
    .name = "RoiAlign",
    .domain = "",
    .since = 10,
    .doc = "Regions (x1, y1, x2, y2) of a feature map, each averaged over a grid of bilinear samples.",
    VT_ATTRS(rows, struct vt__roi_attrs),
    .min_in = 3,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    .grad = grad,
    VT_CASES(cases),
};
