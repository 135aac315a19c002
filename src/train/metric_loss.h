/* Losses of metric learning as parts of the training graph. Private to train/. */
#ifndef VT_TRAIN_METRIC_LOSS_H
#define VT_TRAIN_METRIC_LOSS_H

#include "train/train.h"

enum vt__metric_loss_kind {
  VT__TRIPLET_LOSS,     /* max(0, m + d(a,p) - d(a,n)) of unit vectors, d squared (Schroff 2015) */
  VT__TRIPLET_L2_LOSS,  /* of vectors as they come, + alpha/(3D) (|a|^2 + |p|^2 + |n|^2) (Kinli 2019) */
  VT__CONTRASTIVE_LOSS, /* same: d^2/2, others: max(0, m - d)^2/2 (Hadsell 2006) */
  VT__ARCFACE_LOSS, /* cross-entropy of cosines to a vector of each class, its angle widened (Deng 2019) */
  VT__PROXY_ANCHOR_LOSS, /* soft maxima over samples and a proxy of each class (Kim 2020) */
};
#define VT__METRIC_LOSSES "triplet|triplet_l2|contrastive|arcface|proxy_anchor"
struct vt__metric_loss {
  int kind;           /* enum vt__metric_loss_kind */
  double margin;      /* m of the first three; ArcFace's angle; proxy-anchor's delta */
  double alpha;       /* of triplet_l2 */
  double scale;       /* ArcFace's s, proxy-anchor's alpha */
  const char *mining; /* of the triplets */
  int64_t classes;    /* of ArcFace and proxy-anchor, whose parameters are "metric.weight" */
};
/* vector (N, D), unit, and raw before it was; label (N), below 0 without a class -> one number. */
struct vt_value *vt__metric_loss(struct vt_net *n, struct vt_value *unit, struct vt_value *raw,
                                 struct vt_value *label, const struct vt__metric_loss *o);

#endif
