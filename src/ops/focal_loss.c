/* ai.vitrine:FocalLoss (Lin et al. 2017, equation 5, over a softmax):
 *   ℓ = −w[y] (1 − p)^γ log p,  p = softmax(x)[y];  "mean" divides by Σ w[y].
 *   ∂ℓ/∂x_k = w[y] (γ p (1 − p)^(γ−1) log p − (1 − p)^γ) ([k = y] − p_k) */
#include "ops/loss_ref.h"
#include "ops/slope_ref.h"
#include "ops/softmax_ref.h"

struct attrs {
  struct vt__loss_attrs loss; /* first: the loss helpers read it */
  float gamma;
};

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct attrs *a = n->attrs;
  if (a->loss.reduction == VT__NONE) return vt__bad(e, VT_EUNSUPPORTED, n, "reduction=none");
  int rc = vt__loss_infer(n, 0, e);
  return rc ? rc : vt__slope_infer(n, e);
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0], *w = vt__arg(c, 2);
  struct vt_tensor logp = {0};
  struct vt__loss_sizes s;
  double sum = 0, total = 1, gamma = (double)a->gamma;
  float *slope = vt__res(c, 1) ? c->out[1]->data : NULL;
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  vt__loss_sizes(&s, x);
  int rc = vt__loss_total(c, &s, c->in[1], w, &total, e);
  if (!rc) rc = vt_tensor_init(&logp, VT_F32, x->rank, x->dim, e);
  if (rc) return rc;
  double unit = a->loss.reduction == VT__SUM_ALL ? 1 : total > 0 ? 1 / total : 0;
  for (int64_t n = 0; n < s.n && !rc; n++) {
    const float *l = (const float *)logp.data + n * s.c * s.d;
    vt__softmax_rows((const float *)x->data + n * s.c * s.d, (float *)l, s.c, s.d, s.d, true);
    for (int64_t d = 0; d < s.d && !rc; d++) {
      int64_t y;
      if ((rc = vt__loss_label(c, c->in[1], n * s.d + d, s.c, &y, e))) break;
      double log_p = y < 0 ? 0 : (double)l[y * s.d + d], p = exp(log_p), q = VT_MAX(-expm1(log_p), 1e-12);
      double weight = y < 0 ? 0 : (double)vt__loss_weight(w, y) * unit;
      double factor = weight * (gamma * p * pow(q, gamma - 1) * log_p - pow(q, gamma));
      sum -= weight * pow(q, gamma) * log_p;
      for (int64_t k = 0; k < s.c && slope; k++)
        slope[(n * s.c + k) * s.d + d] = (float)(factor * ((k == y) - exp((double)l[k * s.d + d])));
    }
  }
  if (!rc && vt__res(c, 0)) *(float *)c->out[0]->data = (float)sum;
  vt_tensor_clear(&logp);
  return rc;
}

#define S struct attrs
static const struct vt_attr_desc rows[] = {VT__LOSS_ROWS, VT_A_FLOAT(S, gamma, 2)};
static const struct vt_op_case cases[] = {
    {"rows", "", "f32[3,5] i64[3]={0,4,2}"},
    {"maps, ignored", "ignore_index=255 gamma=1.5", "f32[2,3,2,2] i64[2,2,2]={0,1,2,255,2,1,0,255}"},
    {"weights, sum", "gamma=3 reduction=sum", "f32[3,4] i64[3]={0,3,2} f32[4]={0.5,1,2,0.25}", 2},
    {"cross-entropy", "gamma=0", "f32[4,3] i32[4]={0,1,2,1}"},
};

const struct vt_op_desc vt_op_focal_loss = {
    .name = "FocalLoss",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Focal loss of scores (N, C, ...) and labels (N, ...), with optional class weights: "
           "-w (1 - p)^gamma log p; output 1 is its slope.",
    VT_ATTRS(rows, S),
    .min_in = 2,
    .max_in = 3,
    .min_out = 1,
    .max_out = 2,
    .infer = infer,
    .ref = ref,
    .grad = vt__slope_grad,
    VT_CASES(cases),
};
