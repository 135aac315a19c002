/* ai.vitrine:ContrastiveLoss (Hadsell, Chopra, LeCun 2006, equation 4) over all pairs of a batch:
 *   same label: d²/2;  else max(0, m − d)²/2;  d = ‖x_i − x_j‖. The mean over the pairs. Labels below 0
 * take no part. */
#include "ops/slope_ref.h"

struct attrs {
  float margin;
};

static int infer(struct vt_node *n, struct vt_err *e)
{
  int rc = vt__slope_labels(n, e);
  return rc ? rc : vt__slope_infer(n, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0];
  int64_t n = x->dim[0], dims = x->dim[1];
  double sum = 0, margin = (double)a->margin;
  float *slope = vt__res(c, 1) ? c->out[1]->data : NULL;
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  if (vt_tensor_count(c->in[1]) != n) return vt__bad(e, VT_ESHAPE, c->node, "one label per row expected");
  if (slope && n > 0 && dims > 0) memset(slope, 0, vt_tensor_bytes(x));
  int64_t part = 0;
  for (int64_t i = 0; i < n; i++) part += vt_tensor_whole(c->in[1], i) >= 0;
  double unit = part > 1 ? 2.0 / ((double)part * (double)(part - 1)) : 0;
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < i; j++) {
      const float *p = (const float *)x->data + i * dims, *q = (const float *)x->data + j * dims;
      const int64_t yi = vt_tensor_whole(c->in[1], i), yj = vt_tensor_whole(c->in[1], j);
      double square = 0;
      if (yi < 0 || yj < 0) continue;
      for (int64_t k = 0; k < dims; k++)
        square += ((double)p[k] - (double)q[k]) * ((double)p[k] - (double)q[k]);
      double d = sqrt(square), gap = yi == yj ? d : VT_MAX(margin - d, 0);
      double factor = yi == yj ? unit : d > 0 ? -gap / d * unit : 0;
      sum += gap * gap / 2 * unit;
      for (int64_t k = 0; k < dims && slope; k++) {
        float s = (float)(factor * ((double)p[k] - (double)q[k]));
        slope[i * dims + k] += s;
        slope[j * dims + k] -= s;
      }
    }
  if (vt__res(c, 0)) *(float *)c->out[0]->data = (float)sum;
  return VT_OK;
}

#define S struct attrs
static const struct vt_attr_desc rows[] = {VT_A_FLOAT(S, margin, 1)};
static const struct vt_op_case cases[] = {
    {"two classes", "margin=2", "f32[5,3] i64[5]={0,1,0,1,1}"},
    {"all apart", "margin=4", "f32[4,2] i32[4]={0,1,2,3}", 2},
    {"left out", "margin=2", "f32[5,3] i64[5]={0,-1,0,1,-1}", 2},
    {"one row", "", "f32[1,3] i64[1]={0}"},
};
VT_SLOPE_OP(
    contrastive_loss, "ContrastiveLoss", 2, infer,
    "Contrastive loss of vectors (N, D) and labels (N): d^2/2 for equal labels, max(0, margin - d)^2/2 for "
    "others, mean over pairs, labels below 0 left out; output 1 is its slope.");
