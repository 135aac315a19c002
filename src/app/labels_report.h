/* Printing what a set of labels holds. */
#ifndef VT_APP_LABELS_REPORT_H
#define VT_APP_LABELS_REPORT_H

#include "data/data.h"

void vt_json_text(struct vt_buf *b, const char *s); /* a quoted string */
void vt_labels_report_json(const struct vt_labels *l, const struct vt_label_stats *s, struct vt_buf *b);
void vt_labels_report_table(const struct vt_labels *l, const struct vt_label_stats *s, struct vt_buf *b);
/* One page with charts that needs no other file. pictures: a JPEG to stand on it, or NULL. */
void vt_labels_report_html(const struct vt_labels *l, const struct vt_label_stats *s, const char *title,
                           const struct vt_buf *pictures, struct vt_buf *b);

#endif
