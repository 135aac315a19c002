/* Losses of classification as parts of the training graph. Private to train/. */
#ifndef VT_TRAIN_CLASS_LOSS_H
#define VT_TRAIN_CLASS_LOSS_H

#include "train/train.h"

enum vt__class_loss_kind { VT__CROSS_ENTROPY, VT__FOCAL, VT__BINARY, VT__MARGIN };
struct vt__class_loss {
  int kind; /* enum vt__class_loss_kind */
  double gamma;
  int classes;
  const float *weight; /* (classes), or NULL: all 1 */
  bool soft;           /* targets are shares (N, classes), else labels (N); binary needs shares */
};
/* One number. With weights w and targets t, p = softmax(x), the sums over pictures and classes:
 *   cross-entropy  -sum w t log p / sum w t
 *   focal          -sum w t (1 - p)^gamma log p / sum w t        (Lin et al. 2017)
 *   binary         mean of w (softplus(x) - t x), the cross-entropy of each class's sigmoid
 *   margin         sum of t max(0, 0.9 - x)^2 + (1 - t)/2 max(0, x - 0.1)^2, mean over pictures, x being
 * lengths of capsules (Sabour et al. 2017); without weights */
struct vt_value *vt__class_loss(struct vt_graph *g, struct vt_value *logits, struct vt_value *target,
                                const struct vt__class_loss *o);
/* a + factor b */
struct vt_value *vt__add_scaled(struct vt_graph *g, struct vt_value *a, struct vt_value *b, double factor);

#endif
