/* ai.vitrine:ArcMargin (Deng et al. 2019, ArcFace): class scores from cosines, the true class's angle
 * widened: y_k = s cos θ_k for k ≠ label;  y_label = s cos(θ + m), or s (cos θ − m sin m) where θ + m > π, so
 * that it keeps falling. A cross-entropy over y is the ArcFace loss. */
#include "ops/slope_ref.h"

struct attrs {
  float margin, scale;
};

static int infer(struct vt_node *n, struct vt_err *e)
{
  int rc = vt__slope_labels(n, e);
  if (rc) return rc;
  vt__out_like(n, 0, n->in[0]);
  vt__out_like(n, 1, n->in[0]);
  return VT_OK;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0];
  int64_t n = x->dim[0], classes = x->dim[1];
  double m = (double)a->margin, s = (double)a->scale;
  float *y = vt__res(c, 0) ? c->out[0]->data : NULL, *slope = vt__res(c, 1) ? c->out[1]->data : NULL;
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  if (vt_tensor_count(c->in[1]) != n) return vt__bad(e, VT_ESHAPE, c->node, "one label per row expected");
  for (int64_t i = 0; i < n; i++) {
    int64_t label;
    int rc = vt__slope_label(c, i, classes, &label, e);
    if (rc) return rc;
    for (int64_t k = 0; k < classes; k++) {
      double v = (double)((const float *)x->data)[i * classes + k], cosine = VT_MIN(VT_MAX(v, -1), 1);
      double sine = sqrt(1 - cosine * cosine), value = s * v, by = s;
      if (k == label && cosine > -cos(m)) {
        value = s * (cosine * cos(m) - sine * sin(m));
        by = s * (cos(m) + cosine * sin(m) / VT_MAX(sine, 1e-4));
      } else if (k == label) {
        value = s * (v - m * sin(m));
      }
      if (y) y[i * classes + k] = (float)value;
      if (slope) slope[i * classes + k] = (float)by;
    }
  }
  return VT_OK;
}

#define S struct attrs
static const struct vt_attr_desc rows[] = {VT_A_FLOAT(S, margin, 0.5f), VT_A_FLOAT(S, scale, 64)};
static const struct vt_op_case cases[] = {
    {"usual", "scale=8", "f32[3,4]:-0.8..0.8 i64[3]={0,3,1}"},
    {"behind", "scale=2 margin=0.7", "f32[2,3]={-0.9,0.1,0.2,0.3,0.1,-0.99} i32[2]={0,2}", 2},
    {"no margin", "margin=0 scale=1", "f32[2,3]:-0.9..0.9 i64[2]={0,2}"},
};
VT_SLOPE_OP(arc_margin, "ArcMargin", 2, infer,
            "Class scores from cosines (N, C) and labels (N): scale cos(theta), and scale cos(theta + "
            "margin) for the "
            "label (ArcFace); output 1 is the slope.");
