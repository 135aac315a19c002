/* A policy in memory; private to the folder. */
#ifndef VT_DATA_POLICY_STEPS_H
#define VT_DATA_POLICY_STEPS_H

#include "data/policy.h"

enum vt__unsafe { VT__REFUSE, VT__WARN, VT__ALLOW };
enum vt__group { VT__NO_GROUP, VT__ALL, VT__ONE_OF };
struct vt__step_opts { /* what every step has */
  double p, weight;
  double start, ramp; /* epochs */
};
struct vt__step {
  enum vt__group group;
  const struct vt_aug_op *op; /* if it is no group */
  struct vt__step_opts *common;
  const void *opts;
  int n;
  struct vt__step *child;
};
struct vt_policy {
  struct vt_arena arena;
  int64_t fill, label_fill;
  double min_visible;
  int unsafe; /* enum vt__unsafe */
  struct vt__step all;
  bool mixes;
};

#endif
