/* exp, log, tanh and erf in plain C that compilers turn into vector code: no branches, no calls.
 *
 * exp and log: Cody-Waite reduction and the minimax polynomials of Cephes (Moshier); within 2 ulp over the
 * normal range. erf: Abramowitz, Stegun 7.1.26, absolute error below 1.5e-7. */
#ifndef VT_BACKEND_NATIVE_FAST_MATH_H
#define VT_BACKEND_NATIVE_FAST_MATH_H

#include <stdint.h>

union vt__bits {
  float f;
  int32_t i;
};

static inline __attribute__((always_inline)) float vt__expf(float x)
{
  float c = x >= -87.33654f ? x : -87.33654f; /* not a number: the least, so that what follows is defined */
  c = c > 88.72283f ? 88.72283f : c;
  float k = (c * 1.44269504f + 12582912.f) - 12582912.f; /* nearest integer */
  float r = c - k * 0.693359375f;
  r += k * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1;
  int32_t n = (int32_t)k, half = n >> 1; /* two factors, so that 2^128 does not overflow */
  union vt__bits a = {.i = (half + 127) << 23}, b = {.i = (n - half + 127) << 23};
  float y = p * a.f * b.f;
  y = x < -87.33654f ? 0.f : y;
  y = x > 88.72283f ? __builtin_inff() : y;
  return x != x ? x : y;
}

static inline __attribute__((always_inline)) float vt__logf(float x)
{
  union vt__bits u = {.f = x < 1.17549435e-38f ? 1.17549435e-38f : x};
  int32_t e = (u.i >> 23) - 126;
  u.i = (u.i & 0x007fffff) | 0x3f000000; /* [0.5, 1) */
  float m = u.f;
  int small = m < 0.707106781f;
  float k = (float)(e - small);
  m = small ? m + m - 1 : m - 1;
  float z = m * m, p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  float y = p * m * z - k * 2.12194440e-4f - 0.5f * z + m + k * 0.693359375f;
  y = x == __builtin_inff() ? x : y;
  y = x == 0 ? -__builtin_inff() : y;
  return x >= 0 ? y : __builtin_nanf("");
}

static inline __attribute__((always_inline)) float vt__sigmoidf(float x)
{
  return 1 / (1 + vt__expf(-x));
}

static inline __attribute__((always_inline)) float vt__tanhf(float x)
{
  float a = x < 0 ? -x : x, z = x * x;
  float p = -5.70498872745e-3f; /* Cephes, |x| < 0.625 */
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  float low = p * z * x + x, big = 1 - 2 / (vt__expf(a + a) + 1);
  return a < 0.625f ? low : x < 0 ? -big : big;
}

static inline __attribute__((always_inline)) float vt__softplusf(float x)
{
  float a = x < 0 ? -x : x;
  return (x > 0 ? x : 0) + vt__logf(1 + vt__expf(-a)); /* max(x, 0) + log(1 + exp(-|x|)) */
}

static inline __attribute__((always_inline)) float vt__erff(float x)
{
  float a = x < 0 ? -x : x, t = 1 / (1 + 0.3275911f * a);
  float p =
      ((((1.061405429f * t - 1.453152027f) * t + 1.421413741f) * t - 0.284496736f) * t + 0.254829592f) * t;
  float y = 1 - p * vt__expf(-a * a);
  return x < 0 ? -y : y;
}

#endif
