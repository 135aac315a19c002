/* Samplers for tasks over photos with label maps: a photo's class is the rarest garment that it shows.
 * Private to train/. */
#ifndef VT_TRAIN_PHOTO_SAMPLER_H
#define VT_TRAIN_PHOTO_SAMPLER_H

#include "train/class_sampler.h"

struct vt__photo_sampler {
  struct vt__class_sampler s;
  int32_t *label; // (photos), NULL without a sampler
};
/* Exchanges label maps of train[0..n) in `d`, if that is wanted, and counts an epoch's photos (s.n). */
int vt__photo_sampler_init(struct vt__photo_sampler *p, const struct vt__class_sampler *keys,
                           struct vt_dataset *d, const int64_t *train, int64_t n, uint64_t seed,
                           struct vt_err *e);
void vt__photo_sampler_clear(struct vt__photo_sampler *p);
/* A map that is another photo's stretched to this one's size: *map is then `own`. */
int vt__photo_fit_map(const struct vt_image **map, const struct vt_image *photo, struct vt_image *own,
                      struct vt_err *e);

#endif
