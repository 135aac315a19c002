/* The resize's two passes for AVX2: 16-bit weights, two products per multiply-add (vpmaddwd).
 *
 * Weights are cut from 22 to as many fraction bits as keep the largest within 16 bits (14 to 15 in practice
 * for enlarging, more for shrinking) and their sum is set right again on the largest, so flat areas stay
 * exact. Compiled for AVX2 by function attribute, chosen at run time by vt_isa(). */
#include <string.h>
#include "image/resize.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

struct narrow { /* 16-bit copies of the weights, each list padded with zeros to an even count */
  int bits, size;
  int16_t *w;
};

static bool narrow_weights(struct narrow *n, const struct vt__taps *t)
{
  int32_t most = 1;
  for (size_t i = 0; i < (size_t)t->n * (size_t)t->size; i++) {
    int32_t a = t->weight[i] < 0 ? -t->weight[i] : t->weight[i];
    most = VT_MAX(most, a);
  }
  int bits = 22;
  while (bits > 1 && most >> (22 - bits) > 32000) bits--;
  *n = (struct narrow){.bits = bits, .size = (t->size + 1) & ~1};
  n->w = vt_calloc((size_t)t->n, (size_t)n->size * sizeof(*n->w));
  if (!n->w) return false;
  for (int i = 0; i < t->n; i++) {
    const int32_t *from = t->weight + (size_t)i * (size_t)t->size;
    int16_t *to = n->w + (size_t)i * (size_t)n->size;
    int sum = 0, top = 0, half = (1 << (22 - bits)) >> 1;
    for (int k = 0; k < t->count[i]; k++) {
      to[k] = (int16_t)((from[k] + half) >> (22 - bits));
      sum += to[k];
      if (to[k] > to[top]) top = k;
    }
    to[top] = (int16_t)(to[top] + (1 << bits) - sum);
  }
  return true;
}

/* 16 bytes of the output row: pairs of rows, interleaved to 16 bits, times pairs of weights. */
AVX2 static void down_16(uint8_t *to, const uint8_t *in, int64_t stride, const int16_t *w, int count,
                         int bits)
{
  __m256i half = _mm256_set1_epi32(1 << (bits - 1)), lo = half, hi = half;
  int k = 0;
  for (; k < count; k += 2) {
    const uint8_t *row = in + k * stride;
    __m256i a = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)row));
    __m256i b = k + 1 < count ? _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(row + stride)))
                              : _mm256_setzero_si256();
    __m256i ww = _mm256_set1_epi32((int32_t)((uint16_t)w[k] | (uint32_t)(uint16_t)w[k + 1] << 16));
    lo = _mm256_add_epi32(lo, _mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), ww));
    hi = _mm256_add_epi32(hi, _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), ww));
  }
  __m128i shift = _mm_cvtsi32_si128(bits);
  __m256i v = _mm256_packs_epi32(_mm256_sra_epi32(lo, shift), _mm256_sra_epi32(hi, shift));
  v = _mm256_packus_epi16(v, v);
  v = _mm256_permute4x64_epi64(v, 0x08);
  _mm_storeu_si128((__m128i *)to, _mm256_castsi256_si128(v));
}

AVX2 static void down_row(uint8_t *to, const uint8_t *in, int64_t stride, int n, const int16_t *w, int count,
                          int bits)
{
  int x = 0;
  for (; x + 16 <= n; x += 16) down_16(to + x, in + x, stride, w, count, bits);
  if (x < n && n >= 16) {
    down_16(to + n - 16, in + n - 16, stride, w, count, bits);
    return;
  }
  for (; x < n; x++) {
    int sum = 1 << (bits - 1);
    for (int k = 0; k < count; k++) sum += w[k] * in[k * stride + x];
    sum >>= bits;
    to[x] = (uint8_t)VT_CLAMP(sum, 0, 255);
  }
}

