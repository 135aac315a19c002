/* Use-case: label maps against label maps, picture by picture; and the sums that this and eval segment keep.
 */
#ifndef VT_APP_EVAL_MAPS_H
#define VT_APP_EVAL_MAPS_H

#include "app/measure.h"

/* Pixels of each class and picture, for figures and intervals; boundaries likewise where asked for. Confined.
 */
struct vt_map_sums {
  int classes;
  bool boundary;
  int64_t n, cap; /* pictures */
  int64_t
      *count; // (n, 3, classes): in both, in truth, predicted; 5 with boundary: in both boundaries, in either
  int64_t *pair;      // (classes, classes) of all pictures: rows truth, columns found
  struct vt_buf name; /* of pictures, each ended by 0 */
};
int vt_map_sums_init(struct vt_map_sums *s, int classes, bool boundary, struct vt_err *e);
void vt_map_sums_clear(struct vt_map_sums *s);
/* One picture, (H, W) with strides; truths of `ignore` are not counted. Values that are no class: VT_EFORMAT.
 */
struct vt_map_pair {
  const uint8_t *truth, *found;
  int width, height;
  int64_t truth_stride, found_stride;
  int ignore;
  const char *name;
};
int vt_map_sums_add(struct vt_map_sums *s, const struct vt_map_pair *p, struct vt_err *e);
struct vt_map_opts {
  const char *const *names; // (classes)
  bool classes;             /* figures of each class as well */
  bool seen;                /* only of classes that occur */
  int rounds;               /* of the bootstrap over pictures, 0 none */
  uint64_t seed;
  const char *per_image, *report; /* files, or NULL */
};
/* mean_iou, pixel_accuracy, frequency_weighted_iou, mean_dice, mean_boundary_iou; intervals; classes. */
int vt_map_sums_report(const struct vt_map_sums *s, const struct vt_map_opts *o, struct vt_figures *f,
                       struct vt_err *e);
/* A page with bars and figures of each class that occurs, and the confusion matrix. */
int vt_map_page(const struct vt_map_sums *s, const char *const *name, const char *path, struct vt_err *e);

/* Two folders of pictures of labels with the same names. names: a text file with a class a line, or NULL;
 * `classes` without it: how many, 0 = as many as there are. */
struct vt_map_folders {
  const char *truth, *found, *names;
  int64_t classes;
  int ignore;
  bool boundary;
};
int vt_eval_maps(const struct vt_map_folders *d, struct vt_map_opts o, struct vt_figures *f,
                 struct vt_err *e);

#endif
