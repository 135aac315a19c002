/* The inner loops. Built three times with VT_FAST naming the table; `inline` helpers take the width b as a
 * constant for 8 and 16, so that a row is one vector. */
#include "backend/native/fast.h"
#include "backend/native/fast_math.h"
#include <math.h>

#define INLINE static inline __attribute__((always_inline))
#define SIMD   _Pragma("omp simd")

/* ---- maps ---- */
#define MAP(EXPR)                                                                                            \
  SIMD for (int64_t i = 0; i < n; i++)                                                                       \
  {                                                                                                          \
    float v = x[i];                                                                                          \
    y[i] = (EXPR);                                                                                           \
  }                                                                                                          \
  return;

static void act(enum vt_act act, float alpha, float beta, const float *x, float *y, int64_t n)
{
  switch (act) {
  case VT_ACT_NONE: MAP(v)
  case VT_ACT_RELU: MAP(v < 0 ? 0 : v)
  case VT_ACT_LEAKY_RELU: MAP(v < 0 ? alpha * v : v)
  case VT_ACT_SIGMOID: MAP(vt__sigmoidf(v))
  case VT_ACT_TANH: MAP(vt__tanhf(v))
  case VT_ACT_HARD_SIGMOID: MAP(VT_CLAMP(alpha * v + beta, 0.f, 1.f))
  case VT_ACT_HARD_SWISH: MAP(v * VT_CLAMP(v / 6 + 0.5f, 0.f, 1.f))
  case VT_ACT_ELU: MAP(v < 0 ? alpha * (vt__expf(v) - 1) : v)
  case VT_ACT_SILU: MAP(v * vt__sigmoidf(v))
  case VT_ACT_CLIP: MAP(VT_CLAMP(v, alpha, beta))
  case VT_ACT_SOFTPLUS: MAP(vt__softplusf(v))
  case VT_ACT_GELU: MAP(0.5f * v * (1 + vt__erff(v * 0.70710678f)))
  case VT_ACT_SELU: MAP(beta * (v < 0 ? alpha * (vt__expf(v) - 1) : v))
  case VT_ACT_MISH: MAP(v * vt__tanhf(vt__softplusf(v)))
  }
}

INLINE float mish_slope(float v)
{
  float t = vt__tanhf(vt__softplusf(v));
  return t + v * (1 - t * t) * vt__sigmoidf(v);
}

INLINE float sigmoid_slope(float v)
{
  float s = vt__sigmoidf(v);
  return s * (1 - s);
}

INLINE float tanh_slope(float v)
{
  float t = vt__tanhf(v);
  return 1 - t * t;
}

INLINE float silu_slope(float v)
{
  float s = vt__sigmoidf(v);
  return s * (1 + v * (1 - s));
}

#define GRAD(SLOPE)                                                                                          \
  SIMD for (int64_t i = 0; i < n; i++)                                                                       \
  {                                                                                                          \
    float v = x[i];                                                                                          \
    dx[i] = dy[i] * (SLOPE);                                                                                 \
  }                                                                                                          \
  return;

static void act_grad(enum vt_act act, float alpha, float beta, const float *dy, const float *x, float *dx,
                     int64_t n)
{
  switch (act) {
  case VT_ACT_NONE: SIMD for (int64_t i = 0; i < n; i++) dx[i] = dy[i]; return;
  case VT_ACT_RELU: SIMD for (int64_t i = 0; i < n; i++) dx[i] = x[i] > 0 ? dy[i] : 0; return;
  case VT_ACT_LEAKY_RELU: GRAD(v < 0 ? alpha : 1)
  case VT_ACT_SIGMOID: GRAD(sigmoid_slope(v))
  case VT_ACT_TANH: GRAD(tanh_slope(v))
  case VT_ACT_HARD_SIGMOID: GRAD(alpha * v + beta > 0 && alpha * v + beta < 1 ? alpha : 0)
  case VT_ACT_HARD_SWISH: GRAD(v <= -3 ? 0 : v >= 3 ? 1 : v / 3 + 0.5f)
  case VT_ACT_ELU: GRAD(v < 0 ? alpha * vt__expf(v) : 1)
  case VT_ACT_SILU: GRAD(silu_slope(v))
  case VT_ACT_CLIP: GRAD(v >= alpha && v <= beta ? 1 : 0)
  case VT_ACT_SOFTPLUS: GRAD(vt__sigmoidf(v))
  case VT_ACT_GELU: GRAD(0.5f * (1 + vt__erff(v * 0.70710678f)) + v * 0.3989422804f * vt__expf(-0.5f * v * v))
  case VT_ACT_SELU: GRAD(beta * (v < 0 ? alpha * vt__expf(v) : 1))
  case VT_ACT_MISH: GRAD(mish_slope(v))
  }
}
#undef GRAD

