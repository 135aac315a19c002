/* A ground truth and detections, read and numbered for the measures. Shared by what compares them. */
#ifndef VT_APP_EVAL_COCO_PAIR_H
#define VT_APP_EVAL_COCO_PAIR_H

#include "app/eval_coco.h"

struct vt__coco_pair {
  struct vt_labels gt, dt;
  struct vt_coco_object *gt_object, *dt_object; /* their `image` is the rank of the picture's id */
  uint8_t *has;                                 // (attributes): 1 truth, 2 detection
};
int vt__coco_open(struct vt__coco_pair *p, const struct vt_coco_opts *o,
                  struct vt_err *e); /* zeroed before */
void vt__coco_close(struct vt__coco_pair *p);
struct vt_coco_input vt__coco_input(struct vt__coco_pair *p, bool masks);
/* Draws of pictures for the bootstrap, into `in`; *weight belongs to the caller. */
int vt__coco_draws(struct vt_coco_input *in, const struct vt__coco_pair *p, const struct vt_coco_opts *o,
                   int32_t **weight, struct vt_err *e);
/* COCO's twelve, with rounds the intervals of those that are drawn (sorted here); AP of each class. */
void vt__coco_figures(struct vt_coco_result *r, int rounds, struct vt_figures *f);
/* "AP shirt", or with the id where several classes have the name: "AP shirt (3)". */
void vt__coco_class_figure(const struct vt_labels *gt, int cls, const char *figure, double value,
                           struct vt_figures *f);
void vt__coco_classes(const struct vt_labels *gt, const struct vt_coco_result *r, struct vt_figures *f);

#endif
