/* Classification from a table of scores: top k, precision and recall at k, F1 macro, micro and soft, average
 * precision, each class, intervals. */
#include "app/eval_scores.h"

#include <math.h>
#include <string.h>

static int32_t best_class(const double *score, int classes)
{
  int32_t best = 0;
  for (int32_t c = 1; c < classes; c++)
    if (score[c] > score[best]) best = c;
  return best;
}

static int decide(struct vt_decisions *d, const struct vt_score_table *t, double threshold, struct vt_err *e)
{
  const size_t classes = (size_t)t->classes;
  d->right = vt_calloc(classes, sizeof *d->right);
  d->wrong = vt_calloc(classes, sizeof *d->wrong);
  d->missed = vt_calloc(classes, sizeof *d->missed);
  if (!d->right || !d->wrong || !d->missed) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int pass = 0; pass < 2; pass++) {
    int64_t n = 0;
    for (int64_t i = 0; i < t->n; i++) {
      const double *score = t->score + i * t->classes;
      const int32_t best = best_class(score, t->classes);
      for (int32_t c = 0; c < t->classes; c++) {
        const bool truth = t->truth[i * t->classes + c],
                   found = t->several ? score[c] >= threshold : c == best;
        if (!truth && !found) continue;
        if (pass) {
          d->v[n] = (struct vt_decision){(int32_t)i, c, truth, found};
          d->right[c] += truth && found;
          d->wrong[c] += found && !truth;
          d->missed[c] += truth && !found;
        }
        n++;
      }
    }
    d->n = n;
    if (!pass && !(d->v = vt_calloc((size_t)n + 1, sizeof *d->v)))
      return vt_fail(e, VT_ENOMEM, "out of memory");
  }
  return 0;
}

static void decisions_clear(struct vt_decisions *d)
{
  vt_free(d->v);
  vt_free(d->right);
  vt_free(d->wrong);
  vt_free(d->missed);
}

/* Macro F1 over classes that occur on either side, and micro F1. */
static void f1_of(const int64_t *right, const int64_t *wrong, const int64_t *missed, int classes,
                  double f1[2])
{
  int64_t sum[2] = {0};
  double macro = 0;
  int n = 0;
  for (int c = 0; c < classes; c++) {
    const int64_t either = 2 * right[c] + wrong[c] + missed[c];
    if (!either) continue;
    macro += 2. * (double)right[c] / (double)either;
    sum[0] += 2 * right[c];
    sum[1] += either;
    n++;
  }
  f1[0] = n ? macro / n : NAN;
  f1[1] = sum[1] ? (double)sum[0] / (double)sum[1] : NAN;
}

/* ---- intervals */

enum { DRAWN = 4 };
static const char *const drawn_name[DRAWN] = {"top1", "top5", "macro_f1", "micro_f1"};
struct draws {
  const struct vt_score_table *t;
  const struct vt_decisions *d;
  uint8_t *top;   // (n) bit 0: hit in the first, bit 1: in the first five
  int64_t *count; // (3, classes)
};

static void measure_draw(void *ctx, const int32_t *weight, double *figure)
{
  struct draws *w = ctx;
  const int classes = w->t->classes;
  int64_t hit[2] = {0}, *right = w->count, *wrong = right + classes, *missed = wrong + classes;
  for (int64_t i = 0; i < w->t->n; i++)
    for (int k = 0; k < 2; k++) hit[k] += weight[i] * (w->top[i] >> k & 1);
  memset(w->count, 0, 3 * (size_t)classes * sizeof *w->count);
  for (int64_t i = 0; i < w->d->n; i++) {
    const struct vt_decision *x = &w->d->v[i];
    (x->truth ? x->found ? right : missed : wrong)[x->cls] += weight[x->row];
  }
  for (int k = 0; k < 2; k++) figure[k] = (double)hit[k] / (double)w->t->n;
  f1_of(right, wrong, missed, classes, figure + 2);
}

