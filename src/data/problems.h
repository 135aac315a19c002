/* What lenient reading left out: every fault with its place, none forgotten, up to a limit that stops
 * reading. Zero is empty. Confined. */
#ifndef VT_DATA_PROBLEMS_H
#define VT_DATA_PROBLEMS_H

#include "base/base.h"

enum { VT_MAX_PROBLEMS = 1 << 24 };

struct vt_problem {
  int64_t line;     /* of the row in its file; 0: the text says where */
  const char *text; /* in the list's arena */
};
struct vt_problems {
  struct vt_arena arena;
  int64_t n, cap;
  struct vt_problem *v;
};
/* VT_ELIMIT: there are too many. The text is copied, bytes that are no UTF-8 replaced. */
int vt_problems_add(struct vt_problems *p, int64_t line, const char *text, struct vt_err *e);
/* The table file,line,reason; rows of `file` are appended, the header where the buffer is empty. */
void vt_problems_table(const struct vt_problems *p, const char *file, struct vt_buf *out);
void vt_problems_clear(struct vt_problems *p);

#endif
