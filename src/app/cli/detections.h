/* What the verbs that compare detections with a ground truth share: their options and how they run. */
#ifndef VT_APP_CLI_DETECTIONS_H
#define VT_APP_CLI_DETECTIONS_H

#include "app/eval_coco.h"
#include "app/left_out.h"

struct vt_detection_opts {
  int type; /* 0 boxes, 1 masks */
  bool classes, json;
  struct vt_reading reading;
  const char *report, *per_image;
  double score;
  int64_t bootstrap, seed;
};
/* Option rows over a struct S whose first member is a struct vt_detection_opts. */
#define VT_DETECTION_ROWS(type_default)                                                                      \
  {"type",                                                                                                   \
   't',                                                                                                      \
   VT_OPT_ENUM,                                                                                              \
   offsetof(struct vt_detection_opts, type),                                                                 \
   type_default,                                                                                             \
   0,                                                                                                        \
   0,                                                                                                        \
   "bbox|segm",                                                                                              \
   NULL,                                                                                                     \
   "compare boxes, or masks"},                                                                               \
      VT_READING_ROWS(struct vt_detection_opts, reading),                                                    \
  {                                                                                                          \
    "json", 0, VT_OPT_FLAG, offsetof(struct vt_detection_opts, json), NULL, 0, 0, NULL, NULL,                \
        "print one JSON object"                                                                              \
  }
#define VT_DETECTION_ROWS_BOOTSTRAP                                                                          \
  {"bootstrap", 0,                                                                                           \
   VT_OPT_INT,  offsetof(struct vt_detection_opts, bootstrap),                                               \
   "0",         0,                                                                                           \
   100000,      NULL,                                                                                        \
   "N",         "95 % intervals by so many draws of the pictures, 0 = none"},                                \
  {                                                                                                          \
    "seed", 0, VT_OPT_INT, offsetof(struct vt_detection_opts, seed), "1", 0, 9e15, NULL, "N", "of the draws" \
  }
/* And of the verbs that also draw what they measure. */
/* clang-format off */
#define VT_DETECTION_ROWS_REPORT                                                                             \
  {"report", 0, VT_OPT_STRING, offsetof(struct vt_detection_opts, report), NULL, 0, 0, NULL, "FILE.html",    \
   "write a page with curves of precision, recall and F1, and the confusion matrix, too"},                   \
  {"per-image", 0, VT_OPT_STRING, offsetof(struct vt_detection_opts, per_image), NULL, 0, 0, NULL,           \
   "FILE.csv", "write what is right, missed and wrong in each picture (eval compare reads it)"},             \
  {"score", 0, VT_OPT_FLOAT, offsetof(struct vt_detection_opts, score), "0.25", 0, 1, NULL, "SCORE",         \
   "of the confusion matrix and the pictures: detections below do not count"}
/* clang-format on */
#define VT_DETECTION_ROW_CLASSES                                                                             \
  {                                                                                                          \
    "classes", 0, VT_OPT_FLAG, offsetof(struct vt_detection_opts, classes), NULL, 0, 0, NULL, NULL,          \
        "AP of each class as well"                                                                           \
  }

typedef int vt_detection_measure(const struct vt_coco_opts *o, struct vt_figures *f, struct vt_err *e);
/* Fills more (what only the verb knows) with files and options, measures, prints. VT_EUSAGE naming the verb
 * unless two files are given. */
int vt_detections_run(struct vt_cli *cli, const char *verb, const struct vt_detection_opts *o,
                      const struct vt_strings *args, struct vt_coco_opts more, vt_detection_measure *measure,
                      struct vt_err *e);

#endif
