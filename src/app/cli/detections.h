/* What the verbs that compare detections with a ground truth share: their options and how they run. */
#ifndef VT_APP_CLI_DETECTIONS_H
#define VT_APP_CLI_DETECTIONS_H

#include "app/eval_coco.h"

struct vt_detection_opts {
  int type; /* 0 boxes, 1 masks */
  bool lenient, classes, json;
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
      {"lenient", 0,    VT_OPT_FLAG, offsetof(struct vt_detection_opts, lenient),    NULL, 0,                \
       0,         NULL, NULL,        "leave out malformed entries, and say how many"},                       \
  {                                                                                                          \
    "json", 0, VT_OPT_FLAG, offsetof(struct vt_detection_opts, json), NULL, 0, 0, NULL, NULL,                \
        "print one JSON object"                                                                              \
  }
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
