/* ai.vitrine:SmoothL1Loss (Girshick 2015): d = x − target; |d| < β: d²/(2 β), else |d| − β/2. β = 0: |d|. */
#include "ops/slope_ref.h"

struct attrs {
  float beta;
  int reduction;
};
enum { MEAN, SUM };

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt_value *x = n->in[0], *t = n->in[1];
  if (vt__is_static(x) && vt__is_static(t) && !vt__same_shape(x, t))
    return vt__bad(e, VT_ESHAPE, n, "input and target have different shapes");
  return vt__slope_infer(n, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const float *x = c->in[0]->data, *t = c->in[1]->data;
  float *slope = vt__res(c, 1) ? c->out[1]->data : NULL, beta = a->beta;
  int64_t n = vt_tensor_count(c->in[0]);
  double sum = 0, unit = a->reduction == SUM || !n ? 1 : 1 / (double)n;
  if (c->in[0]->dtype != VT_F32 || c->in[1]->dtype != VT_F32) return vt__bad_dtype(c, c->in[0]->dtype, e);
  if (vt_tensor_count(c->in[1]) != n) return vt__bad(e, VT_ESHAPE, c->node, "target's size differs");
  for (int64_t i = 0; i < n; i++) {
    float d = x[i] - t[i], m = fabsf(d);
    sum += (double)(m < beta ? d * d / (2 * beta) : m - beta / 2);
    if (slope) slope[i] = (float)unit * (m < beta ? d / beta : d > 0 ? 1 : d < 0 ? -1 : 0);
  }
  if (vt__res(c, 0)) *(float *)c->out[0]->data = (float)(sum * unit);
  return VT_OK;
}

#define S struct attrs
static const struct vt_attr_desc rows[] = {VT_A_FLOAT(S, beta, 1), VT_A_ENUM(S, reduction, "mean|sum", MEAN)};
static const struct vt_op_case cases[] = {
    {"mean", "", "f32[5,4] f32[5,4]", .nograd = 2},
    {"sum, narrow", "beta=0.1 reduction=sum", "f32[7] f32[7]", .nograd = 2},
    {"absolute", "beta=0", "f32[2,3] f32[2,3]", .nograd = 2}};
VT_SLOPE_OP(
    smooth_l1_loss, "SmoothL1Loss", 2, infer,
    "Smooth L1 loss of input and target (constant): quadratic within beta, linear beyond; output 1 is its "
    "slope.");
