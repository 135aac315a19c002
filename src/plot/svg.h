/* Charts as text, without another program: parts of an HTML page. Part of plot/plot.h. Everything is appended
 * to a buffer; names and titles are escaped here. */
#ifndef VT_PLOT_SVG_H
#define VT_PLOT_SVG_H

#include "plot/plot.h"

/* Curves over axes that fit them, or over 0..1 both ways (`unit`); up to 12 are named beside the chart, more
 * share one colour and the first, drawn last and wide, is named alone. NaN is a gap. */
void vt_svg_curves(struct vt_buf *b, const char *title, const char *xlabel, const char *ylabel, bool unit,
                   int n, const struct vt_series *s);
/* Named points; log_x where values span orders of magnitude. Points that are not finite are left out. */
void vt_svg_points(struct vt_buf *b, const char *title, const char *xlabel, const char *ylabel, bool log_x,
                   int n, const char *const *name, const double *x, const double *y);
/* A matrix of counts (n, n) as shades: rows truth, columns predicted. `shares`: each row divided by its sum.
 * Classes without any count are left out; numbers stand in the cells of up to 30 classes, names beside up to
 * 160. */
void vt_svg_matrix(struct vt_buf *b, const char *title, bool shares, int n, const char *const *name,
                   const int64_t *count);
/* v: (n, n), shares 0 .. 1; the note stands below. */
void vt_svg_shades(struct vt_buf *b, const char *title, const char *note, int n, const char *const *name,
                   const double *v);

/* Columns bin[0 .. n) on an area of width x height pixels; `at` of a tick is in bins from the left. density:
 * a smooth line over them. */
struct vt_tick {
  double at;
  char text[16];
};
struct vt_columns {
  const char *xlabel, *ylabel;
  int n, nticks;
  const int64_t *bin;
  const struct vt_tick *tick;
  double width, height;
  bool density;
};
void vt_svg_columns(struct vt_buf *b, const struct vt_columns *h);

#endif
