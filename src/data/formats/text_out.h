/* A text file that is written in pieces: what is added to `b` goes out whenever it has grown to a megabyte.
 * Confined. */
#ifndef VT_DATA_FORMATS_TEXT_OUT_H
#define VT_DATA_FORMATS_TEXT_OUT_H

#include <stdio.h>
#include "data/labels_internal.h"

struct vt__out {
  struct vt_buf b;
  FILE *f;
  char *path;
};
/* dir/name, or name alone if dir is NULL; "-" is stdout. After a failure, too: vt__out_close. */
int vt__out_open(struct vt__out *o, const char *dir, const char *name, struct vt_err *e);
int vt__out_more(struct vt__out *o, struct vt_err *e);
/* Writes the rest unless rc says that something went wrong before; returns rc or what goes wrong here. */
int vt__out_close(struct vt__out *o, int rc, struct vt_err *e);

#endif
