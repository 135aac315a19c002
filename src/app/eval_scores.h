/* Use-case: figures of classification from a table of scores. */
#ifndef VT_APP_EVAL_SCORES_H
#define VT_APP_EVAL_SCORES_H

#include "app/measure.h"
#include "app/score_table.h"

struct vt_score_opts {
  const char *table, *truth; /* path; column of the labels */
  bool lenient, classes;     /* classes: figures of each as well */
  double threshold;          /* of several labels: what is found has at least this score */
  int64_t k;                 /* of precision and recall at k */
  int rounds;                /* of the bootstrap, 0 none */
  uint64_t seed;
  const char *report, *per_image; /* files, or NULL */
};
int vt_eval_scores(const struct vt_score_opts *o, struct vt_figures *f, struct vt_err *e);

/* What is found in each row against its labels: with one label the class of the best score, the first of
 * equals; with several all of at least the threshold. Only classes that are one or the other are listed. */
struct vt_decision {
  int32_t row, cls;
  bool truth, found;
};
struct vt_decisions {
  int64_t n;
  struct vt_decision *v;
  int64_t *right, *wrong, *missed; // (classes)
};
/* The page and the table by picture. */
int vt_score_page(const struct vt_score_table *t, const struct vt_decisions *d, const struct vt_score_opts *o,
                  struct vt_err *e);
int vt_score_pictures(const struct vt_score_table *t, const struct vt_decisions *d, const char *path,
                      struct vt_err *e);

#endif
