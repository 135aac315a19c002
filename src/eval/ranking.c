/* A query's figures from the ranks of what is relevant to it. Ranks come without sorting all scores: the
 * relevant ones are sorted, every other is put between them by halving, and running sums of how many stand
 * before give the ranks. Of equal scores the irrelevant come first: no order of rows then helps, and a
 * constant score earns what is worst. */
#include "eval/ranking.h"

#include <math.h>
#include <stdlib.h>

static int falling(const void *a, const void *b)
{
  const float *x = a, *y = b;
  return *x > *y ? -1 : *x < *y;
}

int64_t vt_relevant_ranks(const float *score, const uint8_t *kind, int64_t n, float *sorted, int64_t *rank)
{
  int64_t r = 0;
  for (int64_t i = 0; i < n; i++)
    if (kind[i] == VT_RELEVANT) sorted[r++] = score[i];
  if (!r) return 0;
  qsort(sorted, (size_t)r, sizeof *sorted, falling);
  for (int64_t k = 0; k <= r; k++) rank[k] = 0;
  for (int64_t i = 0; i < n; i++) {
    if (kind[i] != VT_IRRELEVANT) continue;
    int64_t lo = 0, hi = r; /* the first that this one stands before: sorted[lo] <= score */
    while (lo < hi) {
      const int64_t mid = (lo + hi) / 2;
      if (sorted[mid] <= score[i])
        hi = mid;
      else
        lo = mid + 1;
    }
    rank[lo]++;
  }
  for (int64_t k = 0, before = 0; k < r; k++) {
    before += rank[k];
    rank[k] = before + k + 1;
  }
  return r;
}

void vt_query_figures(const int64_t *rank, int64_t r, const int *k, int nk, double *figure)
{
  double ap = 0, at_r = 0;
  int64_t first_r = 0;
  for (int i = 0; i < VT_QUERY_FIGURES + 3 * nk; i++) figure[i] = NAN;
  if (!r) return;
  for (int64_t i = 0; i < r; i++) {
    ap += (double)(i + 1) / (double)rank[i];
    if (rank[i] > r) continue;
    at_r += (double)(i + 1) / (double)rank[i];
    first_r++;
  }
  figure[0] = ap / (double)r;
  figure[1] = at_r / (double)r;
  figure[2] = (double)first_r / (double)r;
  figure[3] = 1 / (double)rank[0];
  for (int j = 0; j < nk; j++) {
    int64_t hit = 0;
    while (hit < r && rank[hit] <= k[j]) hit++;
    figure[VT_QUERY_FIGURES + j] = hit > 0;
    figure[VT_QUERY_FIGURES + nk + j] = (double)hit / k[j];
    figure[VT_QUERY_FIGURES + 2 * nk + j] = (double)hit / (double)r;
  }
}

const char *const vt_query_figure[VT_QUERY_FIGURES] = {"mAP", "MAP_at_R", "R_precision", "MRR"};