static void unary(enum vt__unary op, const float *x, float *y, int64_t n)
{
  switch (op) {
  case VT__EXP: MAP(vt__expf(v))
  case VT__LOG: MAP(vt__logf(v))
  case VT__SQRT: MAP(sqrtf(v))
  case VT__NEG: MAP(-v)
  case VT__ABS: MAP(fabsf(v))
  case VT__RECIPROCAL: MAP(1 / v)
  case VT__SQUARE: MAP(v * v)
  case VT__ERF: MAP(vt__erff(v))
  }
}
#undef MAP

INLINE float apply(enum vt__binary op, float a, float b)
{
  switch (op) {
  case VT__ADD: return a + b;
  case VT__SUB: return a - b;
  case VT__MUL: return a * b;
  case VT__DIV: return a / b;
  case VT__MIN: return a < b ? a : b;
  default: return a > b ? a : b;
  }
}

INLINE void binary_as(enum vt__binary op, const float *a, int sa, const float *b, int sb, float *y, int64_t n)
{
  if (sa && sb) {
    SIMD for (int64_t i = 0; i < n; i++) y[i] = apply(op, a[i], b[i]);
  } else if (sa) {
    float v = *b;
    SIMD for (int64_t i = 0; i < n; i++) y[i] = apply(op, a[i], v);
  } else if (sb) {
    float v = *a;
    SIMD for (int64_t i = 0; i < n; i++) y[i] = apply(op, v, b[i]);
  } else {
    float v = apply(op, *a, *b);
    for (int64_t i = 0; i < n; i++) y[i] = v;
  }
}

#define EACH(F, ...)                                                                                         \
  switch (op) {                                                                                              \
  case VT__ADD: F(VT__ADD, __VA_ARGS__); return;                                                             \
  case VT__SUB: F(VT__SUB, __VA_ARGS__); return;                                                             \
  case VT__MUL: F(VT__MUL, __VA_ARGS__); return;                                                             \
  case VT__DIV: F(VT__DIV, __VA_ARGS__); return;                                                             \
  case VT__MIN: F(VT__MIN, __VA_ARGS__); return;                                                             \
  case VT__MAX: F(VT__MAX, __VA_ARGS__); return;                                                             \
  }

static void binary(enum vt__binary op, const float *a, int sa, const float *b, int sb, float *y,
                   int64_t n){EACH(binary_as, a, sa, b, sb, y, n)}

INLINE void lanes_as(enum vt__binary op, bool swapped, const float *x, const float *v, float *y, int64_t rows,
                     int64_t b)
{
  for (int64_t r = 0; r < rows; r++)
    SIMD for (int64_t j = 0; j < b; j++) y[r * b + j] =
        swapped ? apply(op, v[j], x[r * b + j]) : apply(op, x[r * b + j], v[j]);
}

INLINE void lanes(enum vt__binary op, bool swapped, const float *x, const float *v, float *y, int64_t rows,
                  int64_t b)
{
  if (b == 8)
    lanes_as(op, swapped, x, v, y, rows, 8);
  else if (b == 16)
    lanes_as(op, swapped, x, v, y, rows, 16);
  else
    lanes_as(op, swapped, x, v, y, rows, b);
}

static void binary_lane(enum vt__binary op, bool swapped, const float *x, const float *v, float *y,
                        int64_t rows, int64_t b)
{
  EACH(lanes, swapped, x, v, y, rows, b)
}

/* ---- reductions over a span ---- */
static float sum(const float *x, int64_t n)
{
  float s = 0;
#pragma omp simd reduction(+ : s)
  for (int64_t i = 0; i < n; i++) s += x[i];
  return s;
}

