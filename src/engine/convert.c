/* Conversion between number formats.
 *
 * Anything to anything goes through blocks of double (floats) or int64 (integers); the pairs that matter for
 * speed (f32 with bf16 and f16) have loops of their own. Rules, which are those of ONNX's Cast: to a narrower
 * float rounds to nearest even; float to integer truncates towards zero and saturates (NaN gives 0); integer
 * to a narrower integer keeps the low bits; to bool is "not zero". */
#include <math.h>
#include <string.h>
#include "engine/tensor.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { BLOCK = 512 };

static inline uint32_t bits_of(float f)
{
  uint32_t u;
  memcpy(&u, &f, 4);
  return u;
}

static inline float float_of(uint32_t u)
{
  float f;
  memcpy(&f, &u, 4);
  return f;
}

static inline uint16_t to_bf16(float f)
{
  uint32_t u = bits_of(f), rounded = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
  bool nan = (u & 0x7fffffffu) > 0x7f800000u;
  return (uint16_t)(nan ? (u >> 16) | 0x40u : rounded);
}

uint16_t vt_f32_to_bf16(float f)
{
  return to_bf16(f);
}
float vt_bf16_to_f32(uint16_t h)
{
  return float_of((uint32_t)h << 16);
}

uint16_t vt_f32_to_f16(float f)
{
  uint32_t u = bits_of(f), sign = (u >> 16) & 0x8000u, a = u & 0x7fffffffu;
  if (a > 0x7f800000u) return (uint16_t)(sign | 0x7e00u | ((a >> 13) & 0x3ffu)); /* NaN, made quiet */
  if (a >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u);                       /* rounds to 65536 or more */
  if (a <
      0x38800000u) { /* subnormal: adding 0.5 leaves the last 10 bits in units of 2^-24, rounded by the FPU */
    float r = float_of(a) + 0.5f;
    return (uint16_t)(sign | (bits_of(r) - 0x3f000000u));
  }
  uint32_t r = a + 0xfffu + ((a >> 13) & 1u) - ((127u - 15u) << 23);
  return (uint16_t)(sign | (r >> 13));
}

float vt_f16_to_f32(uint16_t h)
{
  uint32_t sign = (uint32_t)(h & 0x8000u) << 16, e = (h >> 10) & 31u, m = h & 0x3ffu;
  if (e == 31) return float_of(sign | 0x7f800000u | (m ? 0x400000u | (m << 13) : 0));
  if (e) return float_of(sign | ((e + 112u) << 23) | (m << 13));
  float f = (float)m * 0x1p-24f;
  return float_of(sign | bits_of(f));
}

static void bf16_from_f32(const float *in, uint16_t *out, int64_t n)
{
  for (int64_t i = 0; i < n; i++) out[i] = to_bf16(in[i]);
}

static void f32_from_bf16(const uint16_t *in, float *out, int64_t n)
{
  for (int64_t i = 0; i < n; i++) out[i] = float_of((uint32_t)in[i] << 16);
}

#if defined(__x86_64__)
__attribute__((target("avx2,f16c"))) static int64_t f16_from_f32_avx2(const float *in, uint16_t *out,
                                                                      int64_t n)
{
  int64_t i = 0;
  for (; i + 8 <= n; i += 8)
    _mm_storeu_si128((__m128i *)(out + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(in + i), _MM_FROUND_TO_NEAREST_INT));
  return i;
}

__attribute__((target("avx2,f16c"))) static int64_t f32_from_f16_avx2(const uint16_t *in, float *out,
                                                                      int64_t n)
{
  int64_t i = 0;
  for (; i + 8 <= n; i += 8)
    _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(in + i))));
  return i;
}
#endif

static void f16_from_f32(const float *in, uint16_t *out, int64_t n)
{
  int64_t i = 0;
#if defined(__x86_64__)
  if (n >= 8 && vt_isa() >= VT_ISA_AVX2) i = f16_from_f32_avx2(in, out, n);
#endif
  for (; i < n; i++) out[i] = vt_f32_to_f16(in[i]);
}

static void f32_from_f16(const uint16_t *in, float *out, int64_t n)
{
  int64_t i = 0;
#if defined(__x86_64__)
  if (n >= 8 && vt_isa() >= VT_ISA_AVX2) i = f32_from_f16_avx2(in, out, n);
#endif
  for (; i < n; i++) out[i] = vt_f16_to_f32(in[i]);
}

/* double to float rounded to odd: a later rounding to fewer bits then gives what one rounding would have. */
static float narrow_odd(double d)
{
  float f = (float)d;
  if (isnan(d) || isinf(f) || (double)f == d || (bits_of(f) & 1u)) return f;
  bool up = (double)f < d; /* f was rounded down */
  bool away = up == (d > 0);
  return float_of(away ? bits_of(f) + 1u : bits_of(f) - 1u);
}

static void to_double(enum vt_dtype t, const void *in, double *out, int n)
{
#define FROM(T)                                                                                              \
  for (int i = 0; i < n; i++) out[i] = (double)((const T *)in)[i];                                           \
  break
  switch (t) {
  case VT_F32: FROM(float);
  case VT_F64: FROM(double);
  case VT_F16:
    for (int i = 0; i < n; i++) out[i] = (double)vt_f16_to_f32(((const uint16_t *)in)[i]);
    break;
  case VT_BF16:
    for (int i = 0; i < n; i++) out[i] = (double)vt_bf16_to_f32(((const uint16_t *)in)[i]);
    break;
  default: memset(out, 0, (size_t)n * sizeof *out);
  }
#undef FROM
}

