/* The page of a set of labels: what its files share. Private to the two. */
#ifndef VT_APP_LABELS_HTML_H
#define VT_APP_LABELS_HTML_H

#include "data/data.h"
#include "plot/plot.h"

struct vt__page {
  const struct vt_labels *l;
  const struct vt_label_stats *s;
  struct vt_buf *b;
  int32_t *order; /* classes that occur, the most frequent first; at most VT__PAGE_ROWS of them are shown */
  int shown;
};
enum { VT__PAGE_ROWS = 400 };
/* Instances of each attribute; widths, heights and aspects of pictures; where boxes lie. */
void vt__page_attributes(const struct vt__page *p);
void vt__page_sizes(const struct vt__page *p);
void vt__page_places(const struct vt__page *p);

#endif
