/* An IDX file of unsigned bytes, read item by item. Confined. Layout: idx.c. */
#ifndef VT_DATA_FORMATS_IDX_H
#define VT_DATA_FORMATS_IDX_H

#include "data/labels_internal.h"

struct vt__idx {
  char *path;
  struct gzFile_s *f;
  int64_t n, next;   /* items; the next one's number */
  int width, height; /* 1 each for labels */
};
/* dimensions: 3 pictures, 1 labels. vt__idx_close also after a failure. */
int vt__idx_open(struct vt__idx *x, const char *path, int dimensions, struct vt_err *e);
/* NAME-images-idx3-ubyte[.gz] in the folder. */
int vt__idx_find(struct vt__idx *x, const char *dir, const char *name, struct vt_err *e);
int vt__idx_next(struct vt__idx *x, uint8_t *to, struct vt_err *e); // (height, width)
void vt__idx_close(struct vt__idx *x);

#endif