static float max(const float *x, int64_t n)
{
  float m = -INFINITY;
#pragma omp simd reduction(max : m)
  for (int64_t i = 0; i < n; i++) m = x[i] > m ? x[i] : m;
  return m;
}

static float exp_sum(const float *x, float shift, float *y, int64_t n)
{
  float s = 0;
#pragma omp simd reduction(+ : s)
  for (int64_t i = 0; i < n; i++) {
    float v = vt__expf(x[i] - shift);
    y[i] = v;
    s += v;
  }
  return s;
}

static float dot(const float *a, const float *b, int64_t n)
{
  float s = 0;
#pragma omp simd reduction(+ : s)
  for (int64_t i = 0; i < n; i++) s += a[i] * b[i];
  return s;
}

static void axpy(float a, const float *x, float *y, int64_t n)
{
  SIMD for (int64_t i = 0; i < n; i++) y[i] += a * x[i];
}

static void scale(float a, const float *x, float *y, int64_t n)
{
  SIMD for (int64_t i = 0; i < n; i++) y[i] = a * x[i];
}

/* ---- per lane ---- */
INLINE void lane_sum_as(const float *x, int64_t rows, int64_t b, float *s)
{
  for (int64_t j = 0; j < b; j++) s[j] = 0;
  for (int64_t r = 0; r < rows; r++) SIMD for (int64_t j = 0; j < b; j++) s[j] += x[r * b + j];
}

/* Two passes over a panel that fits the cache: no cancellation, whatever the mean. */
INLINE void moments_as(const float *x, int64_t rows, int64_t b, float *mean, float *m2)
{
  lane_sum_as(x, rows, b, mean);
  float inv = 1 / (float)rows;
  for (int64_t j = 0; j < b; j++) {
    mean[j] *= inv;
    m2[j] = 0;
  }
  for (int64_t r = 0; r < rows; r++) SIMD for (int64_t j = 0; j < b; j++)
    {
      float d = x[r * b + j] - mean[j];
      m2[j] += d * d;
    }
}

INLINE void grad_as(const float *x, const float *dy, int64_t rows, int64_t b, float *mean, float *m2,
                    float *sdy, float *sdyx)
{
  lane_sum_as(x, rows, b, mean);
  float inv = 1 / (float)rows;
  for (int64_t j = 0; j < b; j++) {
    mean[j] *= inv;
    m2[j] = sdy[j] = sdyx[j] = 0;
  }
  for (int64_t r = 0; r < rows; r++) SIMD for (int64_t j = 0; j < b; j++)
    {
      float d = x[r * b + j] - mean[j], g = dy[r * b + j];
      m2[j] += d * d;
      sdy[j] += g;
      sdyx[j] += g * d;
    }
}

INLINE void affine_as(const float *x, int64_t rows, int64_t b, const float *p, const float *q, float *y)
{
  for (int64_t r = 0; r < rows; r++)
    SIMD for (int64_t j = 0; j < b; j++) y[r * b + j] = x[r * b + j] * p[j] + q[j];
}

INLINE void affine2_as(const float *x, const float *dy, int64_t rows, int64_t b, const float *p,
                       const float *q, const float *s, float *dx)
{
  for (int64_t r = 0; r < rows; r++)
    SIMD for (int64_t j = 0; j < b; j++) dx[r * b + j] = dy[r * b + j] * p[j] + x[r * b + j] * q[j] + s[j];
}

/* Accumulators of a constant number of lanes stay in registers; local copies tell the compiler that nothing
 * aliases. */
