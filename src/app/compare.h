/* Use-case: runs of training side by side: figures, recipes, sizes, and the pictures that changed most. */
#ifndef VT_APP_COMPARE_H
#define VT_APP_COMPARE_H

#include "app/cli/verb.h"

enum { VT_MAX_RUNS = 64 };
struct vt_run_pair {
  const char *key, *value;
};
struct vt_run {
  const char *path, *name; /* name: the folder's own, or the path where several runs have that */
  int n, best;             /* columns; row that the figures are of, from 0 */
  const char **column;
  int rows;
  double *v; // (rows, n) NaN where a row has no value
  int nkeys;
  struct vt_run_pair *recipe; /* keys dotted, values as text */
  double parameters, macs;    /* NaN unknown */
};
struct vt_image_change {
  const char *image;
  double first, last;
};
/* Of the pictures that both tables have. */
struct vt_change_mean {
  int pictures, alone, unmeasured; /* in both; in one only; in both, but without a value in either */
  double first, last;              /* means */
  double lo, hi;                   /* 95 % interval of last − first by drawing pictures; NaN without */
};
struct vt_comparison {
  struct vt_arena arena;
  int nruns;
  struct vt_run run[VT_MAX_RUNS];
  int ncolumns;
  const char **column; // (ncolumns) of all runs, in order of first appearance
  const char *metric;
  bool max; /* whether more of it is better */
  int nchanges;
  struct vt_image_change *change; /* the most changed first */
  const char *change_of;          /* which column */
  struct vt_change_mean change_mean;
};
/* Reads results.csv and recipe.yaml of each folder, and the model if there is one. metric NULL: the first
 * recipe's `best`. */
int vt_compare_runs(struct vt_comparison *c, struct vt_cli *cli, const struct vt_strings *runs,
                    const char *metric, struct vt_err *e);
/* Two tables of results by picture (first column: the picture): what changed most in `column` (NULL: the
 * last), at most `top`, and by how much on average; `rounds` draws for its interval, 0: none. Where a picture
 * has several rows, as many as in the other table, the first belongs to the first. */
struct vt_compare_opts {
  const char *column;
  int top, rounds;
  uint64_t seed;
};
int vt_compare_images(struct vt_comparison *c, const char *first, const char *last,
                      const struct vt_compare_opts *o, struct vt_err *e);
double vt_run_figure(const struct vt_run *r, const char *column);  /* NaN if it has none */
const char *vt_run_value(const struct vt_run *r, const char *key); /* "" if it has none */
void vt_compare_table(const struct vt_comparison *c, struct vt_buf *b);
void vt_compare_json(const struct vt_comparison *c, struct vt_buf *b);
void vt_compare_page(const struct vt_comparison *c, struct vt_buf *b);
void vt_comparison_clear(struct vt_comparison *c);

#endif
