/* ai.vitrine:CrossEntropyGrad: gradient of SoftmaxCrossEntropyLoss (logits=1) and NegativeLogLikelihoodLoss.
 *
 * With p = softmax(x) and s = dloss · w[y] / (reduction's divisor): dx[c] = s (p[c] − [c = y]) for logits,
 * −s [c = y] otherwise; 0 where the label is ignored. */
#include "ops/grad_check.h"
#include "ops/loss_ref.h"
#include "ops/softmax_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  const struct vt__loss_attrs *a = n->attrs;
  const struct vt_value *labels = n->in[2];
  int rc = vt__loss_infer(n, 1, e);
  int64_t losses = a->reduction != VT__NONE ? 1
                   : vt__is_static(labels)  ? vt_dims_count(labels->rank, labels->dim)
                                            : -1;
  if (!rc && losses >= 0) rc = vt__check_count(n, 0, losses, e);
  if (!rc) vt__out_like(n, 0, n->in[1]);
  return rc;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt__loss_attrs *a = c->attrs;
  const struct vt_tensor *x = c->in[1], *labels = c->in[2], *w = vt__arg(c, 3);
  const float *dloss = c->in[0]->data;
  float *dx = c->out[0]->data;
  struct vt__loss_sizes s;
  double total;
  if (x->dtype != VT_F32) return vt__bad_dtype(c, x->dtype, e);
  vt__loss_sizes(&s, x);
  int rc = vt__loss_total(c, &s, labels, w, &total, e);
  if (rc) return rc;
  memset(dx, 0, vt_tensor_bytes(c->out[0]));
  float *factor = vt_malloc((size_t)s.d * sizeof *factor + 1); /* s of each place of one image */
  if (!factor) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t n = 0; n < s.n && !rc; n++) {
    int64_t at = n * s.c * s.d;
    if (a->logits) vt__softmax_rows((const float *)x->data + at, dx + at, s.c, s.d, s.d, false);
    for (int64_t d = 0; d < s.d && !rc; d++) {
      int64_t y;
      rc = vt__loss_label(c, labels, n * s.d + d, s.c, &y, e);
      double f = (double)dloss[a->reduction == VT__NONE ? n * s.d + d : 0];
      if (a->reduction == VT__MEAN_ALL) f = total > 0 ? f / total : 0;
      factor[d] = rc || y < 0 ? 0 : (float)(f * (double)vt__loss_weight(w, y));
      if (!rc && y >= 0) dx[at + y * s.d + d] -= 1;
    }
    for (int64_t k = 0; k < s.c; k++)
      for (int64_t d = 0; d < s.d; d++) dx[at + k * s.d + d] *= factor[d];
  }
  vt_free(factor);
  return rc;
}

static const struct vt_attr_desc attrs[] = {VT__LOSS_ROWS, VT_A_INT(struct vt__loss_attrs, logits, 1)};
static const struct vt_op_case cases[] = {
    {"mean", "", "f32[] f32[3,5] i64[3]={0,4,2}"},
    {"maps", "ignore_index=3", "f32[] f32[2,3,2,2] i64[2,2,2]={0,1,2,3,2,1,0,3} f32[3]:0.5..2"},
    {"none", "reduction=none logits=0", "f32[3] f32[3,5] i64[3]={0,4,2}"},
};

const struct vt_op_desc vt_op_cross_entropy_grad = {
    .name = "CrossEntropyGrad",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Gradient of the classification losses from (dloss, x, labels, weight): dx.",
    VT_ATTRS(attrs, struct vt__loss_attrs),
    .min_in = 3,
    .max_in = 4,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
