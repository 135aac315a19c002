/* Photos with label maps as samples of a policy. Private to train/. */
#ifndef VT_TRAIN_SEGMENT_SAMPLES_H
#define VT_TRAIN_SEGMENT_SAMPLES_H

#include "data/data.h"

struct vt__seg_source {
  const struct vt_dataset *data;
  struct vt_image_cache *cache;
  const int64_t *train; // (ntrain) samples that others are taken from
  int64_t ntrain;
  int side;     /* longer side that photos are shrunk to */
  bool objects; /* each group in the map becomes an object with a mask, for steps that mix */
};
/* The photo and its map of groups, of its own. */
int vt__seg_sample(struct vt_aug_sample *out, const struct vt__seg_source *from, const struct vt_sample *s,
                   struct vt_err *e);
/* For vt_aug_env: any train photo. ctx: the source. */
int vt__seg_other(struct vt_aug_sample *out, struct vt_rng *rng, void *ctx, struct vt_err *e);

#endif
