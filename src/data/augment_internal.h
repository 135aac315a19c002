/* The two halves of augmentation; private to the folder. */
#ifndef VT_DATA_AUGMENT_INTERNAL_H
#define VT_DATA_AUGMENT_INTERNAL_H

#include "data/data.h"

/* Everything that keeps pixels in place: background, colour, blur, sharpening, resampling, erasing. In this
 * order; a step whose probability or range is 0 draws no random number. */
int vt__augment_pixels(const struct vt_augment *a, struct vt_rng *rng, struct vt_image *im,
                       struct vt_image *labels, uint8_t fill_label, struct vt_err *e);

#endif