static void to_int(enum vt_dtype t, const void *in, int64_t *out, int n)
{
#define FROM(T)                                                                                              \
  for (int i = 0; i < n; i++) out[i] = (int64_t)((const T *)in)[i];                                          \
  break
  switch (t) {
  case VT_U8: FROM(uint8_t);
  case VT_I8: FROM(int8_t);
  case VT_U16: FROM(uint16_t);
  case VT_I16: FROM(int16_t);
  case VT_U32: FROM(uint32_t);
  case VT_I32: FROM(int32_t);
  case VT_I64: FROM(int64_t);
  case VT_U64: FROM(uint64_t);
  case VT_BOOL:
    for (int i = 0; i < n; i++) out[i] = ((const uint8_t *)in)[i] != 0;
    break;
  default: memset(out, 0, (size_t)n * sizeof *out);
  }
#undef FROM
}

static void from_double(enum vt_dtype t, const double *in, void *out, int n)
{
/* lo is exact in double; hi1 = largest value + 1, exact too */
#define TO(T, lo, hi1, hi)                                                                                   \
  for (int i = 0; i < n; i++)                                                                                \
    ((T *)out)[i] = isnan(in[i]) ? 0 : in[i] <= (lo) ? (T)(lo) : in[i] >= (hi1) ? (hi) : (T)in[i];           \
  break
  switch (t) {
  case VT_F32:
    for (int i = 0; i < n; i++) ((float *)out)[i] = (float)in[i];
    break;
  case VT_F64: memcpy(out, in, (size_t)n * sizeof *in); break;
  case VT_F16:
    for (int i = 0; i < n; i++) ((uint16_t *)out)[i] = vt_f32_to_f16(narrow_odd(in[i]));
    break;
  case VT_BF16:
    for (int i = 0; i < n; i++) ((uint16_t *)out)[i] = vt_f32_to_bf16(narrow_odd(in[i]));
    break;
  case VT_U8: TO(uint8_t, 0.0, 256.0, UINT8_MAX);
  case VT_I8: TO(int8_t, -128.0, 128.0, INT8_MAX);
  case VT_U16: TO(uint16_t, 0.0, 65536.0, UINT16_MAX);
  case VT_I16: TO(int16_t, -32768.0, 32768.0, INT16_MAX);
  case VT_U32: TO(uint32_t, 0.0, 0x1p32, UINT32_MAX);
  case VT_I32: TO(int32_t, -0x1p31, 0x1p31, INT32_MAX);
  case VT_U64: TO(uint64_t, 0.0, 0x1p64, UINT64_MAX);
  case VT_I64: TO(int64_t, -0x1p63, 0x1p63, INT64_MAX);
  case VT_BOOL:
    for (int i = 0; i < n; i++) ((uint8_t *)out)[i] = in[i] != 0;
    break;
  default: break;
  }
#undef TO
}

static void from_int(enum vt_dtype t, const int64_t *in, bool is_u64, void *out, int n)
{
#define TO(T)                                                                                                \
  for (int i = 0; i < n; i++) ((T *)out)[i] = (T)in[i];                                                      \
  break
#define TOF(T)                                                                                               \
  for (int i = 0; i < n; i++) ((T *)out)[i] = is_u64 ? (T)(uint64_t)in[i] : (T)in[i];                        \
  break
  switch (t) {
  case VT_U8: TO(uint8_t);
  case VT_I8: TO(int8_t);
  case VT_U16: TO(uint16_t);
  case VT_I16: TO(int16_t);
  case VT_U32: TO(uint32_t);
  case VT_I32: TO(int32_t);
  case VT_U64: TO(uint64_t);
  case VT_I64: TO(int64_t);
  case VT_F32: TOF(float);
  case VT_F64: TOF(double);
  case VT_BOOL:
    for (int i = 0; i < n; i++) ((uint8_t *)out)[i] = in[i] != 0;
    break;
  case VT_F16:
  case VT_BF16:
    for (int i = 0; i < n; i++) {
      double d = is_u64 ? (double)(uint64_t)in[i] : (double)in[i];
      from_double(t, &d, (uint16_t *)out + i, 1);
    }
    break;
  default: break;
  }
#undef TO
#undef TOF
}

void vt_convert(enum vt_dtype from, const void *in, enum vt_dtype to, void *out, int64_t n)
{
  size_t fs = vt_dtype_size(from), ts = vt_dtype_size(to);
  if (n <= 0 || !fs || !ts) return;
  if (from == to) {
    memmove(out, in, (size_t)n * fs);
  } else if (from == VT_F32 && to == VT_BF16) {
    bf16_from_f32(in, out, n);
  } else if (from == VT_BF16 && to == VT_F32) {
    f32_from_bf16(in, out, n);
  } else if (from == VT_F32 && to == VT_F16) {
    f16_from_f32(in, out, n);
  } else if (from == VT_F16 && to == VT_F32) {
    f32_from_f16(in, out, n);
  } else {
    union {
      double d[BLOCK];
      int64_t i[BLOCK];
    } b;
    bool is_float = vt_dtype_is_float(from);
    for (int64_t at = 0; at < n; at += BLOCK) {
      int m = (int)VT_MIN(n - at, BLOCK);
      const char *src = (const char *)in + (size_t)at * fs;
      char *dst = (char *)out + (size_t)at * ts;
      if (is_float) {
        to_double(from, src, b.d, m);
        from_double(to, b.d, dst, m);
      } else {
        to_int(from, src, b.i, m);
        from_int(to, b.i, from == VT_U64, dst, m);
      }
    }
  }
}
