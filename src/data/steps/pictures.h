/* Steps that look at the pictures themselves. */
#ifndef VT_DATA_STEPS_PICTURES_H
#define VT_DATA_STEPS_PICTURES_H

#include "data/clean.h"
#include "image/image.h"

enum { VT__WHY = 400 };
/* Whether the picture at path, to which labels belong, goes: 1 (and why), 0, or an error. Called by several
 * threads at once. */
typedef int vt__picture_fn(const char *path, const struct vt_label_image *labels, double value,
                           char why[VT__WHY], struct vt_err *e);
/* Asks for every picture that is left; removes those that go, with all their rows. */
int vt__clean_pictures(struct vt_clean *c, double value, vt__picture_fn *fn, struct vt_err *e);

#endif
