/* Mixup (Zhang et al. 2018) and CutMix (Yun et al. 2019): pictures of a batch with parts of each other, and
 * targets to match. Private to train/. */
#ifndef VT_TRAIN_MIX_H
#define VT_TRAIN_MIX_H

#include "base/base.h"

struct vt__mix {
  double mixup, cutmix;             /* probability that a batch is mixed so; their sum is at most 1 */
  double mixup_alpha, cutmix_alpha; /* shares are drawn from Beta(alpha, alpha) */
  double smoothing;                 /* share of each target that is spread over all classes (Szegedy 2016) */
};
struct vt__mix_batch {
  int n, classes, height, width;
  const float *const *planes; /* n pictures (3, H, W) */
  const int64_t *label;       // (n)
  const uint64_t *seed;       /* (n): fixes what happens, the first for the batch */
  const float *share;         /* (n, classes), each row sums to 1; NULL: all of it is the label's */
};
/* image: (n, 3, H, W). target: (n, classes), each row sums to 1. */
void vt__mix_batch(const struct vt__mix *m, const struct vt__mix_batch *b, float *image, float *target);
/* Beta(a, a): X/(X + Y) of two gamma variates (Marsaglia, Tsang 2000). */
double vt__beta(struct vt_rng *r, double a);

#endif
