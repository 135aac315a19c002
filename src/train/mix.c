/* Mixup and CutMix. Picture i meets picture (i + shift) mod n, shift one for the batch. With lambda of
 * Beta(a, a): Mixup   x = lambda x_i + (1 - lambda) x_j,       t = lambda t_i + (1 - lambda) t_j CutMix  a
 * box with sides sqrt(1 - lambda) of the picture's, centre uniform, cut at the border, shows x_j; t as above
 * with 1 - lambda the box's true share. */
#include "train/mix.h"

#include <math.h>
#include <string.h>

/* Gamma(a, 1); for a < 1 as Gamma(a + 1) U^(1/a). */
static double draw_gamma(struct vt_rng *r, double a)
{
  double boost = 1;
  if (a < 1) {
    boost = pow(fmax(vt_rng_unit(r), 1e-300), 1 / a);
    a += 1;
  }
  double d = a - 1.0 / 3, c = 1 / sqrt(9 * d);
  for (;;) {
    double x = (double)vt_rng_normal(r), v = 1 + c * x;
    if (v <= 0) continue;
    v = v * v * v;
    if (log(fmax(vt_rng_unit(r), 1e-300)) < 0.5 * x * x + d - d * v + d * log(v)) return boost * d * v;
  }
}

double vt__beta(struct vt_rng *r, double a)
{
  double x = draw_gamma(r, a), y = draw_gamma(r, a);
  return x + y > 0 ? x / (x + y) : 0.5;
}

/* Adds `weight` of a picture's own target. */
static void add_target(const struct vt__mix_batch *b, int i, double weight, float *t)
{
  if (!b->share) {
    t[b->label[i]] += (float)weight;
    return;
  }
  const float *own = b->share + (int64_t)i * b->classes;
  for (int k = 0; k < b->classes; k++) t[k] += (float)(weight * (double)own[k]);
}

/* The half-open range of a side of length `size` around `centre` in 0 … n. */
static void span(double centre, double size, int n, int *lo, int *hi)
{
  *lo = (int)VT_CLAMP(lround(centre - size / 2), 0, n);
  *hi = (int)VT_CLAMP(lround(centre + size / 2), 0, n);
}

/* Copies the box of `other` into image; returns the share of the picture that stays. */
static double cut_in(const struct vt__mix_batch *b, struct vt_rng *r, double lambda, const float *other,
                     float *image)
{
  double side = sqrt(1 - lambda);
  int x0, x1, y0, y1;
  span(vt_rng_unit(r) * b->width, side * b->width, b->width, &x0, &x1);
  span(vt_rng_unit(r) * b->height, side * b->height, b->height, &y0, &y1);
  for (int c = 0; c < 3; c++)
    for (int y = y0; y < y1 && x1 > x0; y++) {
      int64_t at = ((int64_t)c * b->height + y) * b->width + x0;
      memcpy(image + at, other + at, (size_t)(x1 - x0) * sizeof *image);
    }
  return 1 - (double)(x1 - x0) * (y1 - y0) / ((double)b->width * b->height);
}

void vt__mix_batch(const struct vt__mix *m, const struct vt__mix_batch *b, float *image, float *target)
{
  enum { BATCH = 0x6d6978, OWN };
  int64_t plane = 3LL * b->height * b->width;
  struct vt_rng r;
  vt_rng_init(&r, b->seed[0], BATCH, 0);
  double u = vt_rng_unit(&r), off = m->smoothing / b->classes;
  bool cut = u < m->cutmix, mixup = !cut && u < m->cutmix + m->mixup;
  int shift = b->n > 1 ? 1 + (int)vt_rng_below(&r, (uint32_t)b->n - 1) : 0;
  for (int i = 0; i < b->n; i++) {
    int j = (i + shift) % b->n;
    float *x = image + i * plane, *t = target + (int64_t)i * b->classes;
    double lambda = 1;
    vt_rng_init(&r, b->seed[i], OWN, 0);
    memcpy(x, b->planes[i], (size_t)plane * sizeof *x);
    if (cut) {
      lambda = cut_in(b, &r, vt__beta(&r, m->cutmix_alpha), b->planes[j], x);
    } else if (mixup) {
      lambda = vt__beta(&r, m->mixup_alpha);
      float own = (float)lambda, other = (float)(1 - lambda);
      for (int64_t k = 0; k < plane; k++) x[k] = own * x[k] + other * b->planes[j][k];
    }
    for (int k = 0; k < b->classes; k++) t[k] = (float)off;
    add_target(b, i, lambda * (1 - m->smoothing), t);
    add_target(b, j, (1 - lambda) * (1 - m->smoothing), t);
  }
}
