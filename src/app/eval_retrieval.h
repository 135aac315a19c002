/* Use-cases: retrieval among vectors with labels, and the agreement of clusters with labels. */
#ifndef VT_APP_EVAL_RETRIEVAL_H
#define VT_APP_EVAL_RETRIEVAL_H

#include "app/measure.h"
#include "app/words.h"

enum { VT_RETRIEVAL_KS = 6 };
extern const int vt_retrieval_k[VT_RETRIEVAL_KS];
enum { VT_RETRIEVAL_FIGURES = VT_QUERY_FIGURES + 3 * VT_RETRIEVAL_KS };

struct vt_retrieval_opts {
  const char *vectors, *table; /* .npy (N, D); CSV of N rows */
  const char *label;           /* columns: rows of equal label are relevant */
  const char *category,
      *same; /* or NULL: figures by it; rows of equal value are not asked for, as the row itself */
  const char *query, *gallery; /* or NULL: 1 or 0, whether the row takes part as such; without them all do */
  int64_t clusters;            /* of k-means for NMI and AMI; 0 as many as labels, -1 none */
  int rounds;                  /* of the bootstrap, 0 none */
  uint64_t seed;
  bool classes;                   /* figures of each category */
  const char *report, *per_query; /* files, or NULL */
};
int vt_eval_retrieval(const struct vt_retrieval_opts *o, struct vt_figures *f, struct vt_err *e);

/* A table with two columns of words: their NMI and AMI. rounds, seed: of the bootstrap over rows, 0 none. */
int vt_eval_clusters(const char *table, const char *first, const char *second, int rounds, uint64_t seed,
                     struct vt_figures *f, struct vt_err *e);

/* What was measured, for pages and tables (app/eval_retrieval_out.c). */
struct vt_retrieved {
  int64_t n; /* rows of the table */
  struct vt_words labels, categories, same;
  int32_t *label, *category, *same_as; // (n); category, same_as NULL without the column
  uint8_t *query, *gallery;            // (n)
  const char **name;                   // (n) column "image", else "photo", else "path"; NULL without
  struct vt_arena arena;
  int64_t nqueries;
  int64_t *row;   // (nqueries) rows of the queries
  double *figure; // (nqueries, VT_RETRIEVAL_FIGURES) NaN: nothing is relevant to it
};
void vt_retrieval_name(char *name, size_t size, int figure);
int vt_retrieval_page(const struct vt_retrieved *r, const char *path, struct vt_err *e);
int vt_retrieval_queries(const struct vt_retrieved *r, const char *path, struct vt_err *e);

#endif
