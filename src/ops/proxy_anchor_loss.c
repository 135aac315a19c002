/* ai.vitrine:ProxyAnchorLoss (Kim et al. 2020, equation 4), from cosines s of N vectors and C proxies:
 *   (1/|P⁺|) Σ_{p ∈ P⁺} log(1 + Σ_{y_i = p} exp(−α (s_ip − δ)))
 *   + (1/C) Σ_p log(1 + Σ_{y_i ≠ p} exp(α (s_ip + δ))),   P⁺: proxies with a vector of their class in the
 * batch. Labels below 0 take no part. */
#include "ops/slope_ref.h"

struct attrs {
  float alpha, delta;
};

static int infer(struct vt_node *n, struct vt_err *e)
{
  int rc = vt__slope_labels(n, e);
  return rc ? rc : vt__slope_infer(n, e);
}

/* log(1 + Σ exp(t_i)) over the rows with (label == p) == own; its slope by t_i, times unit and sign α. */
static double side(const struct attrs *a, const float *x, const int64_t *label, int64_t n, int64_t classes,
                   int64_t p, bool own, double unit, float *slope)
{
  double sign = own ? -1 : 1, alpha = (double)a->alpha, most = 0, sum;
  for (int64_t i = 0; i < n; i++)
    if (label[i] >= 0 && (label[i] == p) == own)
      most = VT_MAX(most, sign * alpha * ((double)x[i * classes + p] + sign * (double)a->delta));
  sum = exp(-most);
  for (int64_t i = 0; i < n; i++)
    if (label[i] >= 0 && (label[i] == p) == own)
      sum += exp(sign * alpha * ((double)x[i * classes + p] + sign * (double)a->delta) - most);
  for (int64_t i = 0; i < n && slope; i++)
    if (label[i] >= 0 && (label[i] == p) == own)
      slope[i * classes + p] =
          (float)(unit * sign * alpha *
                  exp(sign * alpha * ((double)x[i * classes + p] + sign * (double)a->delta) - most) / sum);
  return unit * (most + log(sum));
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[0];
  int64_t n = x->dim[0], classes = x->dim[1], present = 0;
  float *slope = vt__res(c, 1) ? c->out[1]->data : NULL;
  double loss = 0;
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  if (vt_tensor_count(c->in[1]) != n) return vt__bad(e, VT_ESHAPE, c->node, "one label per row expected");
  int64_t *label = vt_calloc((size_t)n + 1, sizeof *label);
  bool *there = vt_calloc((size_t)classes + 1, sizeof *there);
  int rc = label && there ? VT_OK : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t i = 0; i < n && !rc; i++) {
    label[i] = vt_tensor_whole(c->in[1], i);
    if (label[i] < 0) continue;
    if ((rc = vt__slope_label(c, i, classes, &label[i], e))) break;
    present += !there[label[i]];
    there[label[i]] = true;
  }
  if (slope && !rc && n * classes > 0) memset(slope, 0, vt_tensor_bytes(x));
  for (int64_t p = 0; p < classes && !rc; p++) {
    if (there[p]) loss += side(a, x->data, label, n, classes, p, true, 1 / (double)present, slope);
    loss += side(a, x->data, label, n, classes, p, false, 1 / (double)classes, slope);
  }
  if (!rc && vt__res(c, 0)) *(float *)c->out[0]->data = (float)loss;
  vt_free(label);
  vt_free(there);
  return rc;
}

#define S struct attrs
static const struct vt_attr_desc rows[] = {VT_A_FLOAT(S, alpha, 32), VT_A_FLOAT(S, delta, 0.1f)};
static const struct vt_op_case cases[] = {
    {"gentle", "alpha=4", "f32[5,3]:-1..1 i64[5]={0,1,0,1,1}"},
    {"as published", "", "f32[4,4]:-1..1 i64[4]={0,1,2,2}", 2, .nograd = 1},
    {"left out", "alpha=4", "f32[5,3]:-1..1 i64[5]={0,-1,0,2,-1}", 2},
    {"one class", "alpha=2 delta=0.2", "f32[3,2]:-1..1 i32[3]={1,1,1}", 2},
};
VT_SLOPE_OP(
    proxy_anchor_loss, "ProxyAnchorLoss", 2, infer,
    "Proxy-anchor loss of cosines between vectors and proxies (N, C) and labels (N); output 1 is its slope.");
