/* Copies of strided blocks: what transposes, slices, expansions and joins come down to. */
#ifndef VT_BACKEND_NATIVE_MOVE_H
#define VT_BACKEND_NATIVE_MOVE_H

#include "engine/engine.h"

/* Element (i0, i1, …) goes from in + Σ i·from to out + Σ i·to, in elements of 1, 2, 4 or 8 bytes. */
struct vt__move {
  int rank;
  int64_t dim[VT_MAX_RANK + 1], from[VT_MAX_RANK + 1], to[VT_MAX_RANK + 1], in_at, out_at;
  size_t size;
};
/* Drops dimensions of 1 and merges those that both sides walk alike. */
void vt__move_simplify(struct vt__move *m);
/* Runs over the program's threads. */
void vt__move_run(const struct vt__move *m, const void *in, void *out);

#endif
