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
void vt__runs_add(struct vt__runs *r, bool set, uint32_t length);
/* Appends a run as it stands, even one of length 0: for formats whose runs are kept as they came. */
void vt__runs_push(struct vt__runs *r, uint32_t length);
/* Hands the runs to the mask; out of memory on the way: VT_ENOMEM, m empty. */
int vt__runs_finish(struct vt__runs *r, struct vt_mask *m, int width, int height, struct vt_err *e);
int vt__mask_check_size(int width, int height, struct vt_err *e);

#endif