bool vt__resize_down(struct vt_image *out, const struct vt_image *in, int y0, const struct vt__taps *t)
{
  struct narrow n;
  if (vt_isa() < VT_ISA_AVX2 || !narrow_weights(&n, t)) return false;
  for (int y = 0; y < out->height; y++)
    down_row(out->px + y * out->stride, in->px + (t->first[y] - y0) * in->stride, in->stride,
             out->width * out->channels, n.w + (size_t)y * (size_t)n.size, t->count[y], n.bits);
  vt_free(n.w);
  return true;
}

/* RGB of four rows at once: row r's pixel pair k, k + 1 sits in 8 of the 32 16-bit places as r r g g b b 0 0,
 * so one multiply-add handles two taps of three channels. `rows` pointers differ; each row must have 8
 * readable bytes from the last pair on, which the caller sees to. */
AVX2 static inline __m128i pair_of(const uint8_t *p)
{
  const __m128i order = _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1);
  return _mm_shuffle_epi8(_mm_loadl_epi64((const __m128i *)p), order);
}

AVX2 static void across_3(uint8_t *out, int64_t out_stride, const uint8_t *in, int64_t in_stride, bool two,
                          const struct vt__taps *t, const struct narrow *n)
{
  const __m128i shift = _mm_cvtsi32_si128(n->bits);
  const __m256i half = _mm256_set1_epi32(1 << (n->bits - 1));
  const int64_t next = two ? in_stride : 0;
  for (int i = 0; i < t->n; i++) {
    const int16_t *w = n->w + (size_t)i * (size_t)n->size;
    const uint8_t *p = in + (size_t)t->first[i] * 3;
    __m256i sum = half;
    for (int k = 0; k < t->count[i]; k += 2, p += 6) {
      __m256i v = _mm256_inserti128_si256(_mm256_castsi128_si256(pair_of(p)), pair_of(p + next), 1);
      int32_t ww;
      memcpy(&ww, w + k, 4);
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(v, _mm256_set1_epi32(ww)));
    }
    __m256i v = _mm256_packs_epi32(_mm256_sra_epi32(sum, shift), _mm256_setzero_si256());
    v = _mm256_packus_epi16(v, v);
    uint32_t a = (uint32_t)_mm_cvtsi128_si32(_mm256_castsi256_si128(v));
    uint32_t b = (uint32_t)_mm_cvtsi128_si32(_mm256_extracti128_si256(v, 1));
    memcpy(out + (size_t)i * 3, &a, 3);
    if (two) memcpy(out + out_stride + (size_t)i * 3, &b, 3);
  }
}

/* The last pair's 8 bytes go BEYOND the row: rows that have not as many behind them are done from a padded
 * copy. */
enum { BEYOND = 5 };

bool vt__resize_across(struct vt_image *out, const struct vt_image *in, int y0, const struct vt__taps *t)
{
  struct narrow n = {0};
  if (in->channels != 3 || vt_isa() < VT_ISA_AVX2) return false;
  size_t row = (size_t)in->width * 3;
  uint8_t *last = vt_calloc(1, row + 16);
  if (!last || !narrow_weights(&n, t)) {
    vt_free(last);
    return false;
  }
  int y = 0, inside = out->height - (in->stride < BEYOND ? 2 : 1);
  for (; y + 2 <= inside; y += 2)
    across_3(out->px + y * out->stride, out->stride, in->px + (y0 + y) * in->stride, in->stride, true, t, &n);
  for (; y < out->height; y++) {
    memcpy(last, in->px + (y0 + y) * in->stride, row);
    across_3(out->px + y * out->stride, out->stride, last, 0, false, t, &n);
  }
  vt_free(last);
  vt_free(n.w);
  return true;
}

#else

bool vt__resize_down(struct vt_image *out, const struct vt_image *in, int y0, const struct vt__taps *t)
{
  return false;
}

bool vt__resize_across(struct vt_image *out, const struct vt_image *in, int y0, const struct vt__taps *t)
{
  return false;
}

#endif
