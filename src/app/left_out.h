/* What reading labels left out, dropped or replaced, as every verb that reads them says it. */
#ifndef VT_APP_LEFT_OUT_H
#define VT_APP_LEFT_OUT_H

#include "base/base.h"
#include "data/data.h"

struct vt_reading {
  bool lenient;
  const char *left_out; /* table of all that was left out, NULL: none wanted */
};
/* clang-format off */
#define VT_READING_ROWS(opts, f)                                                                                   \
  {"lenient", 0, VT_OPT_FLAG, offsetof(opts, f.lenient), NULL, 0, 0, NULL, NULL,                                   \
   "leave out what is malformed, and say how much"},                                                               \
  {"left-out", 0, VT_OPT_STRING, offsetof(opts, f.left_out), NULL, 0, 0, NULL, "FILE.csv",                         \
   "with --lenient: list everything that was left out, and why"}
/* clang-format on */

/* VT_EUSAGE if --left-out stands without --lenient. */
int vt_reading_check(const struct vt_reading *r, struct vt_err *e);
/* Warns of the first problems and how many there are (`of`: of how many rows, 0 unknown), and writes the
 * table. */
int vt_say_problems(const struct vt_problems *p, const char *path, int64_t of, const struct vt_reading *r,
                    struct vt_err *e);
/* Writes such a table, where one is wanted. */
int vt_reading_write(const struct vt_reading *r, const struct vt_buf *table, struct vt_err *e);
/* Warns "PATH: dropped: …". */
void vt_say_losses(const char *path, const struct vt_losses *losses);
/* Problems of a set that was read, those of its pictures among them where some were added; and, where
 * something is written of it or bytes may have been replaced, what it has no place for. */
int vt_say_read(const struct vt_labels *l, const char *path, bool written, const struct vt_reading *r,
                struct vt_err *e);

#endif
