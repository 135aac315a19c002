/* Retrieval: figures of one query's ranked matches, and their means over queries. Definitions as in Manning,
 * Raghavan, Schuetze, "Introduction to Information Retrieval", chapter 8. */
#include <math.h>
#include "eval/eval.h"

double vt_precision_at(const uint8_t *relevant, int n, int k)
{
  int hit = 0;
  for (int i = 0; i < VT_MIN(n, k); i++) hit += relevant[i] != 0;
  return k > 0 ? (double)hit / k : NAN;
}

double vt_recall_at(const uint8_t *relevant, int n, int k)
{
  for (int i = 0; i < VT_MIN(n, k); i++) {
    if (relevant[i]) return 1;
  }
  return 0;
}

double vt_reciprocal_rank(const uint8_t *relevant, int n)
{
  for (int i = 0; i < n; i++) {
    if (relevant[i]) return 1.0 / (i + 1);
  }
  return 0;
}

/* Without memory the values are given up, and the interval says so. */
static void keep_value(struct vt_means *m, double value)
{
  if (m->n == m->cap) {
    const int64_t cap = m->cap ? 2 * m->cap : 256;
    double *v = vt_reallocarray(m->value, (size_t)cap, sizeof *v);
    if (!v) {
      vt_means_clear(m);
      m->keep = false;
      return;
    }
    m->value = v;
    m->cap = cap;
  }
  m->value[m->n] = value;
}

int vt_means_interval(const struct vt_means *m, int rounds, uint64_t seed, double *lo, double *hi,
                      struct vt_err *e)
{
  if (!m->keep) return vt_fail(e, VT_ENOMEM, "out of memory for %lld values", (long long)m->n);
  return vt_bootstrap(m->value, m->n, rounds, .95, seed, lo, hi, e);
}

void vt_means_clear(struct vt_means *m)
{
  vt_free(m->value);
  m->value = NULL;
  m->cap = 0;
}

void vt_means_add(struct vt_means *m, int cls, double value)
{
  if (m->keep) keep_value(m, value);
  m->n++;
  m->sum += value;
  if (cls < 0 || cls >= VT_MAX_MEANS) return;
  m->count[cls]++;
  m->part[cls] += value;
}

double vt_means_all(const struct vt_means *m)
{
  return m->n ? m->sum / (double)m->n : NAN;
}

double vt_means_of(const struct vt_means *m, int cls)
{
  if (cls < 0 || cls >= VT_MAX_MEANS || !m->count[cls]) return NAN;
  return m->part[cls] / (double)m->count[cls];
}
