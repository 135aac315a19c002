/* Our own inner loops, compiled once per instruction set (base, avx2, avx512) and chosen at run time.
 *
 * A loop works on one span or panel; kernels split the work over threads. A panel is (rows, b): `rows`
 * positions of b channels each, b = 1 in plain layout, 8 or 16 in blocked ones, C in channels-last. Spans
 * need no alignment; y may be x where elements correspond. */
#ifndef VT_BACKEND_NATIVE_FAST_H
#define VT_BACKEND_NATIVE_FAST_H

#include "backend/kernel_util.h"

enum vt__unary { VT__EXP, VT__LOG, VT__SQRT, VT__NEG, VT__ABS, VT__RECIPROCAL, VT__SQUARE, VT__ERF };
enum vt__binary { VT__ADD, VT__SUB, VT__MUL, VT__DIV, VT__MIN, VT__MAX };

struct vt__fast {
  /* activations; dx = dy f'(x) */
  void (*act)(enum vt_act act, float alpha, float beta, const float *x, float *y, int64_t n);
  void (*act_grad)(enum vt_act act, float alpha, float beta, const float *dy, const float *x, float *dx,
                   int64_t n);
  void (*unary)(enum vt__unary op, const float *x, float *y, int64_t n);
  /* y[i] = a[i sa] op b[i sb], steps 0 or 1 */
  void (*binary)(enum vt__binary op, const float *a, int sa, const float *b, int sb, float *y, int64_t n);
  /* y (rows, b) = x (rows, b) op v (b), or v op x when swapped */
  void (*binary_lane)(enum vt__binary op, bool swapped, const float *x, const float *v, float *y,
                      int64_t rows, int64_t b);
  float (*sum)(const float *x, int64_t n);
  float (*max)(const float *x, int64_t n);
  /* y = exp(x - shift), gives the sum */
  float (*exp_sum)(const float *x, float shift, float *y, int64_t n);
  void (*axpy)(float a, const float *x, float *y, int64_t n);  /* y += a x */
  void (*scale)(float a, const float *x, float *y, int64_t n); /* y = a x */
  float (*dot)(const float *a, const float *b, int64_t n);

  /* per lane: sum over rows; mean and sum of squared deviations; and, for gradients, sums of dy and dy (x -
   * mean) */
  void (*lane_sum)(const float *x, int64_t rows, int64_t b, float *sum);
  void (*moments)(const float *x, int64_t rows, int64_t b, float *mean, float *m2);
  void (*moments_grad)(const float *x, const float *dy, int64_t rows, int64_t b, float *mean, float *m2,
                       float *sdy, float *sdyx);
  /* y = x p + q; dx = dy p + x q + r, per lane */
  void (*affine)(const float *x, int64_t rows, int64_t b, const float *p, const float *q, float *y);
  void (*affine2)(const float *x, const float *dy, int64_t rows, int64_t b, const float *p, const float *q,
                  const float *r, float *dx);

  /* optimiser steps; formulas in ops/. keep = 1 − lr λ for decoupled decay; c1, c2 undo Adam's bias */
  void (*momentum)(const float *w, const float *g, const float *m, float scale, float lr, float mu, float l2,
                   bool nesterov, float *w2, float *m2, int64_t n);
  void (*adam)(const float *w, const float *g, const float *m, const float *v, float scale, float lr,
               float b1, float b2, float eps, float l2, float keep, float c1, float c2, float *w2, float *m2,
               float *v2, int64_t n);
  void (*blend)(float decay, const float *avg, const float *w, float *out, int64_t n);
  /* out (m, b)[i] = sum of weight[t] x (·, b)[index[t]] over t in [start[i], start[i + 1]); back: the
   * transposed, added to x */
  void (*resample)(const float *x, const int64_t *start, const int32_t *index, const float *weight, int64_t m,
                   int64_t b, float *out);
  void (*resample_back)(const float *dy, const int64_t *start, const int32_t *index, const float *weight,
                        int64_t m, int64_t b, float *dx);
};

extern const struct vt__fast vt__fast_base, vt__fast_avx2, vt__fast_avx512;
static inline const struct vt__fast *vt__fast(void)
{
#if defined(__x86_64__)
  enum vt_isa isa = vt_isa();
  if (isa >= VT_ISA_AVX512) return &vt__fast_avx512;
  if (isa >= VT_ISA_AVX2) return &vt__fast_avx2;
#endif
  return &vt__fast_base;
}

#endif
