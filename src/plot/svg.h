/* Charts and pages as text, without another program: parts of an HTML page, or an SVG file of their own. Part
 * of plot/plot.h. Everything is appended to a buffer; names and titles are escaped here. */
#ifndef VT_PLOT_SVG_H
#define VT_PLOT_SVG_H

#include "plot/plot.h"

void vt_html_open(struct vt_buf *b, const char *title);
void vt_html_close(struct vt_buf *b);
void vt_html_text(struct vt_buf *b, const char *s); /* escaped */

/* Curves over axes that fit them, or over 0..1 both ways (`unit`); up to 12 are named beside the chart, more
 * share one colour and the first, drawn last and wide, is named alone. NaN is a gap. */
void vt_svg_curves(struct vt_buf *b, const char *title, const char *xlabel, const char *ylabel, bool unit,
                   int n, const struct vt_series *s);
/* Named points; log_x where values span orders of magnitude. Points that are not finite are left out. */
void vt_svg_points(struct vt_buf *b, const char *title, const char *xlabel, const char *ylabel, bool log_x,
                   int n, const char *const *name, const double *x, const double *y);
/* A matrix of counts (n, n) as shades: rows truth, columns predicted. `shares`: each row divided by its sum.
 * Numbers stand in the cells of up to 30 classes. */
void vt_svg_matrix(struct vt_buf *b, const char *title, bool shares, int n, const char *const *name,
                   const int64_t *count);

#endif
