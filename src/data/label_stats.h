/* What a set of labels holds, counted. */
#ifndef VT_DATA_LABEL_STATS_H
#define VT_DATA_LABEL_STATS_H

#include "data/labels.h"

enum { VT_STATS_BINS = 64 };
struct vt_class_stats {
  int64_t instances, images;
  double area[5]; /* least, quartiles, greatest (pixels), as NumPy's percentiles; NaN where no instance has an
                     area */
};
struct vt_label_stats {
  int64_t rows, skipped, images, empty_images, instances, with_attributes, crowds, bad_masks;
  int32_t classes, attributes; /* that occur */
  struct vt_class_stats *cls;  // (classes of the set)
  int64_t *attribute;          // (attributes of the set): instances that carry each
  int64_t *together;           // (classes, classes): pictures in which both occur; NULL beyond 512 classes
  int64_t per_image[VT_STATS_BINS]; /* pictures with k instances, the last bin: that many or more */
  int64_t attributes_per_image[VT_STATS_BINS]; /* pictures with k attributes on all their instances */
  int64_t split[4];                            /* pictures, by enum vt_split */
  double width[5], height[5]; /* of the pictures: least, quartiles, greatest; 0 where none is known */
};
int vt_label_stats(struct vt_label_stats *s, const struct vt_labels *l, struct vt_err *e);
void vt_label_stats_clear(struct vt_label_stats *s);

#endif
