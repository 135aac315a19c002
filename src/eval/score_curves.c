/* Precision and recall of each class over the scores of n rows. Rows of equal score are taken together: a
 * point stands after the last of them, so the order of rows does not matter. AP = sum over points of (R_i -
 * R_(i-1)) P_i. */
#include "eval/eval.h"

#include <math.h>
#include <stdlib.h>

struct scored {
  double score;
  bool truth;
};

static int by_score(const void *a, const void *b)
{
  const struct scored *x = a, *y = b;
  return x->score > y->score ? -1 : x->score < y->score;
}

int vt_scores_pr(struct vt_pr_curves *c, const double *score, const uint8_t *truth, int64_t n, int classes,
                 struct vt_err *e)
{
  const size_t cells = (size_t)n * (size_t)classes + 1;
  struct scored *v = vt_calloc((size_t)n + 1, sizeof *v);
  int64_t k = 0;
  *c = (struct vt_pr_curves){.ncls = classes};
  c->truths = vt_calloc((size_t)classes + 1, sizeof *c->truths);
  c->start = vt_calloc((size_t)classes + 1, sizeof *c->start);
  c->score = vt_calloc(cells, sizeof *c->score);
  c->precision = vt_calloc(cells, sizeof *c->precision);
  c->recall = vt_calloc(cells, sizeof *c->recall);
  bool ok = v && c->truths && c->start && c->score && c->precision && c->recall;
  for (int cls = 0; cls < classes && ok; cls++) {
    int64_t right = 0;
    for (int64_t i = 0; i < n; i++) {
      v[i] = (struct scored){score[i * classes + cls], truth[i * classes + cls] != 0};
      c->truths[cls] += v[i].truth;
    }
    if (n) qsort(v, (size_t)n, sizeof *v, by_score);
    for (int64_t i = 0; i < n; i++) {
      right += v[i].truth;
      if (i + 1 < n && v[i + 1].score == v[i].score) continue;
      c->score[k] = v[i].score;
      c->precision[k] = (double)right / (double)(i + 1);
      c->recall[k++] = c->truths[cls] ? (double)right / (double)c->truths[cls] : NAN;
    }
    c->start[cls + 1] = k;
  }
  vt_free(v);
  if (ok) return 0;
  vt_pr_curves_clear(c);
  return vt_fail(e, VT_ENOMEM, "out of memory");
}

double vt_pr_average(const struct vt_pr_curves *c, int cls)
{
  double sum = 0, last = 0;
  if (!c->truths[cls]) return NAN;
  for (int64_t i = c->start[cls]; i < c->start[cls + 1]; i++) {
    sum += (c->recall[i] - last) * c->precision[i];
    last = c->recall[i];
  }
  return sum;
}
