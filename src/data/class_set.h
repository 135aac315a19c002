/* Pictures with one class each, whatever they were read from: what classifiers are trained and measured on.
 */
#ifndef VT_DATA_CLASS_SET_H
#define VT_DATA_CLASS_SET_H

#include "base/base.h"

struct vt_class_sample {
  const char *image; /* path */
  int32_t cls;
  int split;    /* enum vt_split; VT_SPLIT_NONE: the data have no splits */
  float aspect; /* width / height that the picture should be stretched to before use; 0 = its own */
};
struct vt_class_set {
  struct vt_arena arena;
  const char *about; /* the data's name for people */
  int32_t nclasses;
  const char **name;
  int64_t n;
  struct vt_class_sample *v;
};
/* data: "clothing", "products" or "products224" in the folder data_dir (of them the named attribute; NULL:
 * the garment's kind), or the path of a folder of class folders. Pictures without a class do not enter. */
int vt_class_set_read(struct vt_class_set *s, const char *data, const char *attribute, const char *data_dir,
                      struct vt_err *e);
/* Leaves out the classes with fewer than `least` pictures in the train split (or without one), and their
 * pictures. */
int vt_class_set_prune(struct vt_class_set *s, int64_t least, struct vt_err *e);
void vt_class_set_clear(struct vt_class_set *s);

#endif
