/* ai.vitrine:LovaszLoss: the Lovász-softmax loss (Berman, Triki, Blaschko 2018, algorithm 1), over all pixels
 * of the batch that are not ignored.
 *
 * For each class present, errors e = |g − p| are sorted falling; with G = Σ g, and after i + 1 of them
 *   J_i = 1 − (G − Σ_{j≤i} g_j) / (G + Σ_{j≤i} (1 − g_j)),   loss_c = Σ_i e_i (J_i − J_{i−1}).
 * The loss is their mean; its slope by e_i is that difference, in the order as sorted. */
#include "ops/dice_ref.h"
#include "ops/slope_ref.h"
#include <stdlib.h>

static int infer(struct vt_node *n, struct vt_err *e)
{
  int rc = vt__dice_infer(n, 0, e);
  return rc ? rc : vt__slope_infer(n, e);
}

struct error {
  float e;
  bool g;
  int64_t at; /* of the pixel's score for this class */
};

static int falling(const void *a, const void *b)
{
  const struct error *x = a, *y = b;
  return x->e != y->e ? (x->e < y->e ? 1 : -1) : (x->at > y->at) - (x->at < y->at);
}

/* One class: loss, and its slope by the probabilities into q. */
static double one_class(struct error *v, int64_t n, int64_t labelled, double unit, float *q)
{
  double loss = 0, meet = (double)labelled, join = (double)labelled, before = 0;
  qsort(v, (size_t)n, sizeof *v, falling);
  for (int64_t i = 0; i < n; i++) {
    meet -= v[i].g;
    join += !v[i].g;
    double j = 1 - meet / join, step = (j - before) * unit;
    loss += (double)v[i].e * step;
    q[v[i].at] = (float)(v[i].g ? -step : step);
    before = j;
  }
  return loss;
}

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  const struct vt__dice_attrs *a = c->attrs;
  const struct vt_tensor *labels = c->in[1];
  struct vt__dice s;
  int rc = vt__dice_init(&s, c, c->in[0], labels, e);
  if (rc) return rc;
  float *slope = vt__res(c, 1) ? c->out[1]->data : NULL;
  struct error *v = vt_calloc((size_t)(s.n * s.d) + 1, sizeof *v);
  float *q = vt_calloc((size_t)(s.n * s.c * s.d) + 1, sizeof *q);
  double loss = 0;
  if (!v || !q) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t k = 0; k < s.c && !rc; k++) {
    int64_t n = 0;
    for (int64_t i = 0; i < s.n * s.d && s.count[k]; i++) {
      int64_t y = vt__dice_label(labels, i), at = (i / s.d * s.c + k) * s.d + i % s.d;
      if (y == a->ignore_index) continue;
      v[n++] = (struct error){y == k ? 1 - s.p[at] : s.p[at], y == k, at};
    }
    if (s.count[k]) loss += one_class(v, n, s.count[k], 1.0 / s.present, q);
  }
  if (!rc && vt__res(c, 0)) *(float *)c->out[0]->data = (float)loss;
  for (int64_t i = 0; i < s.n * s.d && slope && !rc; i++) {
    int64_t at = i / s.d * s.c * s.d + i % s.d;
    double dot = 0;
    for (int64_t k = 0; k < s.c; k++) dot += (double)s.p[at + k * s.d] * (double)q[at + k * s.d];
    for (int64_t k = 0; k < s.c; k++) {
      double by_p = (double)q[at + k * s.d];
      slope[at + k * s.d] = (float)(a->logits ? (double)s.p[at + k * s.d] * (by_p - dot) : by_p);
    }
  }
  vt_free(v);
  vt_free(q);
  vt__dice_clear(&s);
  return rc;
}

#define S struct vt__dice_attrs
static const struct vt_attr_desc rows[] = {VT_A_INT(S, ignore_index, -1), VT_A_INT(S, logits, 1)};
static const struct vt_op_case cases[] = {
    {"maps", "", "f32[2,3,2,3] i64[2,2,3]={0,1,2,2,1,0,0,0,1,1,2,2}"},
    {"absent class, ignored pixels", "ignore_index=255", "f32[1,4,2,3] i64[1,2,3]={0,1,255,2,1,255}"},
    {"probabilities", "logits=0", "f32[2,3,2]:0.1..0.9 i32[2,2]={0,1,2,2}"},
    {"all ignored", "ignore_index=7", "f32[1,2,2] i64[1,2]={7,7}"},
};
VT_SLOPE_OP(
    lovasz_loss, "LovaszLoss", 2, infer,
    "Lovasz-softmax loss of scores (N, C, ...) and labels (N, ...): the Jaccard loss's convex extension, "
    "mean over present classes; output 1 is its slope.");
