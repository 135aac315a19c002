/* A text file that is written in pieces: what is added to `b` goes out whenever it has grown to a megabyte.
 * It takes its name when it is whole, so that what was there stays until then, and may be what is read
 * meanwhile; pipes and devices are written as it goes. Confined. */
#ifndef VT_DATA_FORMATS_TEXT_OUT_H
#define VT_DATA_FORMATS_TEXT_OUT_H

#include <stdio.h>
#include "data/labels_internal.h"

struct vt__out {
  struct vt_buf b;
  FILE *f;
  char *path, *tmp; /* tmp: what is written, NULL if it is path itself */
};
/* dir/name, or name alone if dir is NULL; "-" is stdout. After a failure, too: vt__out_close. */
int vt__out_open(struct vt__out *o, const char *dir, const char *name, struct vt_err *e);
/* Between what is added; VT_EINTERRUPTED when the program is asked to stop. */
int vt__out_more(struct vt__out *o, struct vt_err *e);
/* Writes the rest and gives the file its name, unless rc says that something went wrong before; returns rc or
 * what goes wrong here. */
int vt__out_close(struct vt__out *o, int rc, struct vt_err *e);

#endif
