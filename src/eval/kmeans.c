/* k-means on vectors (Lloyd, 1982), begun by k-means++ (Arthur, Vassilvitskii, 2007): each further centre is
 * a vector drawn with the chance of its squared distance to the nearest centre. A cluster that runs empty
 * keeps its centre. Fixed by the seed. */
#include "eval/eval.h"

#include <math.h>
#include <string.h>

struct clusters {
  const float *v; // (n, dim)
  int64_t n;
  int dim, k;
  float *centre;   // (k, dim)
  double *nearest; // (n) squared distance
  double *sum;     // (k, dim)
  int64_t *count;  // (k)
};

static double distance(const float *a, const float *b, int dim)
{
  float s[8] = {0};
  int d = 0;
  for (; d + 8 <= dim; d += 8)
    for (int j = 0; j < 8; j++) s[j] += (a[d + j] - b[d + j]) * (a[d + j] - b[d + j]);
  double sum = 0;
  for (int j = 0; j < 8; j++) sum += s[j];
  for (; d < dim; d++) sum += (a[d] - b[d]) * (a[d] - b[d]);
  return sum;
}

static void begin(struct clusters *c, struct vt_rng *r)
{
  int64_t pick = vt_rng_below(r, (uint32_t)c->n);
  for (int64_t i = 0; i < c->n; i++) c->nearest[i] = INFINITY;
  for (int k = 0; k < c->k; k++) {
    double total = 0;
    memcpy(c->centre + (int64_t)k * c->dim, c->v + pick * c->dim, (size_t)c->dim * sizeof *c->centre);
    for (int64_t i = 0; i < c->n; i++) {
      const double d = distance(c->v + i * c->dim, c->centre + (int64_t)k * c->dim, c->dim);
      c->nearest[i] = VT_MIN(c->nearest[i], d);
      total += c->nearest[i];
    }
    double at = vt_rng_unit(r) * total;
    for (pick = 0; pick + 1 < c->n && (at -= c->nearest[pick]) >= 0;) pick++;
  }
}

/* Puts each vector to its nearest centre; returns how many changed. */
static int64_t assign(const struct clusters *c, int32_t *label)
{
  int64_t changed = 0;
  for (int64_t i = 0; i < c->n; i++) {
    int32_t best = 0;
    double least = INFINITY;
    for (int k = 0; k < c->k; k++) {
      const double d = distance(c->v + i * c->dim, c->centre + (int64_t)k * c->dim, c->dim);
      if (d >= least) continue;
      least = d;
      best = k;
    }
    changed += label[i] != best;
    label[i] = best;
  }
  return changed;
}

static void move_centres(struct clusters *c, const int32_t *label)
{
  memset(c->sum, 0, (size_t)c->k * (size_t)c->dim * sizeof *c->sum);
  memset(c->count, 0, (size_t)c->k * sizeof *c->count);
  for (int64_t i = 0; i < c->n; i++) {
    double *sum = c->sum + (int64_t)label[i] * c->dim;
    c->count[label[i]]++;
    for (int d = 0; d < c->dim; d++) sum[d] += c->v[i * c->dim + d];
  }
  for (int k = 0; k < c->k; k++)
    for (int d = 0; d < c->dim && c->count[k]; d++)
      c->centre[(int64_t)k * c->dim + d] = (float)(c->sum[(int64_t)k * c->dim + d] / (double)c->count[k]);
}

int vt_kmeans(int32_t *label, const float *v, int64_t n, int dim, int k, int rounds, uint64_t seed,
              struct vt_err *e)
{
  struct clusters c = {.v = v, .n = n, .dim = dim, .k = k};
  struct vt_rng r;
  if (n < 1 || n > INT32_MAX || dim < 1 || k < 1 || k > n)
    return vt_fail(e, VT_EARG, "k-means: %d clusters of %lld vectors", k, (long long)n);
  vt_rng_init(&r, seed, 0, 0);
  c.centre = vt_calloc((size_t)k * (size_t)dim, sizeof *c.centre);
  c.sum = vt_calloc((size_t)k * (size_t)dim, sizeof *c.sum);
  c.nearest = vt_calloc((size_t)n, sizeof *c.nearest);
  c.count = vt_calloc((size_t)k, sizeof *c.count);
  int rc = c.centre && c.sum && c.nearest && c.count ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) {
    begin(&c, &r);
    for (int64_t i = 0; i < n; i++) label[i] = -1;
    for (int round = 0; round < rounds && assign(&c, label); round++) move_centres(&c, label);
  }
  vt_free(c.centre);
  vt_free(c.sum);
  vt_free(c.nearest);
  vt_free(c.count);
  return rc;
}
