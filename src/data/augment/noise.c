/* Gaussian noise on every value. The normal distribution is a table of 4096 quantiles, scaled to variance 1:
 * one 64-bit random number makes five values. */
#include <pthread.h>
#include "data/policy/op.h"

struct opts {
  double sigma;
  bool grey;
};
static const struct vt_opt rows[] = {
    VT_AUG_FLOAT(sigma, "8", 0, 100, "LEVELS", "largest standard deviation, drawn from 0 to this"),
    VT_AUG_FLAG(grey, "no", "the same noise in all three channels"),
};
enum { QUANTILES = 4096 };
static float quantile[QUANTILES];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* By bisection of erfc: 1/2 erfc(-x / sqrt 2) = (i + 1/2) / QUANTILES. */
static void make_table(void)
{
  double sum = 0, at[QUANTILES / 2];
  for (int i = 0; i < QUANTILES / 2; i++) {
    double lo = -6, hi = 0, p = (i + .5) / QUANTILES;
    for (int k = 0; k < 40; k++) {
      double x = (lo + hi) / 2;
      if (.5 * erfc(-x * M_SQRT1_2) < p)
        lo = x;
      else
        hi = x;
    }
    at[i] = lo;
    sum += 2 * lo * lo;
  }
  double k = sqrt(QUANTILES / sum);
  for (int i = 0; i < QUANTILES / 2; i++) {
    quantile[i] = (float)(k * at[i]);
    quantile[QUANTILES - 1 - i] = -quantile[i];
  }
}

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  v[0] = vt__between(rng, 0, o->sigma);
}

static int apply(const void *opts, struct vt_aug_draw *d, const struct vt_aug_env *env,
                 struct vt_aug_sample *s, struct vt_err *e)
{
  const struct opts *o = opts;
  pthread_once(&once, make_table);
  int16_t add[QUANTILES]; /* in 1/64 grey levels */
  for (int i = 0; i < QUANTILES; i++) add[i] = (int16_t)lrint(64 * d->v[0] * quantile[i]);
  const int each = o->grey ? 3 : 1, n = s->image.width * 3;
  for (int y = 0; y < s->image.height; y++) {
    uint8_t *p = s->image.px + y * s->image.stride;
    uint64_t r = 0;
    for (int i = 0, k = 0; i < n; k++) {
      if (k % 5 == 0) r = vt_rng_u64(&d->rng);
      int a = add[r & (QUANTILES - 1)];
      r >>= 12;
      for (int c = 0; c < each; c++, i++) {
        int v = (64 * p[i] + a + 32) >> 6;
        p[i] = (uint8_t)VT_CLAMP(v, 0, 255);
      }
    }
  }
  return 0;
}

const struct vt_aug_op vt_aug_op_noise = {
    .name = "noise",
    .what = "Gaussian noise",
    VT_AUG_OPTS,
    .safe = {{"sigma", 0, 20}},
    .draw = draw,
    .apply = apply,
};
