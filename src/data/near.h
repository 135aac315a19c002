/* Near-duplicates among pictures, by perceptual hashes. */
#ifndef VT_DATA_NEAR_H
#define VT_DATA_NEAR_H

#include "data/labels.h"
#include "image/image.h"

/* 128 bits: whether brightness rises from each cell to its right neighbour (grid of 9 x 8), and to the one
 * below (8 x 9). Resizing and compressing again change a few bits, other pictures half of them. */
struct vt_picture_hash {
  uint64_t across, down;
};
int vt_picture_hash(struct vt_picture_hash *out, const struct vt_image *im, struct vt_err *e);
int vt_hash_distance(struct vt_picture_hash a, struct vt_picture_hash b); /* bits that differ, 0..128 */

/* Hashes put in one by one, to be asked for those within `bits` (0..VT_NEAR_MAX_BITS) of another. Confined.
 */
enum { VT_NEAR_MAX_BITS = 24 };
struct vt_near;
int vt_near_new(struct vt_near **out, const struct vt_picture_hash *hash, int32_t n, int bits,
                struct vt_err *e); /* borrows hash, (n) */
void vt_near_free(struct vt_near *x);
void vt_near_put(struct vt_near *x, int32_t i);
/* Of those put in: calls `each` for every one within the distance of hash[i], possibly more than once, until
 * it returns false. */
void vt_near_find(const struct vt_near *x, int32_t i, bool (*each)(int32_t j, int distance, void *ctx),
                  void *ctx);

/* Hashes of all pictures of a set, (nimages), by all threads; skip (may be NULL): pictures not to open. */
int vt_labels_hash(struct vt_picture_hash **out, const struct vt_labels *l, const char *images,
                   const bool *skip, struct vt_err *e);
/* group[i]: the first picture that i is joined with, by a chain of near-duplicates. */
int vt_near_groups(int64_t *group, const struct vt_picture_hash *hash, int32_t n, int bits, struct vt_err *e);

#endif
