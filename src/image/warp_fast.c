/* The warp's loops for AVX2, bit for bit those of warp.c: positions four at a time, and an RGB pixel at once.
 * Compiled for AVX2 by function attribute, chosen at run time by vt_isa(). */
#include "image/warp.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

/* Whole numbers of v, -1 where v is below 0 or no number. */
AVX2 static inline void store_positions(int32_t *to, __m256d v)
{
  const __m256d inside = _mm256_cmp_pd(v, _mm256_setzero_pd(), _CMP_GE_OQ);
  v = _mm256_min_pd(v, _mm256_set1_pd(1 << 30));
  v = _mm256_blendv_pd(_mm256_set1_pd(-1), v, inside);
  _mm_storeu_si128((__m128i *)to, _mm256_cvttpd_epi32(v));
}

AVX2 static void positions(const struct vt__warp_line *l, int i0, double shift, double scale, int32_t *x,
                           int32_t *y)
{
  const __m256d dx = _mm256_set1_pd(l->dx), dy = _mm256_set1_pd(l->dy), dw = _mm256_set1_pd(l->dw),
                four = _mm256_set1_pd(4), s = _mm256_set1_pd(shift), m = _mm256_set1_pd(scale),
                x0 = _mm256_set1_pd(l->x), y0 = _mm256_set1_pd(l->y), w0 = _mm256_set1_pd(l->w);
  const bool affine = l->dw == 0 && l->w == 1;
  __m256d k = _mm256_add_pd(_mm256_set1_pd(i0), _mm256_setr_pd(0, 1, 2, 3));
  for (int i = 0; i < VT__WARP_CHUNK; i += 4, k = _mm256_add_pd(k, four)) {
    __m256d px = _mm256_add_pd(x0, _mm256_mul_pd(k, dx)), py = _mm256_add_pd(y0, _mm256_mul_pd(k, dy));
    if (!affine) {
      const __m256d w = _mm256_add_pd(w0, _mm256_mul_pd(k, dw)), none = _mm256_set1_pd(-2),
                    front = _mm256_cmp_pd(w, _mm256_setzero_pd(), _CMP_GT_OQ);
      px = _mm256_blendv_pd(none, _mm256_div_pd(px, w), front);
      py = _mm256_blendv_pd(none, _mm256_div_pd(py, w), front);
    }
    store_positions(x + i, _mm256_mul_pd(_mm256_add_pd(px, s), m));
    store_positions(y + i, _mm256_mul_pd(_mm256_add_pd(py, s), m));
  }
}

bool vt__warp_positions_fast(const struct vt__warp_line *l, int i0, double shift, double scale, int32_t *x,
                             int32_t *y)
{
  if (vt_isa() < VT_ISA_AVX2) return false;
  positions(l, i0, shift, scale, x, y);
  return true;
}

/* p: 8 readable bytes from the left pixel on, q: those below. Pairs of rows as 16 bits times their weights,
 * then both columns: r g b r' g' b' . . */
AVX2 static inline uint32_t between(const uint8_t *p, const uint8_t *q, int fx, int fy)
{
  const __m128i rows =
      _mm_unpacklo_epi8(_mm_loadl_epi64((const __m128i *)p), _mm_loadl_epi64((const __m128i *)q));
  const __m256i down =
      _mm256_madd_epi16(_mm256_cvtepu8_epi16(rows), _mm256_set1_epi32(256 - fy + fy * 65536));
  const __m256i weight = _mm256_blend_epi32(_mm256_set1_epi32(256 - fx), _mm256_set1_epi32(fx), 0x38);
  const __m256i across = _mm256_mullo_epi32(down, weight);
  const __m256i other = _mm256_permutevar8x32_epi32(across, _mm256_setr_epi32(3, 4, 5, 5, 5, 5, 5, 5));
  const __m128i sum =
      _mm_add_epi32(_mm256_castsi256_si128(_mm256_add_epi32(across, other)), _mm_set1_epi32(32768));
  const __m128i third = _mm_setr_epi8(2, 6, 10, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
  return (uint32_t)_mm_cvtsi128_si32(_mm_shuffle_epi8(sum, third)); /* the bytes of value >> 16 */
}

AVX2 static void pixels(uint8_t *to, const struct vt_image *im, int n, const int32_t *ix, const int32_t *iy,
                        const uint8_t *fill)
{
  const uint32_t columns = (uint32_t)VT_MAX(im->width - 1, 0), rows = (uint32_t)VT_MAX(im->height - 1, 0);
  for (int i = 0; i < n; i++, to += 3) {
    const int x = (ix[i] >> 8) - 1, y = (iy[i] >> 8) - 1;
    /* Eight bytes are read where six are needed: not at the very end of the picture. */
    const bool plain =
        (uint32_t)x >= columns || (uint32_t)y >= rows || (y + 2 == im->height && x + 3 > im->width);
    if (plain) {
      vt__warp_pixel(to, im, ix[i], iy[i], fill);
      continue;
    }
    const uint8_t *p = im->px + y * im->stride + (int64_t)x * 3;
    const uint32_t v = between(p, p + im->stride, ix[i] & 255, iy[i] & 255);
    memcpy(to, &v, 3);
  }
}

bool vt__warp_pixels_fast(uint8_t *to, const struct vt_image *im, int n, const int32_t *ix, const int32_t *iy,
                          const uint8_t *fill)
{
  if (im->channels != 3 || vt_isa() < VT_ISA_AVX2) return false;
  pixels(to, im, n, ix, iy, fill);
  return true;
}

#else

bool vt__warp_positions_fast(const struct vt__warp_line *l, int i0, double shift, double scale, int32_t *x,
                             int32_t *y)
{
  return false;
}

bool vt__warp_pixels_fast(uint8_t *to, const struct vt_image *im, int n, const int32_t *ix, const int32_t *iy,
                          const uint8_t *fill)
{
  return false;
}

#endif
