/* A table of classification scores: a row a picture, a column a class.
 *
 *   image,truth,CLASS,CLASS,…     the header; `image` may be missing
 *   a.jpg,dress,0.1,0.7,…         truth: a class of the header, several with "|" between them, or nothing
 *
 * Rows without a label are kept out and counted. Filled it is immutable. */
#ifndef VT_APP_SCORE_TABLE_H
#define VT_APP_SCORE_TABLE_H

#include "data/data.h"

struct vt_score_table {
  struct vt_arena arena;
  int64_t n, cap;
  int classes;
  const char **cls;  // (classes)
  const char **name; // (n) of the pictures; "" without the column
  double *score;     // (n, classes)
  uint8_t *truth;    // (n, classes)
  bool several;      /* some row has more than one label */
  int64_t unlabelled;
  struct vt_problems problems; /* lenient: rows left out, and why */
};
/* truth: the column's name. Lenient: rows that are wrong are left out and listed. To be cleared in any case.
 */
int vt_score_table_read(struct vt_score_table *t, const char *path, const char *truth, bool lenient,
                        struct vt_err *e);
void vt_score_table_clear(struct vt_score_table *t);

#endif
