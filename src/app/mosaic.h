/* A mosaic of labelled pictures. */
#ifndef VT_APP_MOSAIC_H
#define VT_APP_MOSAIC_H

#include "data/data.h"

struct vt_mosaic_opts {
  const char *images; /* folder of the pictures */
  int n, columns;     /* pictures, drawn by lot */
  int cell;           /* pixels of a cell's side */
  int augment;        /* > 0: a line for each picture, with this many augmentations behind it */
  bool boxes;
  uint64_t seed;
};
int vt_mosaic_variants(void); /* how many augmentations there are to show */
int vt_mosaic(struct vt_image *out, const struct vt_labels *l, const struct vt_mosaic_opts *o,
              struct vt_err *e);

#endif
