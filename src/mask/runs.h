/* Inside the mask module: building run lists. */
#ifndef VT_MASK_RUNS_H
#define VT_MASK_RUNS_H

#include "mask/mask.h"

/* Collects (value, length) pieces; equal neighbours are joined and the first run is one of zeros. */
struct vt__runs {
  uint32_t *v;
  int n, cap;
  bool failed;
};
/* Room for n more runs. */
void vt__runs_grow(struct vt__runs *r, int64_t n);
static inline bool vt__runs_reserve(struct vt__runs *r, int64_t n)
{
  if (r->cap - r->n < n) vt__runs_grow(r, n);
  return !r->failed;
}
/* Appends a run as it stands, even one of length 0: for formats whose runs are kept as they came. */
static inline void vt__runs_push(struct vt__runs *r, uint32_t length)
{
  if (vt__runs_reserve(r, 1)) r->v[r->n++] = length;
}
static inline void vt__runs_add(struct vt__runs *r, bool set, uint32_t length)
{
  if (!length || r->failed) return;
  if (r->n && (r->n % 2 == 0) == set) {
    r->v[r->n - 1] += length;
    return;
  }
  if (!r->n && set) vt__runs_push(r, 0);
  vt__runs_push(r, length);
}
/* Hands the runs to the mask; out of memory on the way: VT_ENOMEM, m empty. */
int vt__runs_finish(struct vt__runs *r, struct vt_mask *m, int width, int height, struct vt_err *e);
int vt__mask_check_size(int width, int height, struct vt_err *e);

#endif
