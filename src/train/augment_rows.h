/* Recipe keys of the plain augmentation that tasks share; each gives its own defaults. Private to train/. */
#ifndef VT_TRAIN_AUGMENT_ROWS_H
#define VT_TRAIN_AUGMENT_ROWS_H

#include "data/data.h"

/* clang-format off */
#define VT__AUGMENT_ROW(T, f, key, value, lo, hi, unit, text)                                                       \
  {"augment." #key, 0, VT_OPT_FLOAT, offsetof(T, f.key), value, lo, hi, NULL, unit, text}
/* f: the field of T that is a struct vt_augment. */
#define VT__AUGMENT_PLACE_ROWS(T, f, flip_, least, largest, shift_)                                                 \
  VT__AUGMENT_ROW(T, f, flip, flip_, 0, 1, NULL, "probability of a flip"),                                          \
  VT__AUGMENT_ROW(T, f, scale_min, least, 0.05, 20, NULL, "least zoom"),                                            \
  VT__AUGMENT_ROW(T, f, scale_max, largest, 0.05, 20, NULL, "largest zoom"),                                        \
  VT__AUGMENT_ROW(T, f, shift, shift_, 0, 1, NULL, "translation, share of the side")
#define VT__AUGMENT_LOOK_ROWS(T, f, rotate_, aspect_, brightness_, contrast_, saturation_, hue_)                    \
  VT__AUGMENT_ROW(T, f, rotate, rotate_, 0, 180, "DEGREES", "rotation"),                                            \
  VT__AUGMENT_ROW(T, f, aspect, aspect_, 0, 1, NULL, "change of aspect (logarithm)"),                               \
  VT__AUGMENT_ROW(T, f, brightness, brightness_, 0, 1, NULL, "brightness jitter"),                                  \
  VT__AUGMENT_ROW(T, f, contrast, contrast_, 0, 1, NULL, "contrast jitter"),                                        \
  VT__AUGMENT_ROW(T, f, saturation, saturation_, 0, 1, NULL, "saturation jitter"),                                  \
  VT__AUGMENT_ROW(T, f, hue, hue_, 0, 0.5, "TURNS", "hue jitter")
#define VT__AUGMENT_BLUR_ROW(T, f, value) VT__AUGMENT_ROW(T, f, blur, value, 0, 1, NULL, "probability of blur")
#define VT__AUGMENT_ERASE_ROW(T, f, value)                                                                          \
  VT__AUGMENT_ROW(T, f, erase, value, 0, 1, NULL, "probability of an erased box")
/* clang-format on */

#endif
