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

static double cosine(int64_t d, const double *mean, const float *want, const float *have)
{
  double dot = 0, a = 0, b = 0;
  for (int64_t j = 0; j < d; j++) {
    const double x = want[j] - mean[j], y = have[j] - mean[j];
    dot += x * y;
    a += x * x;
    b += y * y;
  }
  return a > 0 && b > 0 && isfinite(dot) ? dot / sqrt(a * b) : 0;
}

int vt_agreement(struct vt_agreement *a, int64_t n, int64_t d, const float *want, const float *have,
                 struct vt_err *e)
{
  *a = (struct vt_agreement){.error = INFINITY};
  if (n < 1 || d < 1) return vt_fail(e, VT_EARG, "no outputs to compare");
  double *mean = vt_calloc((size_t)d, sizeof *mean);
  if (!mean) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < d; j++) mean[j] += want[i * d + j] / (double)n;
  a->error = largest_error(n * d, want, have);
  a->cosine = 1;
  for (int64_t i = 0; i < n; i++) a->cosine = fmin(a->cosine, cosine(d, mean, want + i * d, have + i * d));
  vt_free(mean);
  return 0;
}
