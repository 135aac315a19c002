/* Figures of classification: top-k accuracy, one label or several; F1 macro and soft.
 *
 * Precision at k of several labels: of the k best scores, the share that are labels (of the rows with labels,
 * as many are wrong as there are fewer than k classes); recall at k: the share of the labels that are among
 * them.
 *
 * Macro F1 is the mean over classes of 2 TP / (2 TP + FP + FN); a class that occurs on neither side does not
 * enter. Soft F1 puts probabilities in the place of decisions: TP = sum p y, FP = sum p (1 - y), FN =
 * sum (1 - p) y. */
#include "eval/eval.h"

#include <math.h>

/* How many scores of the row are above score s, or equal and before class k: rank of class k from 0. */
static int64_t rank_of(const double *score, int64_t classes, int64_t k)
{
  int64_t rank = 0;
  for (int64_t j = 0; j < classes; j++) rank += score[j] > score[k] || (score[j] == score[k] && j < k);
  return rank;
}

double vt_top_k(const double *score, const int32_t *truth, int64_t n, int64_t classes, int64_t k)
{
  int64_t hit = 0;
  for (int64_t i = 0; i < n; i++)
    hit += truth[i] >= 0 && truth[i] < classes && rank_of(score + i * classes, classes, truth[i]) < k;
  return n ? (double)hit / (double)n : NAN;
}

double vt_top_k_multi(const double *score, const uint8_t *truth, int64_t n, int64_t classes, int64_t k)
{
  int64_t hit = 0, rows = 0;
  for (int64_t i = 0; i < n; i++) {
    int64_t labels = 0, found = 0;
    for (int64_t c = 0; c < classes; c++) {
      if (!truth[i * classes + c]) continue;
      labels++;
      found += rank_of(score + i * classes, classes, c) < k;
    }
    rows += labels > 0;
    hit += found > 0;
  }
  return rows ? (double)hit / (double)rows : NAN;
}

void vt_precision_k_multi(const double *score, const uint8_t *truth, int64_t n, int64_t classes, int64_t k,
                          double *precision, double *recall)
{
  int64_t rows = 0;
  *precision = *recall = 0;
  for (int64_t i = 0; i < n; i++) {
    int64_t labels = 0, found = 0;
    for (int64_t c = 0; c < classes; c++) {
      if (!truth[i * classes + c]) continue;
      labels++;
      found += rank_of(score + i * classes, classes, c) < k;
    }
    if (!labels) continue;
    rows++;
    *precision += (double)found / (double)k;
    *recall += (double)found / (double)labels;
  }
  *precision = rows ? *precision / (double)rows : NAN;
  *recall = rows ? *recall / (double)rows : NAN;
}

double vt_macro_f1(const struct vt_confusion *c)
{
  double sum = 0;
  int n = 0;
  for (int k = 0; k < c->n; k++) {
    int64_t truth = 0, pred = 0;
    for (int j = 0; j < c->n; j++) {
      truth += c->count[k * c->n + j];
      pred += c->count[j * c->n + k];
    }
    if (!truth && !pred) continue;
    sum += 2. * (double)c->count[k * c->n + k] / (double)(truth + pred);
    n++;
  }
  return n ? sum / n : NAN;
}

double vt_soft_macro_f1(const double *p, const uint8_t *truth, int64_t n, int64_t classes)
{
  static const double rounding = 1e-6; /* of a softmax in floats */
  double sum = 0;
  int64_t counted = 0;
  for (int64_t i = 0; i < n * classes; i++)
    if (!(p[i] >= -rounding && p[i] <= 1 + rounding)) return NAN;
  for (int64_t c = 0; c < classes; c++) {
    double tp = 0, either = 0; /* sum p + sum y = 2 TP + FP + FN */
    for (int64_t i = 0; i < n; i++) {
      double q = p[i * classes + c], y = truth[i * classes + c] != 0;
      tp += q * y;
      either += q + y;
    }
    if (!(either > 0)) continue;
    sum += 2 * tp / either;
    counted++;
  }
  return counted ? sum / (double)counted : NAN;
}
