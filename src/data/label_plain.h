/* First labels: the pictures of a folder with masks made without a network. Part of data/data.h. */
#ifndef VT_DATA_LABEL_PLAIN_H
#define VT_DATA_LABEL_PLAIN_H

#include "data/labels.h"
#include "image/image.h"

struct vt_label_folder_opts {
  struct vt_plain_opts mask;
  const char *cls; /* name of the one class; NULL: the first folder of each picture's path below `folder` */
  bool lenient;    /* pictures that cannot be read are left out and counted */
};
/* Adds every picture below `folder` (by its ending: jpg, jpeg, png, webp, gif, heic, heif, avif) with one
 * instance; one in which nothing was found stays without. Pictures are named by their path below the folder.
 * *empty: how many. */
int vt_label_folder(struct vt_labels *l, const char *folder, const struct vt_label_folder_opts *o,
                    int64_t *empty, struct vt_err *e);

#endif
