/* Dot products of packed rows with one query: private to index/. Immutable. */
#ifndef VT_INDEX_DOT_H
#define VT_INDEX_DOT_H

#include <stdint.h>

/* out[i] = sum over d of rows[i, d] * q[d]; rows: (n, dim) packed. A row's sum does not depend on its
 * position or on n: equal rows get equal scores. */
typedef void vt__dot_fn(const float *rows, int64_t n, int dim, const float *q, float *out);

/* The fastest variant that vt_isa() allows. */
vt__dot_fn *vt__dot_select(void);

#endif
