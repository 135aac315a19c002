/* Confusion matrix and what follows from it: IoU (Jaccard), Dice, accuracy.
 *
 * With t(k) = truths of class k, p(k) = predictions of it, h(k) = both:
 *   IoU(k) = h / (t + p - h), Dice(k) = 2 h / (t + p), accuracy = sum h / sum t,
 *   frequency-weighted IoU = sum over k of t(k) / sum t * IoU(k)   (Long et al., "Fully Convolutional
 * Networks", 2015) */
#include <math.h>
#include <string.h>
#include "eval/eval.h"

enum { MAX_CLASSES = 4096 };

int vt_confusion_init(struct vt_confusion *c, int n, struct vt_err *e)
{
  c->n = 0;
  c->count = NULL;
  if (n < 1 || n > MAX_CLASSES)
    return vt_fail(e, VT_EARG, "confusion matrix of %d classes (1 to %d)", n, MAX_CLASSES);
  c->count = vt_calloc((size_t)n * (size_t)n, sizeof *c->count);
  if (!c->count) return vt_fail(e, VT_ENOMEM, "confusion matrix of %d classes: out of memory", n);
  c->n = n;
  return 0;
}

void vt_confusion_clear(struct vt_confusion *c)
{
  vt_free(c->count);
  c->count = NULL;
  c->n = 0;
}

int vt_confusion_add(struct vt_confusion *c, const uint8_t *truth, const uint8_t *pred, int64_t n, int ignore,
                     struct vt_err *e)
{
  for (int64_t i = 0; i < n; i++) {
    if (truth[i] == ignore) continue;
    if (truth[i] >= c->n || pred[i] >= c->n) {
      return vt_fail(e, VT_EARG, "element %lld: truth %d, prediction %d, but there are %d classes",
                     (long long)i, truth[i], pred[i], c->n);
    }
    c->count[truth[i] * c->n + pred[i]]++;
  }
  return 0;
}

void vt_confusion_add_scores(struct vt_confusion *c, const double *score, const int32_t *truth, int64_t n)
{
  for (int64_t i = 0; i < n; i++) {
    const double *v = score + i * c->n;
    int best = 0;
    if (truth[i] < 0 || truth[i] >= c->n) continue;
    for (int k = 1; k < c->n; k++)
      if (v[k] > v[best]) best = k;
    c->count[(int64_t)truth[i] * c->n + best]++;
  }
}

struct class_sums {
  int64_t hit, truth, pred;
};

static struct class_sums sums(const struct vt_confusion *c, int k)
{
  struct class_sums s = {c->count[k * c->n + k], 0, 0};
  for (int j = 0; j < c->n; j++) {
    s.truth += c->count[k * c->n + j];
    s.pred += c->count[j * c->n + k];
  }
  return s;
}

double vt_confusion_iou(const struct vt_confusion *c, int k)
{
  struct class_sums s = sums(c, k);
  int64_t all = s.truth + s.pred - s.hit;
  return all ? (double)s.hit / (double)all : NAN;
}

double vt_confusion_mean_iou(const struct vt_confusion *c)
{
  double sum = 0;
  int n = 0;
  for (int k = 0; k < c->n; k++) {
    double iou = vt_confusion_iou(c, k);
    if (isnan(iou)) continue;
    sum += iou;
    n++;
  }
  return n ? sum / n : NAN;
}

double vt_confusion_accuracy(const struct vt_confusion *c)
{
  int64_t hit = 0, all = 0;
  for (int k = 0; k < c->n; k++) {
    struct class_sums s = sums(c, k);
    hit += s.hit;
    all += s.truth;
  }
  return all ? (double)hit / (double)all : NAN;
}
