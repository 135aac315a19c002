/* Agreement of outputs. */
#include "eval/agreement.h"

#include <math.h>

static double largest_error(int64_t n, const float *want, const float *have)
{
  double top = 0, error = 0;
  for (int64_t i = 0; i < n; i++) {
    if (!isfinite(want[i]) || !isfinite(have[i])) return INFINITY;
    top = fmax(top, fabs((double)want[i]));
    error = fmax(error, fabs((double)want[i] - (double)have[i]));
  }
  return top > 0 ? error / top : error > 0 ? INFINITY : 0;
}

struct sums {
  double dot, a, b;
};

static double cosine(const struct sums *s)
{
  return s->a > 0 && s->b > 0 && isfinite(s->dot) ? s->dot / sqrt(s->a * s->b) : 0;
}

/* mean: (2, d) of want and of have */
static struct sums sum(int64_t d, const double *mean, const float *want, const float *have)
{
  struct sums s = {0};
  for (int64_t j = 0; j < d; j++) {
    const double x = want[j] - mean[j], y = have[j] - mean[d + j];
    s.dot += x * y;
    s.a += x * x;
    s.b += y * y;
  }
  return s;
}

int vt_agreement(struct vt_agreement *a, int64_t n, int64_t d, const float *want, const float *have,
                 struct vt_err *e)
{
  *a = (struct vt_agreement){.error = INFINITY};
  if (n < 1 || d < 1) return vt_fail(e, VT_EARG, "no outputs to compare");
  double *mean = vt_calloc((size_t)d, 2 * sizeof *mean);
  if (!mean) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < d; j++) {
      mean[j] += want[i * d + j] / (double)n;
      mean[d + j] += have[i * d + j] / (double)n;
    }
  struct sums all = {0};
  a->error = largest_error(n * d, want, have);
  a->least = 1;
  for (int64_t i = 0; i < n; i++) {
    const struct sums one = sum(d, mean, want + i * d, have + i * d);
    a->least = fmin(a->least, cosine(&one));
    all = (struct sums){all.dot + one.dot, all.a + one.a, all.b + one.b};
  }
  a->cosine = cosine(&all);
  vt_free(mean);
  return 0;
}
