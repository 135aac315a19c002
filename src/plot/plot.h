/* Charts, drawn by gnuplot as a child process; without gnuplot VT_ENOENT. Synchronised. */
#ifndef VT_PLOT_H
#define VT_PLOT_H

#include "base/base.h"

struct vt_series {
  const char *name;
  int n;
  const double *x, *y; /* x NULL: 0, 1, 2, … ; NaN = gap */
};
/* A line chart as SVG or PNG, by the path's ending. */
int vt_plot_lines(const char *path, const char *title, const char *xlabel, const char *ylabel, int nseries,
                  const struct vt_series *s, struct vt_err *e);

#include "plot/page.h" /* pages as text */
#include "plot/svg.h"  /* charts as text */

#endif
