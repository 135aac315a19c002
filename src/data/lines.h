/* A text file line by line: one line in memory, and no longer than it may be. Confined. */
#ifndef VT_DATA_LINES_H
#define VT_DATA_LINES_H

#include <stdio.h>
#include "base/base.h"

struct vt__lines {
  FILE *f;          /* its owner closes it */
  const char *path; /* for messages */
  size_t limit;     /* bytes of a line */
  int64_t number;   /* of the line at hand, from 1 */
  char *text;       /* the line without its line feed and, of the first, without the byte order mark */
  size_t len;
  struct vt_buf b;
};
/* 1: there is a line, until the next call; 0: there are no more. VT_EFORMAT: it is too long or has a zero
 * byte, and the next one can be asked for; the message names no place. Other errors end the reading. */
int vt__lines_next(struct vt__lines *s, struct vt_err *e);
void vt__lines_clear(struct vt__lines *s);

#endif
