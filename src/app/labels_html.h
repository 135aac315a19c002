/* The page of a set of labels: what its files share. Private to the two. */
#ifndef VT_APP_LABELS_HTML_H
#define VT_APP_LABELS_HTML_H

#include "data/data.h"
#include "plot/plot.h"

extern const char *const vt__page_fill, *const vt__page_second, *const vt__page_ink, *const vt__page_faint;
void vt__page_svg(struct vt_buf *b, const char *title, double width, double height);
void vt__page_label(struct vt_buf *b, double x, double y, const char *anchor, const char *colour,
                    const char *text);
void vt__page_bar(struct vt_buf *b, double x, double y, double w, double h, const char *colour);

/* Instances of each attribute; widths, heights and aspects of pictures; where boxes lie. */
void vt__page_attributes(const struct vt_labels *l, const struct vt_label_stats *s, struct vt_buf *b);
void vt__page_sizes(const struct vt_labels *l, struct vt_buf *b);
void vt__page_places(const struct vt_labels *l, const struct vt_label_stats *s, struct vt_buf *b);
/* Density of whole numbers: a Gaussian kernel of Silverman's width over the counts bin[0 .. n), drawn as a
 * line whose height `high` is that of `most` pictures. */
void vt__page_density(struct vt_buf *b, const int64_t *bin, int n, double left, double step, double high,
                      double most);

#endif
