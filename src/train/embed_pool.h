/* A sampler's order of the embedding task's anchors, source by source. Private to train/. */
#ifndef VT_TRAIN_EMBED_POOL_H
#define VT_TRAIN_EMBED_POOL_H

#include "train/embed_task.h"

struct vt__embed_pool {
  int64_t *v[VT__NSOURCES], n[VT__NSOURCES], at[VT__NSOURCES]; /* samples; n 0: drawn at random */
};
/* An epoch's order. Classes are garment groups; with per_class they are the keys, whose samples are positives
 * of each other, in sources that have any. To be cleared in any case. */
int vt__embed_pool_init(struct vt__embed_pool *p, const struct vt__embed_task *t, int epoch,
                        struct vt_err *e);
void vt__embed_pool_clear(struct vt__embed_pool *p);
/* The next anchor of source s, or a random one without a sampler. */
int64_t vt__embed_pool_next(struct vt__embed_pool *p, const struct vt__embed_samples *s, int64_t source,
                            struct vt_rng *rng);

#endif
