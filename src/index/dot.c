/* Dot products of packed rows with one query, in three variants chosen at run time.
 *
 * One query against N rows is bound by memory: each variant streams four rows at a time, so that as many
 * lines are in flight as the core can track, and keeps every row's additions in one fixed order whether the
 * row is one of a block of four or of the remainder. */
#include "index/dot.h"
#include "base/base.h"

enum { LANES = 8 };

/* Eight partial sums, folded pairwise: the order that the compiler may map on any vector unit. */
static float dot_row_c(const float *restrict a, const float *restrict q, int dim)
{
  float s[LANES] = {0};
  int d = 0;
  for (; d + LANES <= dim; d += LANES)
    for (int l = 0; l < LANES; l++) s[l] += a[d + l] * q[d + l];
  for (int l = 0; d < dim; d++, l++) s[l] += a[d] * q[d];
  return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

static void dot_c(const float *rows, int64_t n, int dim, const float *q, float *out)
{
  for (int64_t i = 0; i < n; i++) out[i] = dot_row_c(rows + i * dim, q, dim);
}

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx2,fma"))) static float sum8(__m256 a, __m256 b)
{
  __m256 s = _mm256_add_ps(a, b);
  __m128 v = _mm_add_ps(_mm256_castps256_ps128(s), _mm256_extractf128_ps(s, 1));
  v = _mm_add_ps(v, _mm_movehl_ps(v, v));
  return _mm_cvtss_f32(_mm_add_ss(v, _mm_movehdup_ps(v)));
}

__attribute__((target("avx2,fma"))) static float tail(const float *a, const float *q, int from, int dim,
                                                      float s)
{
  for (int d = from; d < dim; d++) s += a[d] * q[d];
  return s;
}

/* R rows at once, two accumulators each. */
__attribute__((target("avx2,fma"), always_inline)) static inline void
avx2_rows(const float *a, int dim, const float *q, float *out, int R)
{
  __m256 s[4][2];
  for (int r = 0; r < R; r++) s[r][0] = s[r][1] = _mm256_setzero_ps();
  int d = 0;
  for (; d + 16 <= dim; d += 16) {
    __m256 q0 = _mm256_loadu_ps(q + d), q1 = _mm256_loadu_ps(q + d + 8);
    for (int r = 0; r < R; r++) {
      const float *row = a + (int64_t)r * dim + d;
      s[r][0] = _mm256_fmadd_ps(_mm256_loadu_ps(row), q0, s[r][0]);
      s[r][1] = _mm256_fmadd_ps(_mm256_loadu_ps(row + 8), q1, s[r][1]);
    }
  }
  for (int r = 0; r < R; r++) out[r] = tail(a + (int64_t)r * dim, q, d, dim, sum8(s[r][0], s[r][1]));
}

__attribute__((target("avx2,fma"))) static void dot_avx2(const float *rows, int64_t n, int dim,
                                                         const float *q, float *out)
{
  int64_t i = 0;
  for (; i + 4 <= n; i += 4) avx2_rows(rows + i * dim, dim, q, out + i, 4);
  for (; i < n; i++) avx2_rows(rows + i * dim, dim, q, out + i, 1);
}

__attribute__((target("avx512f,avx2,fma"), always_inline)) static inline void
avx512_rows(const float *a, int dim, const float *q, float *out, int R)
{
  __m512 s[4][2];
  for (int r = 0; r < R; r++) s[r][0] = s[r][1] = _mm512_setzero_ps();
  int d = 0;
  for (; d + 32 <= dim; d += 32) {
    __m512 q0 = _mm512_loadu_ps(q + d), q1 = _mm512_loadu_ps(q + d + 16);
    for (int r = 0; r < R; r++) {
      const float *row = a + (int64_t)r * dim + d;
      s[r][0] = _mm512_fmadd_ps(_mm512_loadu_ps(row), q0, s[r][0]);
      s[r][1] = _mm512_fmadd_ps(_mm512_loadu_ps(row + 16), q1, s[r][1]);
    }
  }
  for (int r = 0; r < R; r++)
    out[r] = tail(a + (int64_t)r * dim, q, d, dim, _mm512_reduce_add_ps(_mm512_add_ps(s[r][0], s[r][1])));
}

__attribute__((target("avx512f,avx2,fma"))) static void dot_avx512(const float *rows, int64_t n, int dim,
                                                                   const float *q, float *out)
{
  int64_t i = 0;
  for (; i + 4 <= n; i += 4) avx512_rows(rows + i * dim, dim, q, out + i, 4);
  for (; i < n; i++) avx512_rows(rows + i * dim, dim, q, out + i, 1);
}

vt__dot_fn *vt__dot_select(void)
{
  enum vt_isa isa = vt_isa();
  return isa >= VT_ISA_AVX512 ? dot_avx512 : isa >= VT_ISA_AVX2 ? dot_avx2 : dot_c;
}
#else
vt__dot_fn *vt__dot_select(void)
{
  return dot_c;
}
#endif
