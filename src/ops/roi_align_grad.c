/* ai.vitrine:RoiAlignGrad: gradient of RoiAlign (average) for the feature map, from (dy, x, rois, batch). */
#include "ops/roi_align_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  int rc = vt__roi_check(n, 1, e);
  return rc ? rc : vt__infer_same1(n, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt_tensor *x = c->in[1], *rois = c->in[2];
  const float *dy = c->in[0]->data;
  struct vt__roi r = {0};
  if (x->dtype != VT_F32 || rois->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  int64_t n = rois->dim[0], channels = x->dim[1], plane = x->dim[2] * x->dim[3];
  const struct vt__roi_attrs *a = c->attrs;
  int rc = VT_OK;
  if (c->in[0]->dtype != VT_F32 ||
      vt_tensor_count(c->in[0]) != n * channels * a->output_height * a->output_width)
    return vt__bad(e, VT_ESHAPE, c->node, "the gradient does not have the shape of the output");
  if (vt_tensor_bytes(x)) memset(c->out[0]->data, 0, vt_tensor_bytes(x));
  for (int64_t i = 0; i < n && !rc; i++) {
    rc = vt__roi_samples(&r, c, x, rois, c->in[3], i, e);
    for (int64_t k = 0; k < channels && !rc; k++) {
      float *dx = (float *)c->out[0]->data + (r.batch * channels + k) * plane;
      for (int64_t p = 0; p < r.h * r.w; p++, dy++)
        for (int64_t j = 0; j < r.count; j++) {
          const struct vt__roi_sample *s = &r.sample[p * r.count + j];
          for (int t = 0; t < 4; t++) dx[s->at[t]] += *dy * s->weight[t] / (float)r.count;
        }
    }
  }
  vt_free(r.sample);
  return rc;
}

static const struct vt_attr_desc rows[] = {VT__ROI_ROWS};
static const struct vt_op_case cases[] = {
    {"average", "output_height=3 output_width=2 sampling_ratio=2",
     "f32[3,3,3,2] f32[2,3,6,7] f32[3,4]={0,0,4,5,1.5,2,6,5.5,-2,-1,3,3} i64[3]={0,1,0}"}};

const struct vt_op_desc vt_op_roi_align_grad = {
    .name = "RoiAlignGrad",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Gradient of RoiAlign for the feature map, from (dy, x, rois, batch).",
    VT_ATTRS(rows, struct vt__roi_attrs),
    .min_in = 4,
    .max_in = 4,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
