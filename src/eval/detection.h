/* Other measures of detections than COCO's: Pascal VOC's AP, and the mAP of the iMaterialist contest. They
 * take the same objects (eval/coco.h). */
#ifndef VT_EVAL_DETECTION_H
#define VT_EVAL_DETECTION_H

#include "eval/coco.h"

/* Pascal VOC (Everingham et al., 2010): a detection takes the truth of its picture and class of highest IoU,
 * if that is at least `threshold`; the first to take it is right, later ones are wrong. Truths flagged
 * `crowd` ("difficult") do not count, nor what takes them. ap: (classes), area under the precision made
 * falling, or with `points11` the mean precision at recalls 0, .1, … 1 (VOC 2007); NaN for classes without
 * truth. Returns the mean in *map, NaN without any. */
int vt_voc_ap(double *ap, double *map, const struct vt_coco_input *in, double threshold, bool points11,
              struct vt_err *e);

/* The mean for each draw of in->weight: (in->rounds). */
int vt_voc_ap_draws(double *map, const struct vt_coco_input *in, double threshold, bool points11,
                    struct vt_err *e);

/* The mAP of iMaterialist (Fashion) 2019 to 2021: for each picture and threshold .50:.05:.95, detections in
 * order of score take a free truth of their class with IoU above the threshold; TP / (TP + FP + FN), mean
 * over thresholds, then over pictures. A picture with neither truth nor detection does not count.
 * picture: (in->pictures) that of each, NaN where it does not count; or NULL. */
int vt_contest_map(double *map, double *picture, const struct vt_coco_input *in, struct vt_err *e);

/* Precision and recall of each class after each detection, scores falling; matching as for VOC. Points of
 * class k are start[k] .. start[k + 1] - 1. */
struct vt_pr_curves {
  int ncls;
  int64_t *truths; // (classes)
  int64_t *start;  // (classes + 1)
  double *score, *precision, *recall;
};
int vt_detection_pr(struct vt_pr_curves *c, const struct vt_coco_input *in, double threshold,
                    struct vt_err *e);
void vt_pr_curves_clear(struct vt_pr_curves *c);
/* The class's greatest precision at a recall of at least r; 0 where it is never reached, NaN without truth.
 */
double vt_pr_precision(const struct vt_pr_curves *c, int cls, double r);
/* Its F1 if detections below `score` are left out; NaN without truth. */
double vt_pr_f1(const struct vt_pr_curves *c, int cls, double score);

/* Per picture: right ones, truths missed (or taken for another class), detections wrong. */
struct vt_image_counts {
  int64_t right, missed, wrong;
};
/* Which class was taken for which (eval/detection_confusion.c). c: initialised with ncls + 1 classes, the
 * last is background. Detections below `score` are left out. counts: (pictures), added to, or NULL. */
struct vt_confusion;
int vt_detection_confusion(struct vt_confusion *c, const struct vt_coco_input *in, double iou, double score,
                           struct vt_image_counts *counts, struct vt_err *e);

#endif
