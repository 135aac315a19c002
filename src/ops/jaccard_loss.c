/* ai.vitrine:JaccardLoss (Rahman, Wang 2016), over all pixels of the batch that are not ignored:
 *   J_c = (Σ p_c g_c + s) / (Σ p_c + Σ g_c − Σ p_c g_c + s),  loss = 1 − mean of J_c over the classes
 * present. With I and U for numerator and denominator, K classes present: ∂loss/∂p_c = (I (1 − g) − U g) /
 * (U² K). */
#include "ops/dice_ref.h"
#include "ops/slope_ref.h"

static int infer(struct vt_node *n, struct vt_err *e)
{
  int rc = vt__dice_infer(n, 0, e);
  return rc ? rc : vt__slope_infer(n, e);
}

/* Slope at one pixel from q[k], the loss's by p_k where g_k = 0, and more[y], what g_y = 1 adds. */
static void pixel(const struct vt__dice *s, bool logits, int64_t y, const double *q, const double *more,
                  const float *p, float *dx)
{
  double dot = 0;
  for (int64_t k = 0; k < s->c; k++) dot += (double)p[k * s->d] * (q[k] + (k == y ? more[k] : 0));
  for (int64_t k = 0; k < s->c; k++) {
    double by_p = q[k] + (k == y ? more[k] : 0);
    dx[k * s->d] = (float)(logits ? (double)p[k * s->d] * (by_p - dot) : by_p);
  }
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt__dice_attrs *a = c->attrs;
  struct vt__dice s;
  int rc = vt__dice_init(&s, c, c->in[0], c->in[1], e);
  if (rc) return rc;
  double sum = 0, smooth = (double)a->smooth;
  float *slope = vt__res(c, 1) ? c->out[1]->data : NULL;
  for (int64_t k = 0; k < s.c; k++) { /* total := q, meet := more */
    double meet = s.meet[k] + smooth, join = s.total[k] - s.meet[k] + smooth;
    bool counts = s.count[k] && join > 0;
    if (counts) sum += meet / join;
    s.total[k] = counts ? meet / (join * join * s.present) : 0;
    s.meet[k] = counts ? -(meet + join) / (join * join * s.present) : 0;
  }
  if (vt__res(c, 0)) *(float *)c->out[0]->data = s.present ? (float)(1 - sum / s.present) : 0;
  for (int64_t i = 0; slope && i < s.n * s.d; i++) {
    int64_t y = vt__dice_label(c->in[1], i), at = i / s.d * s.c * s.d + i % s.d;
    if (y != a->ignore_index)
      pixel(&s, a->logits, y, s.total, s.meet, s.p + at, slope + at);
    else
      for (int64_t k = 0; k < s.c; k++) slope[at + k * s.d] = 0;
  }
  vt__dice_clear(&s);
  return VT_OK;
}

#define S struct vt__dice_attrs
static const struct vt_attr_desc rows[] = {VT__DICE_ROWS};
static const struct vt_op_case cases[] = {
    {"maps", "", "f32[2,3,2,3] i64[2,2,3]={0,1,2,2,1,0,0,0,1,1,2,2}"},
    {"absent class, ignored pixels", "ignore_index=255", "f32[1,4,2,3] i64[1,2,3]={0,1,255,2,1,255}"},
    {"probabilities", "logits=0 smooth=0.5", "f32[2,3,2]:0.1..0.9 i32[2,2]={0,1,2,2}"},
    {"all ignored", "ignore_index=7", "f32[1,2,2] i64[1,2]={7,7}"},
};
VT_SLOPE_OP(jaccard_loss, "JaccardLoss", 2, infer,
            "Soft Jaccard loss of scores (N, C, ...) and labels (N, ...): 1 - mean over present classes of "
            "intersection over union; output 1 is its slope.");
