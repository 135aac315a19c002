/* Samplers of data/split.h, epoch by epoch: the same seed and epoch give the same order. */
#include "train/class_sampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int64_t draw(const struct vt__class_sampler *s, const int32_t *label, int64_t count, uint64_t seed,
                    int epoch, int64_t **order, struct vt_err *e)
{
  struct vt_rng rng;
  vt_rng_init(&rng, seed, (uint64_t)epoch, 0x73616d70);
  return vt_sample_order(order, label, count, (enum vt_sampling)(s->kind - 1), count, (int)s->m,
                         vt_rng_u64(&rng), e);
}

int vt__class_sampler_init(struct vt__class_sampler *s, int32_t *label, int64_t count, uint64_t seed,
                           struct vt_err *e)
{
  int64_t *order = NULL;
  s->n = count;
  int rc = s->shuffle_labels > 0 ? vt_shuffle_labels(label, count, s->shuffle_labels, seed, e) : 0;
  if (rc || !s->kind) return rc;
  s->n = draw(s, label, count, seed, 0, &order, e);
  vt_free(order);
  return (int)VT_MIN(s->n, 0);
}

int vt__swapped_labels(int32_t **from, int64_t count, double share, uint64_t seed, struct vt_err *e)
{
  int32_t *v = *from = count <= INT32_MAX ? vt_reallocarray(NULL, (size_t)count + 1, sizeof *v) : NULL;
  if (!v) return vt_fail(e, VT_ENOMEM, "out of memory for %lld samples", (long long)count);
  for (int64_t i = 0; i < count; i++) v[i] = (int32_t)i;
  return vt_shuffle_labels(v, count, share, seed, e);
}

int vt__class_sampler_order(const struct vt__class_sampler *s, const int32_t *label, int64_t count,
                            uint64_t seed, int epoch, int64_t *order, struct vt_err *e)
{
  int64_t *drawn = NULL;
  if (!s->kind) return 0;
  int64_t n = draw(s, label, count, seed, epoch, &drawn, e);
  if (n == s->n)
    memcpy(order, drawn, (size_t)n * sizeof *order);
  else if (n >= 0)
    n = vt_fail(e, VT_ESTATE, "an epoch of %lld pictures, %lld before", (long long)n, (long long)s->n);
  vt_free(drawn);
  return (int)VT_MIN(n, 0);
}

static int by_value(const void *a, const void *b)
{
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

int vt__class_weights(float **out, const int32_t *label, int64_t count, int classes, double balance,
                      struct vt_err *e)
{
  float *sorted = vt_calloc((size_t)classes, sizeof *sorted), *w = vt_calloc((size_t)classes, sizeof *w);
  *out = w;
  if (!sorted || !w) {
    vt_free(sorted);
    return vt_fail(e, VT_ENOMEM, "out of memory for %d classes", classes);
  }
  for (int64_t i = 0; i < count; i++) sorted[label[i]]++;
  memcpy(w, sorted, (size_t)classes * sizeof *w);
  qsort(sorted, (size_t)classes, sizeof *sorted, by_value);
  double sum = 0, median = fmax((double)sorted[classes / 2], 1);
  for (int c = 0; c < classes; c++) {
    double has = fmax((double)w[c], 1), x = pow(median / has, balance);
    sum += x * (double)w[c];
    w[c] = (float)x;
  }
  for (int c = 0; c < classes; c++) w[c] *= (float)((double)count / sum);
  vt_free(sorted);
  return 0;
}
