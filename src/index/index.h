/* Vectors in, ids and scores out.
 *
 * An index holds N unit vectors of D floats, each with a 64-bit row id and a group (0..255). Searching is
 * exact cosine (dot product of unit vectors) over the rows that the filter admits. Several rows may share an
 * id; each is a hit of its own. Synchronised for search; add and remove need the caller's exclusion. */
#ifndef VT_INDEX_H
#define VT_INDEX_H

#include <stdbool.h>
#include <stdint.h>
#include "base/base.h"

enum { VT_INDEX_MAX_DIM = 4096 };

struct vt_index;
struct vt_hit {
  int64_t id;
  float score;
};
int vt_index_new(struct vt_index **out, int dim, struct vt_err *e);
void vt_index_free(struct vt_index *x);
int64_t vt_index_count(const struct vt_index *x);
int vt_index_dim(const struct vt_index *x);
/* v: (n, dim), any length > 0: normalised here; zero or non-finite vectors are refused (VT_EARG naming the
 * row). */
int vt_index_add(struct vt_index *x, int64_t n, const int64_t *id, const uint8_t *group, const float *v,
                 struct vt_err *e);
int vt_index_remove(struct vt_index *x, int64_t n, const int64_t *id);
/* A view on vectors that lie packed in memory already, unit length, e.g. a mapped file: no copy, borrowed
 * until vt_index_free; add and remove are refused (VT_ESTATE). */
int vt_index_view(struct vt_index **out, int dim, int64_t n, const int64_t *id, const uint8_t *group,
                  const float *v, struct vt_err *e);

/* A group number of rows that belong to no group: no bit of a filter admits them. */
enum { VT_INDEX_NO_GROUP = 255 };

/* Which rows take part; NULL = all. Bit i of `groups` admits group i; groups above 63 take part only when
 * groups is 0. rows: bit by row position (order of adding, gaps closed by removal). */
struct vt_filter_rows {
  uint64_t groups;      /* 0 = any */
  const uint64_t *rows; /* bitmap by row position, or NULL */
};
/* q: (nq, dim), any length (the score is the cosine); non-finite or zero queries are refused (VT_EARG naming
 * which). hits: (nq, k), best first, ties by smaller id; count[i] <= k. Threads: vt_threads(). */
int vt_index_search(const struct vt_index *x, int64_t nq, const float *q, int k,
                    const struct vt_filter_rows *f, struct vt_hit *hits, int *count, struct vt_err *e);

#endif
