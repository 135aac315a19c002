/* Retrieval over whole galleries: ranks of what is relevant to a query, and its figures. Pure functions. */
#ifndef VT_EVAL_RANKING_H
#define VT_EVAL_RANKING_H

#include <stdint.h>

enum vt_relevance {
  VT_IRRELEVANT,
  VT_RELEVANT,
  VT_NOT_ASKED
}; /* the last: takes no place, as the query itself */

/* Ranks from 1, rising, of the relevant ones; returns how many. sorted: (n), rank: (n + 1), room to work in.
 */
int64_t vt_relevant_ranks(const float *score, const uint8_t *kind, int64_t n, float *sorted, int64_t *rank);

/* By the r ranks: average precision, MAP@R, R-precision, reciprocal rank; then for each of the nk values k: 1
 * if there is one among the first k (recall@k of the field, the CMC curve), the share of the k that is
 * relevant, the share of the relevant that is among the k. All NaN without relevant ones. */
enum { VT_QUERY_FIGURES = 4 };
extern const char *const vt_query_figure[VT_QUERY_FIGURES];
void vt_query_figures(const int64_t *rank, int64_t r, const int *k, int nk, double *figure);

#endif
