/* Augmentation by policy (data/policy.h) in recipes: the key `policy` holds a policy's steps, or names a file
 * whose steps then stand in the run's recipe, so that a run goes on with what it began with. Private to
 * train/. */
#ifndef VT_TRAIN_POLICY_H
#define VT_TRAIN_POLICY_H

#include "data/data.h"

#define VT__POLICY_KEY "policy"
#define VT__POLICY_ROW(at)                                                                                   \
  {                                                                                                          \
    VT__POLICY_KEY, 0, VT_OPT_STRING, at, NULL, 0, 0, NULL, "FILE|STEPS",                                    \
        "augmentation: a policy's file, or its steps (docs/AUGMENTATION.md); takes the place of augment"     \
  }

struct vt__policy {
  struct vt_policy *p; /* NULL: the recipe has none */
  double epoch;        /* for ramps; set before an epoch's samples are made */
  bool mixes;
};
/* text: steps as flow YAML, or NULL. */
int vt__policy_open(struct vt__policy *p, const char *text, struct vt_err *e);
void vt__policy_close(struct vt__policy *p);
/* Applies it; what comes out is stretched to width x height. other, ctx: as in vt_aug_env. */
int vt__policy_apply(const struct vt__policy *p, struct vt_aug_sample *s, int width, int height,
                     struct vt_rng *rng,
                     int (*other)(struct vt_aug_sample *, struct vt_rng *, void *, struct vt_err *),
                     void *ctx, struct vt_err *e);

/* The file of a policy as one line of flow YAML, in the arena. */
int vt__policy_text(struct vt_arena *a, const char *path, const char **text, struct vt_err *e);

#endif
