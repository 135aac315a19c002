/* The two files of the COCO format. */
#ifndef VT_DATA_FORMATS_COCO_H
#define VT_DATA_FORMATS_COCO_H

#include "data/labels_internal.h"

int vt__coco_read(struct vt_labels *l, const char *path, const struct vt_labels_opts *o, struct vt_err *e);
/* The same, of a file that must have the section "attributes". */
int vt__coco_read_attributes(struct vt_labels *l, const char *path, const struct vt_labels_opts *o,
                             struct vt_err *e);
/* attributes: with that section, empty or not. */
int vt__coco_write(const struct vt_labels *l, const char *path, bool attributes, struct vt_err *e);
/* Only the classes and attributes of a file (iMaterialist's label_descriptions.json). */
int vt__coco_read_classes(struct vt_labels *l, const char *path, struct vt_err *e);

#endif
