/* Hash table from 64-bit keys to positions in a set of labels. */
#ifndef VT_DATA_LABELS_MAP_H
#define VT_DATA_LABELS_MAP_H

#include "data/labels_internal.h"

int vt__map_new(struct vt__map **out);
void vt__map_free(struct vt__map *m);
/* same NULL: the key is all there is. -1 if absent. */
int32_t vt__map_find(const struct vt__map *m, uint64_t key, vt__same_fn *same, const struct vt_labels *l,
                     const void *what);
int vt__map_put(struct vt__map *m, uint64_t key, int32_t value); /* key (with its thing) must be absent */

#endif