static int add_intervals(const struct vt_score_table *t, const struct vt_decisions *d,
                         const struct vt_score_opts *o, struct vt_figures *f, struct vt_err *e)
{
  struct draws w = {.t = t, .d = d};
  double low[DRAWN], high[DRAWN];
  w.top = vt_calloc((size_t)t->n, 1);
  w.count = vt_calloc((size_t)t->classes, 3 * sizeof *w.count);
  int rc = w.top && w.count ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t i = 0; i < t->n && !rc; i++)
    for (int k = 0; k < 2; k++) {
      const double *score = t->score + i * t->classes;
      const uint8_t *truth = t->truth + i * t->classes;
      w.top[i] |= (uint8_t)((vt_top_k_multi(score, truth, 1, t->classes, k ? 5 : 1) > 0) << k);
    }
  const struct vt_bootstrap_job j = {.n = t->n,
                                     .rounds = o->rounds,
                                     .figures = DRAWN,
                                     .level = .95,
                                     .seed = o->seed,
                                     .measure = measure_draw,
                                     .ctx = &w};
  if (!rc) rc = vt_bootstrap_of(&j, low, high, e);
  for (int k = 0; k < DRAWN && !rc; k++) {
    vt_figures_addf(f, low[k], "%s_low", drawn_name[k]);
    vt_figures_addf(f, high[k], "%s_high", drawn_name[k]);
  }
  vt_free(w.top);
  vt_free(w.count);
  return rc;
}

/* ---- figures */

static double ratio(int64_t a, int64_t b)
{
  return b ? (double)a / (double)b : NAN;
}

static void add_classes(const struct vt_score_table *t, const struct vt_decisions *d,
                        const struct vt_pr_curves *c, struct vt_figures *f)
{
  for (int k = 0; k < t->classes; k++) {
    const int64_t right = d->right[k], found = right + d->wrong[k], truth = right + d->missed[k];
    vt_figures_addf(f, (double)truth, "support %s", t->cls[k]);
    vt_figures_addf(f, ratio(right, found), "precision %s", t->cls[k]);
    vt_figures_addf(f, ratio(right, truth), "recall %s", t->cls[k]);
    vt_figures_addf(f, ratio(2 * right, found + truth), "f1 %s", t->cls[k]);
    vt_figures_addf(f, vt_pr_average(c, k), "AP %s", t->cls[k]);
  }
}

static int add_figures(const struct vt_score_table *t, const struct vt_decisions *d,
                       const struct vt_score_opts *o, struct vt_figures *f, struct vt_err *e)
{
  struct vt_pr_curves c = {0};
  double f1[2], precision, recall, ap = 0;
  int counted = 0, rc = vt_scores_pr(&c, t->score, t->truth, t->n, t->classes, e);
  if (rc) return rc;
  for (int k = 0; k < t->classes; k++) {
    if (!c.truths[k]) continue;
    ap += vt_pr_average(&c, k);
    counted++;
  }
  f1_of(d->right, d->wrong, d->missed, t->classes, f1);
  vt_precision_k_multi(t->score, t->truth, t->n, t->classes, o->k, &precision, &recall);
  vt_figures_add(f, "top1", vt_top_k_multi(t->score, t->truth, t->n, t->classes, 1));
  vt_figures_add(f, "top5", vt_top_k_multi(t->score, t->truth, t->n, t->classes, 5));
  vt_figures_addf(f, precision, "precision_at_%lld", (long long)o->k);
  vt_figures_addf(f, recall, "recall_at_%lld", (long long)o->k);
  vt_figures_add(f, "macro_f1", f1[0]);
  vt_figures_add(f, "micro_f1", f1[1]);
  vt_figures_add(f, "soft_macro_f1", vt_soft_macro_f1(t->score, t->truth, t->n, t->classes));
  vt_figures_add(f, "macro_AP", counted ? ap / counted : NAN);
  if (o->rounds) rc = add_intervals(t, d, o, f, e);
  if (o->classes) add_classes(t, d, &c, f);
  vt_pr_curves_clear(&c);
  return rc;
}

int vt_eval_score_table(const struct vt_score_table *t, const struct vt_score_opts *o, struct vt_figures *f,
                        struct vt_err *e)
{
  struct vt_decisions d = {0};
  int rc = decide(&d, t, o->threshold, e);
  if (!rc) rc = add_figures(t, &d, o, f, e);
  if (!rc && o->report) rc = vt_score_page(t, &d, o, e);
  if (!rc && o->per_image) rc = vt_score_pictures(t, &d, o->per_image, e);
  decisions_clear(&d);
  return rc;
}

int vt_eval_scores(const struct vt_score_opts *o, struct vt_figures *f, struct vt_err *e)
{
  struct vt_score_table t;
  int rc = vt_score_table_read(&t, o->table, o->truth, o->reading.lenient, e);
  if (!rc) rc = vt_say_problems(&t.problems, o->table, 0, &o->reading, e);
  if (!rc) {
    vt_figures_add(f, "rows", (double)t.n);
    vt_figures_add(f, "unlabelled", (double)t.unlabelled);
    vt_figures_add(f, "left_out", (double)t.problems.n);
    vt_figures_add(f, "classes", t.classes);
    rc = vt_eval_score_table(&t, o, f, e);
  }
  vt_score_table_clear(&t);
  return rc;
}
