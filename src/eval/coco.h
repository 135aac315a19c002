/* COCO's average precision and recall of detections, with boxes or masks; with attributes as Fashionpedia
 * does. */
#ifndef VT_EVAL_COCO_H
#define VT_EVAL_COCO_H

#include "base/base.h"
#include "mask/mask.h"

enum { VT_COCO_IOUS = 10, VT_COCO_AREAS = 4 }; /* IoU .50:.05:.95; areas: all, small, medium, large */

struct vt_coco_object {
  int32_t image,
      cls; /* numbered by rising id: detections of equal score keep the order of pictures, then theirs */
  struct vt_box box;
  double area, score; /* area decides the size class */
  bool crowd;
};
struct vt_coco_input {
  int ncls;
  int64_t ngt, ndt;
  const struct vt_coco_object *gt, *dt;
  /* Masks: makes that of object i, cleared here. NULL: boxes are compared. */
  int (*mask)(void *ctx, bool detection, int64_t i, struct vt_mask *m, struct vt_err *e);
  /* Attributes: F1 of detection d's attributes against those of truth g; a match needs at least f1_threshold,
   * and at least that of a match before it. NULL: not looked at. */
  double (*f1)(void *ctx, int64_t d, int64_t g);
  double f1_threshold;
  const bool *f1_class; // (classes) that F1 is looked at in; NULL: all
  void *ctx;
  /* Bootstrap: figures as well for each of `rounds` draws of pictures with replacement (vt_bootstrap_draw).
   * 0: none. */
  int rounds, pictures;
  const int32_t *weight; // (rounds, pictures) how often each picture is in the draw
  const bool *skip;      // (classes) not looked at, as if without truth; NULL: none
};
/* NaN where a class has no truth of that size. */
struct vt_coco_result {
  int ncls;
  double *ap;        // (areas, ious, classes), 100 detections a picture
  double *recall;    // (areas, ious, classes), 100 detections a picture
  double *few;       // (2, ious, classes): recall with 1 and 10 detections a picture
  double *drawn;     // (VT_COCO_DRAWN, rounds): AP, AP50, AP75 of each draw; NaN where no class counts
  int64_t *drawn_of; // the same: of how many classes and thresholds it is the mean
};
enum { VT_COCO_DRAWN = 3 };
int vt_coco_eval(struct vt_coco_result *r, const struct vt_coco_input *in, struct vt_err *e);
void vt_coco_result_clear(struct vt_coco_result *r);

/* The twelve figures in COCO's order: AP, AP50, AP75, APs, APm, APl, AR1, AR10, AR100, ARs, ARm, ARl. -1
 * where no class counts, as COCO's tools say. */
enum { VT_COCO_FIGURES = 12 };
extern const char *const vt_coco_figure[VT_COCO_FIGURES];
void vt_coco_summary(const struct vt_coco_result *r, double figure[VT_COCO_FIGURES]);

#endif
