/* Rows of one picture whose masks are the same text. */
#ifndef VT_DATA_STEPS_TWINS_H
#define VT_DATA_STEPS_TWINS_H

#include "data/clean.h"

/* Calls `each` for every set of two or more rows (in the file's order, none of them gone) of the same picture
 * and mask. */
int vt__twins(struct vt_clean *c,
              int (*each)(struct vt_clean *c, const int64_t *row, int64_t n, struct vt_err *e),
              struct vt_err *e);

#endif
