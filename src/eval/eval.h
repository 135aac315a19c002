/* Metrics: one file each. They take arrays and streams; reading files is the caller's. */
#ifndef VT_EVAL_H
#define VT_EVAL_H

#include <stdint.h>
#include "base/base.h"
#include "mask/mask.h"
#include "plot/plot.h"

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
/* IoU of class k = TP / (TP + FP + FN); NaN if the class occurs in neither truth nor prediction. */
double vt_confusion_iou(const struct vt_confusion *c, int k);
double vt_confusion_mean_iou(const struct vt_confusion *c); /* over classes that are not NaN */
double vt_confusion_accuracy(const struct vt_confusion *c);
double vt_confusion_fw_iou(const struct vt_confusion *c); /* weighted by frequency in truth */
double vt_confusion_dice(const struct vt_confusion *c);   /* mean over classes that are not NaN */

/* Retrieval. hits: relevance of the ranked matches of one query, best first. */
double vt_precision_at(const uint8_t *relevant, int n,
                       int k); /* fewer than k matches: missing ones count wrong */
double vt_recall_at(const uint8_t *relevant, int n, int k); /* 1 if any of the first k is relevant */

#endif
