/* Use-case: figures of classification from a table of scores. */
#ifndef VT_APP_EVAL_SCORES_H
#define VT_APP_EVAL_SCORES_H

#include "app/measure.h"
#include "app/left_out.h"
#include "app/score_table.h"

struct vt_score_opts {
  const char *table, *truth; /* path; column of the labels */
  struct vt_reading reading; /* of the table */
  bool classes;              /* figures of each as well */
  double threshold;          /* of several labels: what is found has at least this score */
  int64_t k;                 /* of precision and recall at k */
  int rounds;                /* of the bootstrap, 0 none */
  uint64_t seed;
  const char *report, *per_image; /* files, or NULL */
};
/* Option rows over a struct T with a struct vt_score_opts `field`. */
/* clang-format off */
#define VT_SCORE_OPTS(T, field)                                                                              \
  {"k", 'k', VT_OPT_INT, offsetof(T, field.k), "5", 1, 4000, NULL, "N", "of precision and recall at k"},     \
  {"classes", 0, VT_OPT_FLAG, offsetof(T, field.classes), NULL, 0, 0, NULL, NULL,                            \
   "labels, precision, recall, F1 and AP of each class as well"},                                            \
  {"report", 0, VT_OPT_STRING, offsetof(T, field.report), NULL, 0, 0, NULL, "FILE.html",                     \
   "write a page with curves of precision, recall and F1, and the confusion matrix, too"},                   \
  {"per-image", 0, VT_OPT_STRING, offsetof(T, field.per_image), NULL, 0, 0, NULL, "FILE.csv",                \
   "write what is right, wrong and missed in each row that has a label (eval compare reads it)"}
/* clang-format on */

int vt_eval_scores(const struct vt_score_opts *o, struct vt_figures *f, struct vt_err *e);
/* The same of scores at hand: o's table, truth and lenient are not looked at. */
int vt_eval_score_table(const struct vt_score_table *t, const struct vt_score_opts *o, struct vt_figures *f,
                        struct vt_err *e);

struct vt_classify_measure {
  const char *model, *set, *attribute; /* set, attribute: as vt_class_set_read has them */
  const char *confusion, *scores;      /* CSV files for the confusion matrix and the scores, or NULL */
  const char *against;                 /* another model of the same classes: how often both agree; or NULL */
  struct vt_score_opts figures;
};
int vt_eval_classify(struct vt_cli *cli, const struct vt_measure_opts *o,
                     const struct vt_classify_measure *what, struct vt_figures *f, struct vt_err *e);

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
