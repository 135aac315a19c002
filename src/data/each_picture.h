/* All pictures of a set, looked at by all threads. */
#ifndef VT_DATA_EACH_PICTURE_H
#define VT_DATA_EACH_PICTURE_H

#include "data/labels.h"

/* Looks at picture i, which lies at path. Called by several threads at once; 0 or an error. */
typedef int vt__look_fn(int64_t i, const char *path, void *ctx, struct vt_err *e);
/* skip (may be NULL): (nimages), pictures not to look at. The error of the first picture in order is said,
 * however many threads there are; pictures after it may not be looked at. */
int vt__each_picture(const struct vt_labels *l, const char *images, const bool *skip, vt__look_fn *fn,
                     void *ctx, struct vt_err *e);

#endif
