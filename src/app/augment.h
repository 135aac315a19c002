/* Labelled pictures through a policy of augmentation. */
#ifndef VT_APP_AUGMENT_H
#define VT_APP_AUGMENT_H

#include "data/data.h"

/* Samples of a set of labels, read from its pictures when asked for. Immutable once made. */
struct vt_aug_source {
  const struct vt_labels *l;
  const char *images;     /* folder of the pictures */
  int64_t *order, *start; /* instances by picture */
  bool lenient;           /* vt_aug_source_other passes over pictures that cannot be read */
};
int vt_aug_source_init(struct vt_aug_source *s, const struct vt_labels *l, const char *images,
                       struct vt_err *e);
void vt_aug_source_clear(struct vt_aug_source *s);
int vt_aug_source_get(const struct vt_aug_source *s, int32_t image, struct vt_aug_sample *out,
                      struct vt_err *e);
/* Whether it failed for the picture or its labels, so that others may do. */
bool vt_aug_source_fault(int rc);
/* For vt_aug_env: any picture but the one at hand. ctx: struct vt_aug_others. */
struct vt_aug_others {
  const struct vt_aug_source *source;
  int32_t image;
};
int vt_aug_source_other(struct vt_aug_sample *out, struct vt_rng *rng, void *ctx, struct vt_err *e);

struct vt_augment_opts {
  const char *images, *out; /* folders */
  const struct vt_policy *policy;
  int copies; /* of each picture */
  bool png;   /* without loss; else JPEG of quality 95 */
  double epoch;
  uint64_t seed;
  int threads; /* 0: as many as the program has; the result is the same */
  /* Pictures that cannot be read are left out and listed here. NULL: the first one ends it. */
  struct vt_problems *problems;
};
/* Writes OUT/images/ and fills `made` (initialised) with the labels of what it wrote. Fails, too, where no
 * picture can be read. */
int vt_augment_set(struct vt_labels *made, const struct vt_labels *l, const struct vt_augment_opts *o,
                   struct vt_err *e);

#endif
