/* Losses of segmentation as parts of the training graph. Private to train/. */
#ifndef VT_TRAIN_PIXEL_LOSS_H
#define VT_TRAIN_PIXEL_LOSS_H

#include "train/train.h"

/* Names in the order of their numbers: A_B is A over pixels plus `weight` times B over classes. */
#define VT__PIXEL_LOSSES                                                                                     \
  "ce_dice|ce|focal|dice|jaccard|lovasz|ce_jaccard|ce_lovasz|focal_dice|focal_jaccard|focal_lovasz"
struct vt__pixel_loss {
  int kind; /* position in VT__PIXEL_LOSSES */
  double weight, gamma;
  int classes;
  const float *class_weight; /* (classes), of the part over pixels */
};
/* logits (N, C, H, W), labels (N, H, W), VT_IGNORE not counted -> one number. Its parts, where there are two,
 * are appended to metric; there is room for two. */
struct vt_value *vt__pixel_loss(struct vt_graph *g, struct vt_value *logits, struct vt_value *labels,
                                const struct vt__pixel_loss *o, struct vt_value **metric,
                                const char **metric_name, int *nmetric);

#endif
