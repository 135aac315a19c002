/* A trained classifier as part of the training graph: soft targets for distillation. Private to train/. */
#ifndef VT_TRAIN_TEACHER_H
#define VT_TRAIN_TEACHER_H

#include "train/train.h"

/* Appends g2's nodes to g, which `x` feeds in the place of its one input; gives what its first output is in
 * g. g2 is not needed afterwards. */
int vt__graph_splice(struct vt_graph *g, const struct vt_graph *g2, struct vt_value *x, struct vt_value **out,
                     struct vt_err *e);

struct vt__pupil { /* the network that learns */
  const struct vt_preprocess *preprocess;
  int nlabels;
  const char *const *label;
};
/* Loads the classifier `path` and appends it behind x, the pupil's input (N, 3, H, W), prepared as the pupil
 * wants it: *logits (N, nlabels) in the order of the pupil's classes. A teacher without metadata takes x as
 * it is and must have as many classes. */
int vt__teacher(struct vt_graph *g, const char *path, struct vt_value *x, const struct vt__pupil *pupil,
                struct vt_value **logits, struct vt_err *e);

#endif
