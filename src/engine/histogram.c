/* Histograms of maps, and the ranges that 8 bits are spread over.
 *
 * Clipping a few outliers makes the steps of all other numbers finer. Candidates are the seen range times 1,
 * 0.98, …; MSE counts the squared distance of every bin's middle to the level it falls to; KL compares, as
 * Migacz 2017 ("8-bit inference with TensorRT") does, the clipped distribution P with Q, in which the mass of
 * each level is spread evenly over its bins that are not empty. */
#include <math.h>
#include <string.h>
#include "engine/quantize.h"

enum { HALF = VT_HISTOGRAM_HALF, BINS = 2 * HALF, LEVELS = 256, CANDIDATES = 40 };

/* Twice the range: pairs of bins become one. */
static void widen(struct vt_histogram *h)
{
  for (int i = 0; i < HALF / 2; i++) { /* outwards from zero on both sides */
    h->bin[HALF + i] = h->bin[HALF + 2 * i] + h->bin[HALF + 2 * i + 1];
    h->bin[HALF - 1 - i] = h->bin[HALF - 1 - 2 * i] + h->bin[HALF - 2 - 2 * i];
  }
  memset(h->bin, 0, HALF / 2 * sizeof *h->bin);
  memset(h->bin + HALF + HALF / 2, 0, HALF / 2 * sizeof *h->bin);
  h->range *= 2;
}

int vt_histogram_add(struct vt_histogram *h, const float *x, int64_t n, struct vt_err *e)
{
  if (!h->bin && !(h->bin = vt_calloc(BINS, sizeof *h->bin))) return vt_fail(e, VT_ENOMEM, "out of memory");
  float lo = h->lo, hi = h->hi, sum = 0;
  for (int64_t i = 0; i < n; i++) {
    lo = x[i] < lo ? x[i] : lo;
    hi = x[i] > hi ? x[i] : hi;
    sum += x[i] - x[i]; /* NaN where x is not finite */
  }
  if (!(sum == 0)) return vt_fail(e, VT_EARG, "numbers that are not finite");
  double far = fmax((double)hi, -(double)lo);
  if (!(h->range > 0) && far > 0) h->range = far;
  while (far > h->range) widen(h);
  double scale = h->range > 0 ? HALF / h->range : 0;
  for (int64_t i = 0; i < n; i++) {
    int at = HALF + (int)floor((double)x[i] * scale);
    h->bin[VT_CLAMP(at, 0, BINS - 1)]++;
  }
  h->lo = lo;
  h->hi = hi;
  h->n += n;
  return VT_OK;
}

static double middle(const struct vt_histogram *h, int i)
{
  return (i + 0.5 - HALF) * h->range / HALF;
}

/* The level of a number among LEVELS from lo to hi, zero being one of them, and what the level stands for. */
struct levels {
  double scale;
  int zero;
};
static struct levels levels_of(double lo, double hi)
{
  struct levels l = {.scale = (hi - lo) / (LEVELS - 1)};
  l.zero = (int)rint(-lo / l.scale);
  return l;
}
static int level(const struct levels *l, double x)
{
  double q = rint(x / l->scale) + l->zero;
  return q < 0 ? 0 : q > LEVELS - 1 ? LEVELS - 1 : (int)q;
}

static double square_error(const struct vt_histogram *h, double lo, double hi)
{
  struct levels l = levels_of(lo, hi);
  double sum = 0;
  for (int i = 0; i < BINS; i++) {
    if (!h->bin[i]) continue;
    double x = middle(h, i), d = x - (level(&l, x) - l.zero) * l.scale;
    sum += (double)h->bin[i] * d * d;
  }
  return sum;
}

static double divergence(const struct vt_histogram *h, double lo, double hi)
{
  struct levels l = levels_of(lo, hi);
  double mass[LEVELS] = {0}, clipped[2] = {0}, sum = 0;
  int filled[LEVELS] = {0}, first = -1, last = -1;
  for (int i = 0; i < BINS; i++) {
    double x = middle(h, i);
    if (x < lo || x > hi) {
      clipped[x > hi] += (double)h->bin[i];
      continue;
    }
    if (first < 0) first = i;
    last = i;
    mass[level(&l, x)] += (double)h->bin[i];
    filled[level(&l, x)] += h->bin[i] > 0;
  }
  for (int i = first; i >= 0 && i <= last; i++) {
    double p = (double)h->bin[i] + (i == first ? clipped[0] : 0) + (i == last ? clipped[1] : 0);
    int k = level(&l, middle(h, i));
    double q = h->bin[i] && filled[k] ? mass[k] / filled[k] : 1e-4;
    if (p > 0) sum += p * log(p / q);
  }
  return sum / (double)VT_MAX(h->n, 1);
}

static void percentile(const struct vt_histogram *h, double share, double *lo, double *hi)
{
  double out = (1 - share / 100) * (double)h->n, below = 0, above = 0;
  int i = 0, j = BINS - 1;
  while (i < HALF && below + (double)h->bin[i] <= out) below += (double)h->bin[i++];
  while (j >= HALF && above + (double)h->bin[j] <= out) above += (double)h->bin[j--];
  *lo = fmax(*lo, (i - HALF) * h->range / HALF);
  *hi = fmin(*hi, (j + 1 - HALF) * h->range / HALF);
}

void vt_histogram_range(const struct vt_histogram *h, const struct vt_quantize_opts *o, double *lo,
                        double *hi)
{
  double all_lo = fmin((double)h->lo, 0), all_hi = fmax((double)h->hi, 0), best = INFINITY;
  *lo = all_lo;
  *hi = all_hi;
  if (!(all_hi - all_lo > 1e-30)) {
    *hi = *lo + 1; /* nothing but zeros: any step will do */
    return;
  }
  if (o->rule == VT_RANGE_PERCENTILE) percentile(h, o->percentile > 0 ? o->percentile : 99.99, lo, hi);
  for (int k = 0; k < CANDIDATES && o->rule <= VT_RANGE_KL; k++) {
    double share = 1 - 0.02 * k, l = all_lo * share, u = all_hi * share;
    double cost = o->rule == VT_RANGE_MSE ? square_error(h, l, u) : divergence(h, l, u);
    if (!(cost < best)) continue;
    best = cost;
    *lo = l;
    *hi = u;
  }
  if (!(*hi - *lo > 1e-30)) *lo = all_lo, *hi = all_hi;
}
