/* Pages that need no other file. Part of plot/plot.h. Everything is appended to a buffer; names, titles and
 * texts are escaped here. */
#ifndef VT_PLOT_PAGE_H
#define VT_PLOT_PAGE_H

#include "base/base.h"

void vt_html_open(struct vt_buf *b, const char *title);
void vt_html_close(struct vt_buf *b);
void vt_html_text(struct vt_buf *b, const char *s);                          /* escaped */
void vt_html_count(struct vt_buf *b, int64_t n);                             /* 1,234,567 */
void vt_html_section(struct vt_buf *b, const char *title, const char *note); /* note may be NULL */

void vt_html_jpeg(struct vt_buf *b, const struct vt_buf *jpeg, const char *alt); /* the picture itself */

/* Rows of name, track and text between open and close. Shares of the track's length are 0 .. 1; `second`
 * below 0: one bar. The key says what the colours are. */
void vt_html_bars_open(struct vt_buf *b, const char *first, const char *second);
void vt_html_bar(struct vt_buf *b, const char *name, double first, double second, const char *text);
/* Ticks over the track. */
void vt_html_axis(struct vt_buf *b, int n, const double *at, const char *const *text);
/* Least, quartiles, greatest; lines of a grid every `step`. NaN in q[0]: none. */
void vt_html_box(struct vt_buf *b, const char *name, const double q[5], double step, const char *text);
void vt_html_bars_close(struct vt_buf *b);

/* 1500 as 1.5k, up to T; `text` is returned. */
const char *vt_short_number(char text[16], double v);

#endif