#define LOCAL(B)                                                                                             \
  static void lane_sum_##B(const float *x, int64_t rows, float *s)                                           \
  {                                                                                                          \
    float a[B];                                                                                              \
    lane_sum_as(x, rows, B, a);                                                                              \
    for (int j = 0; j < B; j++) s[j] = a[j];                                                                 \
  }                                                                                                          \
  static void moments_##B(const float *x, int64_t rows, float *mean, float *m2)                              \
  {                                                                                                          \
    float a[B], c[B];                                                                                        \
    moments_as(x, rows, B, a, c);                                                                            \
    for (int j = 0; j < B; j++) mean[j] = a[j], m2[j] = c[j];                                                \
  }                                                                                                          \
  static void grad_##B(const float *x, const float *dy, int64_t rows, float *mean, float *m2, float *sdy,    \
                       float *sdyx)                                                                          \
  {                                                                                                          \
    float a[B], c[B], d[B], f[B];                                                                            \
    grad_as(x, dy, rows, B, a, c, d, f);                                                                     \
    for (int j = 0; j < B; j++) mean[j] = a[j], m2[j] = c[j], sdy[j] = d[j], sdyx[j] = f[j];                 \
  }                                                                                                          \
  static void affine_##B(const float *x, int64_t rows, const float *p, const float *q, float *y)             \
  {                                                                                                          \
    float a[B], c[B];                                                                                        \
    for (int j = 0; j < B; j++) a[j] = p[j], c[j] = q[j];                                                    \
    affine_as(x, rows, B, a, c, y);                                                                          \
  }                                                                                                          \
  static void affine2_##B(const float *x, const float *dy, int64_t rows, const float *p, const float *q,     \
                          const float *r, float *dx)                                                         \
  {                                                                                                          \
    float a[B], c[B], d[B];                                                                                  \
    for (int j = 0; j < B; j++) a[j] = p[j], c[j] = q[j], d[j] = r[j];                                       \
    affine2_as(x, dy, rows, B, a, c, d, dx);                                                                 \
  }
LOCAL(8)
LOCAL(16)

#define CHOOSE(F, CALL8, CALL16, ANY)                                                                        \
  if (b == 8)                                                                                                \
    CALL8;                                                                                                   \
  else if (b == 16)                                                                                          \
    CALL16;                                                                                                  \
  else                                                                                                       \
    ANY;

static void lane_sum(const float *x, int64_t rows, int64_t b, float *s)
{
  if (b == 1)
    *s = sum(x, rows);
  else
    CHOOSE(lane_sum, lane_sum_8(x, rows, s), lane_sum_16(x, rows, s), lane_sum_as(x, rows, b, s))
}

static void moments(const float *x, int64_t rows, int64_t b, float *mean, float *m2)
{
  if (b == 1) {
    float m = sum(x, rows) / (float)rows, s = 0;
#pragma omp simd reduction(+ : s)
    for (int64_t i = 0; i < rows; i++) s += (x[i] - m) * (x[i] - m);
    *mean = m;
    *m2 = s;
  } else {
    CHOOSE(moments, moments_8(x, rows, mean, m2), moments_16(x, rows, mean, m2),
           moments_as(x, rows, b, mean, m2))
  }
}

static void moments_grad(const float *x, const float *dy, int64_t rows, int64_t b, float *mean, float *m2,
                         float *sdy, float *sdyx)
{
  if (b == 1) {
    float m = sum(x, rows) / (float)rows, s = 0, g = 0, gx = 0;
#pragma omp simd reduction(+ : s, g, gx)
    for (int64_t i = 0; i < rows; i++) {
      float d = x[i] - m;
      s += d * d;
      g += dy[i];
      gx += dy[i] * d;
    }
    *mean = m, *m2 = s, *sdy = g, *sdyx = gx;
  } else {
    CHOOSE(grad, grad_8(x, dy, rows, mean, m2, sdy, sdyx), grad_16(x, dy, rows, mean, m2, sdy, sdyx),
           grad_as(x, dy, rows, b, mean, m2, sdy, sdyx))
  }
}

static void affine(const float *x, int64_t rows, int64_t b, const float *p, const float *q, float *y)
{
  if (b == 1) {
    float a = *p, c = *q;
    SIMD for (int64_t i = 0; i < rows; i++) y[i] = x[i] * a + c;
  } else {
    CHOOSE(affine, affine_8(x, rows, p, q, y), affine_16(x, rows, p, q, y), affine_as(x, rows, b, p, q, y))
  }
}

static void affine2(const float *x, const float *dy, int64_t rows, int64_t b, const float *p, const float *q,
                    const float *r, float *dx)
{
  if (b == 1) {
    float a = *p, c = *q, d = *r;
    SIMD for (int64_t i = 0; i < rows; i++) dx[i] = dy[i] * a + x[i] * c + d;
  } else {
    CHOOSE(affine2, affine2_8(x, dy, rows, p, q, r, dx), affine2_16(x, dy, rows, p, q, r, dx),
           affine2_as(x, dy, rows, b, p, q, r, dx))
  }
}

