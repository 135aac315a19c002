/* ai.vitrine:DiceLossGrad. With U_c = Σ p_c + Σ g_c + s and I_c = 2 Σ p_c g_c + s, for a present class
 *   ∂loss/∂p_c(i) = −(2 g_c(i) U_c − I_c) / (U_c² K),   K classes present;
 * through the softmax: dx_c = p_c (q_c − Σ_k p_k q_k) with q that derivative. */
#include "ops/dice_ref.h"
#include "ops/grad_check.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  int rc = vt__check_count(n, 0, 1, e);
  if (!rc) rc = vt__dice_infer(n, 1, e);
  vt__out_like(n, 0, n->in[1]);
  return rc;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt__dice_attrs *a = c->attrs;
  const struct vt_tensor *labels = c->in[2];
  float *dx = c->out[0]->data;
  struct vt__dice s;
  int rc = vt__dice_init(&s, c, c->in[1], labels, e);
  if (rc) return rc;
  double smooth = (double)a->smooth, up = (double)*(const float *)c->in[0]->data / VT_MAX(s.present, 1);
  memset(dx, 0, vt_tensor_bytes(c->out[0]));
  for (int64_t k = 0; k < s.c; k++) { /* total := q where g = 0; meet := what g = 1 adds */
    double u = s.total[k] + smooth, i = 2 * s.meet[k] + smooth;
    s.total[k] = s.count[k] && u > 0 ? up * i / (u * u) : 0;
    s.meet[k] = s.count[k] && u > 0 ? -2 * up / u : 0;
  }
  double *dot = vt_calloc((size_t)s.d + 1, sizeof *dot); /* Σ_k p_k q_k of each pixel of one image */
  if (!dot) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t n = 0; dot && n < s.n; n++) {
    const float *p = s.p + n * s.c * s.d;
    float *out = dx + n * s.c * s.d;
    for (int64_t d = 0; d < s.d; d++) dot[d] = 0;
    for (int64_t k = 0; k < s.c && a->logits; k++)
      for (int64_t d = 0; d < s.d; d++) dot[d] += (double)p[k * s.d + d] * s.total[k];
    for (int64_t d = 0; d < s.d && a->logits; d++) {
      int64_t y = vt__dice_label(labels, n * s.d + d);
      if (y != a->ignore_index) dot[d] += (double)p[y * s.d + d] * s.meet[y];
    }
    for (int64_t k = 0; k < s.c; k++)
      for (int64_t d = 0; d < s.d; d++) {
        double v = (double)p[k * s.d + d];
        out[k * s.d + d] = (float)(a->logits ? v * (s.total[k] - dot[d]) : s.total[k]);
      }
    for (int64_t d = 0; d < s.d; d++) {
      int64_t y = vt__dice_label(labels, n * s.d + d);
      if (y == a->ignore_index)
        for (int64_t k = 0; k < s.c; k++) out[k * s.d + d] = 0;
      else
        out[y * s.d + d] += (float)(a->logits ? (double)p[y * s.d + d] * s.meet[y] : s.meet[y]);
    }
  }
  vt_free(dot);
  vt__dice_clear(&s);
  return rc;
}

static const struct vt_attr_desc attrs[] = {VT__DICE_ROWS};
static const struct vt_op_case cases[] = {
    {"maps", "", "f32[] f32[2,3,2,3] i64[2,2,3]={0,1,2,2,1,0,0,0,1,1,2,2}"},
    {"ignored", "ignore_index=255", "f32[] f32[1,4,2,3] i64[1,2,3]={0,1,255,2,1,255}"},
};

const struct vt_op_desc vt_op_dice_loss_grad = {
    .name = "DiceLossGrad",
    .domain = VT_DOMAIN,
    .since = 1,
    .doc = "Gradient of DiceLoss from (dloss, x, labels): dx.",
    VT_ATTRS(attrs, struct vt__dice_attrs),
    .min_in = 3,
    .max_in = 3,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .ref = ref,
    VT_CASES(cases),
};
