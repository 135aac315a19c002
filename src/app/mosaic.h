/* A mosaic of labelled pictures. */
#ifndef VT_APP_MOSAIC_H
#define VT_APP_MOSAIC_H

#include "app/augment.h"
#include "data/data.h"

struct vt_mosaic_opts {
  const char *images;             /* folder of the pictures */
  int n, columns;                 /* pictures, drawn by lot; columns of them, or of a policy's results */
  int cell;                       /* pixels of a cell's side */
  bool each;                      /* a line for each picture, with every augmentation by itself behind it */
  const struct vt_policy *policy; /* instead: with what the policy makes of it */
  double epoch;
  bool boxes;
  uint64_t seed;
  /* Pictures that cannot be read are listed here, and their cells say so. NULL: the first one ends it. */
  struct vt_problems *problems;
};
/* Fails, too, where no picture can be read. */
int vt_mosaic(struct vt_image *out, const struct vt_labels *l, const struct vt_mosaic_opts *o,
              struct vt_err *e);

#endif
