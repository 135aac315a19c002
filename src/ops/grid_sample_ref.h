/* What GridSample and its gradient share: which elements a grid point reads, and how they count. Private to
 * ops/. */
#ifndef VT_OPS_GRID_SAMPLE_REF_H
#define VT_OPS_GRID_SAMPLE_REF_H

#include "ops/util.h"

enum vt__grid_mode { VT__GRID_LINEAR, VT__GRID_NEAREST, VT__GRID_CUBIC };
enum vt__grid_padding { VT__GRID_ZEROS, VT__GRID_BORDER, VT__GRID_REFLECTION };
struct vt__grid_attrs {
  int mode, padding_mode;
  int64_t align_corners;
};
#define VT__GRID_ROWS                                                                                        \
  VT_A_ENUM(struct vt__grid_attrs, mode, "bilinear|nearest|bicubic", VT__GRID_LINEAR),                       \
      VT_A_ENUM(struct vt__grid_attrs, padding_mode, "zeros|border|reflection", VT__GRID_ZEROS),             \
      VT_A_INT(struct vt__grid_attrs, align_corners, 0)

/* Sizes of x (N, C, in) and grid (N, out, r), with `r` spatial dimensions. */
struct vt__grid {
  int r;
  int64_t n, c, in[3], plane, points;
};
int vt__grid_init(struct vt__grid *s, const struct vt_node *n, int x_rank, const int64_t *x, int grid_rank,
                  const int64_t *grid, struct vt_err *e);

/* One element of a plane that a point reads. slope[d]: of its weight by the grid's d-th coordinate. */
struct vt__grid_tap {
  int64_t at;
  float weight, slope[3];
};
enum { VT__GRID_TAPS = 64 };
/* The taps of a point (grid: its r coordinates, the last dimension of x first); gives their number. */
int vt__grid_taps(const struct vt__grid *s, const struct vt__grid_attrs *a, const float *grid,
                  struct vt__grid_tap *tap);

#endif
