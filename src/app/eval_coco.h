/* Use-cases: figures of detections against a ground truth in COCO's json. */
#ifndef VT_APP_EVAL_COCO_H
#define VT_APP_EVAL_COCO_H

#include "app/measure.h"

struct vt_coco_opts {
  const char *gt, *dt;
  const char *left_out;         /* with lenient: table of what was left out; NULL none */
  bool masks, lenient, classes; /* classes: AP of each class, too */
  int rounds;                   /* of the bootstrap, 0 none */
  uint64_t seed;
  int nattribute_classes; /* fashionpedia: ids of classes that may have attributes; 0: its own */
  const int64_t *attribute_class;
};
int vt_eval_coco(const struct vt_coco_opts *o, struct vt_figures *f, struct vt_err *e);
/* The mAP of the iMaterialist contest, and Pascal VOC's AP at IoU .5. */
int vt_eval_detections(const struct vt_coco_opts *o, struct vt_figures *f, struct vt_err *e);
int vt_eval_fashionpedia(const struct vt_coco_opts *o, struct vt_figures *f, struct vt_err *e);
/* A page with curves of precision and recall, F1 over scores, and the confusion matrix at `score`; per_image:
 * a table of what was right, missed and wrong in each picture at `score`. IoU .5. Either may be NULL. */
int vt_eval_coco_report(const struct vt_coco_opts *o, const char *page, const char *per_image, double score,
                        struct vt_err *e);

#endif