/* ---- optimisers ---- */
static void momentum(const float *w, const float *g, const float *m, float factor, float lr, float mu,
                     float l2, bool nesterov, float *w2, float *m2, int64_t n)
{
  float own = nesterov ? 1 : 0, carry = nesterov ? mu : 1;
  SIMD for (int64_t i = 0; i < n; i++)
  {
    float d = (factor == 0 ? 0 : g[i] * factor) + l2 * w[i], u = mu * m[i] + d;
    m2[i] = u;
    w2[i] = w[i] - lr * (own * d + carry * u);
  }
}

static void adam(const float *w, const float *g, const float *m, const float *v, float factor, float lr,
                 float b1, float b2, float eps, float l2, float keep, float c1, float c2, float *w2,
                 float *m2, float *v2, int64_t n)
{
  SIMD for (int64_t i = 0; i < n; i++)
  {
    float d = (factor == 0 ? 0 : g[i] * factor) + l2 * w[i];
    float a = b1 * m[i] + (1 - b1) * d, s = b2 * v[i] + (1 - b2) * d * d;
    m2[i] = a;
    v2[i] = s;
    w2[i] = w[i] * keep - lr * (a * c1) / (sqrtf(s * c2) + eps);
  }
}

static void blend(float decay, const float *avg, const float *w, float *out, int64_t n)
{
  SIMD for (int64_t i = 0; i < n; i++) out[i] = decay * avg[i] + (1 - decay) * w[i];
}

/* ---- resampling ---- */
INLINE void resample_as(const float *x, const int64_t *start, const int32_t *index, const float *weight,
                        int64_t m, int64_t b, float *out)
{
  for (int64_t i = 0; i < m; i++) {
    float *y = out + i * b;
    const float *p = x + index[start[i]] * b;
    float w = weight[start[i]];
    SIMD for (int64_t j = 0; j < b; j++) y[j] = w * p[j];
    for (int64_t t = start[i] + 1; t < start[i + 1]; t++) {
      p = x + index[t] * b;
      w = weight[t];
      SIMD for (int64_t j = 0; j < b; j++) y[j] += w * p[j];
    }
  }
}

INLINE void resample_back_as(const float *dy, const int64_t *start, const int32_t *index, const float *weight,
                             int64_t m, int64_t b, float *dx)
{
  for (int64_t i = 0; i < m; i++)
    for (int64_t t = start[i]; t < start[i + 1]; t++) {
      float w = weight[t], *to = dx + index[t] * b;
      SIMD for (int64_t j = 0; j < b; j++) to[j] += w * dy[i * b + j];
    }
}

static void resample(const float *x, const int64_t *start, const int32_t *index, const float *weight,
                     int64_t m, int64_t b, float *out)
{
  CHOOSE(resample, resample_as(x, start, index, weight, m, 8, out),
         resample_as(x, start, index, weight, m, 16, out), resample_as(x, start, index, weight, m, b, out))
}

static void resample_back(const float *dy, const int64_t *start, const int32_t *index, const float *weight,
                          int64_t m, int64_t b, float *dx)
{
  CHOOSE(back, resample_back_as(dy, start, index, weight, m, 8, dx),
         resample_back_as(dy, start, index, weight, m, 16, dx),
         resample_back_as(dy, start, index, weight, m, b, dx))
}

const struct vt__fast VT_FAST = {
    .act = act,
    .act_grad = act_grad,
    .unary = unary,
    .binary = binary,
    .binary_lane = binary_lane,
    .sum = sum,
    .max = max,
    .exp_sum = exp_sum,
    .axpy = axpy,
    .scale = scale,
    .dot = dot,
    .lane_sum = lane_sum,
    .moments = moments,
    .moments_grad = moments_grad,
    .affine = affine,
    .affine2 = affine2,
    .momentum = momentum,
    .adam = adam,
    .blend = blend,
    .resample = resample,
    .resample_back = resample_back,
};
