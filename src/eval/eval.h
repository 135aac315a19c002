/* Metrics: one file each. They take arrays and streams; reading files is the caller's. */
#ifndef VT_EVAL_H
#define VT_EVAL_H

#include <stdint.h>
#include "base/base.h"
#include "mask/mask.h"
#include "plot/plot.h"
#include "eval/agreement.h"
#include "eval/coco.h"
#include "eval/detection.h"
#include "eval/ranking.h"

/* Confusion matrix over pixels or samples. count[t * n + p]: truth t predicted as p. Confined. */
struct vt_confusion {
  int n;
  int64_t *count;
};
int vt_confusion_init(struct vt_confusion *c, int n, struct vt_err *e);
void vt_confusion_clear(struct vt_confusion *c);
/* Adds n pairs; truth == ignore is not counted; values >= c->n fail with VT_EARG. */
int vt_confusion_add(struct vt_confusion *c, const uint8_t *truth, const uint8_t *pred, int64_t n, int ignore,
                     struct vt_err *e);
/* Adds n samples: each row of score (n, c->n) predicts its largest, the first of equals. Truths outside
 * 0..c->n-1 are not counted. */
void vt_confusion_add_scores(struct vt_confusion *c, const double *score, const int32_t *truth, int64_t n);
/* IoU of class k = TP / (TP + FP + FN); NaN if the class occurs in neither truth nor prediction. */
double vt_confusion_iou(const struct vt_confusion *c, int k);
double vt_confusion_mean_iou(const struct vt_confusion *c); /* over classes that are not NaN */
double vt_confusion_accuracy(const struct vt_confusion *c);

/* Retrieval (of whole galleries: eval/ranking.h). relevant: (n) relevance of the ranked matches of one query,
 * best first; non-zero = relevant. */
double vt_precision_at(const uint8_t *relevant, int n,
                       int k); /* fewer than k matches: missing ones count wrong */
double vt_recall_at(const uint8_t *relevant, int n, int k); /* 1 if any of the first k is relevant */
double vt_reciprocal_rank(const uint8_t *relevant, int n); /* 1 / rank of the first relevant one, 0 if none */

/* Classification. score: (n, classes); equal scores rank by class number. */
double vt_top_k(const double *score, const int32_t *truth, int64_t n, int64_t classes, int64_t k);
/* truth: (n, classes), several labels a row: share of the labelled rows with one of them among the first k.
 */
double vt_top_k_multi(const double *score, const uint8_t *truth, int64_t n, int64_t classes, int64_t k);
double vt_macro_f1(const struct vt_confusion *c); /* mean over classes that occur on either side */
/* p: (n, classes) probabilities in the place of decisions; NaN where any is outside 0 to 1. */
double vt_soft_macro_f1(const double *p, const uint8_t *truth, int64_t n, int64_t classes);
/* Precision and recall at k of several labels: the k best scores against the row's labels. Means over
 * labelled rows. */
void vt_precision_k_multi(const double *score, const uint8_t *truth, int64_t n, int64_t classes, int64_t k,
                          double *precision, double *recall);

/* Curves of each class over the rows' scores, and the area under one in steps (eval/score_curves.c); NaN
 * without truth. score, truth: (n, classes). */
int vt_scores_pr(struct vt_pr_curves *c, const double *score, const uint8_t *truth, int64_t n, int classes,
                 struct vt_err *e);
double vt_pr_average(const struct vt_pr_curves *c, int cls);

/* ---- intervals (eval/bootstrap.c) */

/* Interval of the mean of v at `level` (.95) by `rounds` resamplings; NaN without values. */
int vt_bootstrap(const double *v, int64_t n, int rounds, double level, uint64_t seed, double *lo, double *hi,
                 struct vt_err *e);

/* The same of any figures: `measure` fills them for a draw in which unit i comes weight[i] times; NaN for
 * those that the draw does not have. */
struct vt_bootstrap_job {
  int64_t n;
  int rounds, figures;
  double level;
  uint64_t seed;
  void (*measure)(void *ctx, const int32_t *weight, double *figure);
  void *ctx;
};
int vt_bootstrap_of(const struct vt_bootstrap_job *j, double *lo, double *hi, struct vt_err *e);
/* weight: (n), those of draw number `round`. */
void vt_bootstrap_draw(int32_t *weight, int64_t n, uint64_t seed, int64_t round);
/* Of v, which is sorted; NaN is left out. */
void vt_percentiles(double *v, int64_t n, double level, double *lo, double *hi);

/* Clusters a and classes b of n things, numbered from 0: normalised and adjusted mutual information
 * (eval/cluster.c).
 */
int vt_cluster_agreement(const int32_t *a, const int32_t *b, int64_t n, double *nmi, double *ami,
                         struct vt_err *e);

/* Puts n vectors (n, dim) into k clusters by k-means, at most `rounds` rounds (eval/kmeans.c). label: (n). */
int vt_kmeans(int32_t *label, const float *v, int64_t n, int dim, int k, int rounds, uint64_t seed,
              struct vt_err *e);

/* Boundary IoU's two sums: pixels of both masks within `share` (.02) of the picture's diagonal of their
 * contours, and of either. */
int vt_boundary_counts(int64_t *both, int64_t *any, const struct vt_mask *a, const struct vt_mask *b,
                       double share, struct vt_err *e);

/* Mean of a figure over queries, in all and for each of up to VT_MAX_MEANS classes. Confined;
 * zero-initialised. */
enum { VT_MAX_MEANS = 256 };
struct vt_means {
  int64_t n, count[VT_MAX_MEANS];
  double sum, part[VT_MAX_MEANS];
  bool keep; /* set before adding: values are kept for an interval, and vt_means_clear is needed */
  int64_t cap;
  double *value; // (n)
};
void vt_means_add(struct vt_means *m, int cls, double value); /* cls outside 0..VT_MAX_MEANS-1: only in all */
double vt_means_all(const struct vt_means *m);                /* NaN without queries */
/* Of the mean of all, by the bootstrap at level .95; the values must be kept. */
int vt_means_interval(const struct vt_means *m, int rounds, uint64_t seed, double *lo, double *hi,
                      struct vt_err *e);
void vt_means_clear(struct vt_means *m);
double vt_means_of(const struct vt_means *m, int cls); /* NaN without queries of that class */

#endif
