/* Confidence intervals by the percentile bootstrap (Efron, 1979): the units that were measured (pictures,
 * queries) are drawn with replacement, as many as there are, the figure is taken anew for each draw, and the
 * interval lies between the percentiles (1 - level) / 2 and (1 + level) / 2 of the draws. Fixed by the seed.
 */
#include "eval/eval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b)
{
  const double *x = a, *y = b;
  return *x < *y ? -1 : *x > *y;
}

void vt_percentiles(double *v, int64_t n, double level, double *lo, double *hi)
{
  int64_t finite = 0;
  for (int64_t i = 0; i < n; i++)
    if (!isnan(v[i])) v[finite++] = v[i];
  *lo = *hi = NAN;
  if (!finite) return;
  qsort(v, (size_t)finite, sizeof *v, by_value);
  *lo = v[(int64_t)((1 - level) / 2 * (double)(finite - 1) + .5)];
  *hi = v[(int64_t)((1 + level) / 2 * (double)(finite - 1) + .5)];
}

void vt_bootstrap_draw(int32_t *weight, int64_t n, uint64_t seed, int64_t round)
{
  struct vt_rng r;
  vt_rng_init(&r, seed, (uint64_t)round, 0);
  memset(weight, 0, (size_t)n * sizeof *weight);
  for (int64_t i = 0; i < n; i++) weight[vt_rng_below(&r, (uint32_t)n)]++;
}

static int check(int64_t n, int rounds, double level, struct vt_err *e)
{
  if (rounds < 1 || !(level > 0 && level < 1) || n < 0 || n > INT32_MAX)
    return vt_fail(e, VT_EARG, "bootstrap: %d rounds at level %g over %lld", rounds, level, (long long)n);
  return 0;
}

int vt_bootstrap(const double *v, int64_t n, int rounds, double level, uint64_t seed, double *lo, double *hi,
                 struct vt_err *e)
{
  *lo = *hi = NAN;
  int rc = check(n, rounds, level, e);
  if (rc || !n) return rc;
  double *mean = vt_calloc((size_t)rounds, sizeof *mean);
  if (!mean) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int k = 0; k < rounds; k++) {
    struct vt_rng r;
    vt_rng_init(&r, seed, (uint64_t)k, 0);
    for (int64_t i = 0; i < n; i++) mean[k] += v[vt_rng_below(&r, (uint32_t)n)];
    mean[k] /= (double)n;
  }
  vt_percentiles(mean, rounds, level, lo, hi);
  vt_free(mean);
  return 0;
}

int vt_bootstrap_of(const struct vt_bootstrap_job *j, double *lo, double *hi, struct vt_err *e)
{
  for (int f = 0; f < j->figures; f++) lo[f] = hi[f] = NAN;
  int rc = check(j->n, j->rounds, j->level, e);
  if (rc || !j->n) return rc;
  int32_t *weight = vt_calloc((size_t)j->n, sizeof *weight);
  double *draw = vt_calloc((size_t)j->rounds, (size_t)j->figures * sizeof *draw),
         *one = NULL; // (figures, rounds)
  if (!weight || !draw || !(one = vt_calloc((size_t)j->figures, sizeof *one)))
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
  for (int k = 0; k < j->rounds && !rc; k++) {
    vt_bootstrap_draw(weight, j->n, j->seed, k);
    j->measure(j->ctx, weight, one);
    for (int f = 0; f < j->figures; f++) draw[(int64_t)f * j->rounds + k] = one[f];
  }
  for (int f = 0; f < j->figures && !rc; f++)
    vt_percentiles(draw + (int64_t)f * j->rounds, j->rounds, j->level, &lo[f], &hi[f]);
  vt_free(weight);
  vt_free(draw);
  vt_free(one);
  return rc;
}
