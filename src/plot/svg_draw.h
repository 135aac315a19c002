/* What the charts of this folder share. Coordinates are pixels; y grows downwards. */
#ifndef VT_PLOT_SVG_DRAW_H
#define VT_PLOT_SVG_DRAW_H

#include "plot/plot.h"

extern const char *const vt__svg_ink, *const vt__svg_faint, *const vt__svg_grid, *const vt__svg_fill;
/* A figure with an svg element; title NULL: none. Closed by vt__svg_close. */
void vt__svg_open(struct vt_buf *b, const char *title, double left, double width, double height);
void vt__svg_close(struct vt_buf *b);
void vt__svg_label(struct vt_buf *b, double x, double y, const char *anchor, const char *colour,
                   const char *text);
void vt__svg_turned(struct vt_buf *b, double x, double y, const char *anchor, const char *colour,
                    const char *text);
/* Step of ticks over a span: 1, 2 or 5 times a power of ten, about `ticks` of them. */
double vt__tick_step(double span, double ticks);

#endif
