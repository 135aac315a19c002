/* Inside the mask module: 64 pixels as the bits of a word, and blocks of 64 x 64 of them. Bit k is pixel k.
 * The SSE2 forms, which every x86-64 has, and the plain ones give the same. */
#ifndef VT_MASK_BLOCK_H
#define VT_MASK_BLOCK_H

#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { VT__BLOCK = 64 };

/* Squares of j x j bits on one side of the diagonal change places with those on the other. j is a constant.
 */
static inline __attribute__((always_inline)) void vt__turn_step(uint64_t w[VT__BLOCK], const int j,
                                                                uint64_t low)
{
  for (int at = 0; at < VT__BLOCK; at += 2 * j)
    for (int k = at; k < at + j; k++) {
      const uint64_t t = (w[k] >> j ^ w[k + j]) & low;
      w[k] ^= t << j;
      w[k + j] ^= t;
    }
}

/* Rows become columns (Warren, "Hacker's Delight", 7-3). */
static inline void vt__turn64(uint64_t w[VT__BLOCK])
{
  vt__turn_step(w, 32, 0x00000000FFFFFFFFu);
  vt__turn_step(w, 16, 0x0000FFFF0000FFFFu);
  vt__turn_step(w, 8, 0x00FF00FF00FF00FFu);
  vt__turn_step(w, 4, 0x0F0F0F0F0F0F0F0Fu);
  vt__turn_step(w, 2, 0x3333333333333333u);
  vt__turn_step(w, 1, 0x5555555555555555u);
}

/* How many bits are set: not every x86-64 has an instruction for it. */
static inline int vt__count64(uint64_t v)
{
  const uint64_t fives = 0x5555555555555555u, threes = 0x3333333333333333u, ones = 0x0101010101010101u;
  v -= v >> 1 & fives;
  v = (v & threes) + (v >> 2 & threes);
  return (int)(((v + (v >> 4)) & 15 * ones) * ones >> 56);
}

/* Where px equals value. */
static inline uint64_t vt__equal64_plain(const uint8_t *px, uint8_t value)
{
  const uint64_t ones = 0x0101010101010101u;
  uint64_t out = 0;
  for (int k = 0; k < 8; k++) {
    uint64_t v;
    memcpy(&v, px + 8 * k, 8);
    v ^= value * ones;
    const uint64_t differs =
        (((v & 0x7F * ones) + 0x7F * ones) | v) >> 7 & ones; /* 1 in each byte that is not 0 */
    out |= ((ones ^ differs) * 0x0102040810204080u >> 56) << 8 * k;
  }
  return out;
}

/* Eight bits to eight bytes, 0 or 255: bit k is kept in byte k only, then spread over it. */
static inline uint64_t vt__spread8(uint64_t byte)
{
  const uint64_t ones = 0x0101010101010101u, one_each = 0x8040201008040201u;
  uint64_t t = (byte * ones) & one_each;
  return ((((t + 0x7F * ones) | t) >> 7) & ones) * 255;
}

/* px = value where bits are set. */
static inline void vt__set64_plain(uint8_t *px, uint64_t bits, uint8_t value)
{
  const uint64_t pattern = value * (uint64_t)0x0101010101010101u;
  for (int k = 0; k < 8 && bits; k++, bits >>= 8) {
    uint64_t old, where = vt__spread8(bits & 255);
    memcpy(&old, px + 8 * k, 8);
    old = (old & ~where) | (pattern & where);
    memcpy(px + 8 * k, &old, 8);
  }
}

#ifdef __SSE2__
static inline uint64_t vt__equal64(const uint8_t *px, uint8_t value)
{
  const __m128i v = _mm_set1_epi8((char)value);
  uint64_t out = 0;
  for (int k = 0; k < 4; k++) {
    const __m128i same = _mm_cmpeq_epi8(_mm_loadu_si128((const void *)(px + 16 * k)), v);
    out |= (uint64_t)(uint32_t)_mm_movemask_epi8(same) << 16 * k;
  }
  return out;
}

static inline void vt__set64(uint8_t *px, uint64_t bits, uint8_t value)
{
  const __m128i bit = _mm_set1_epi64x((long long)0x8040201008040201u), v = _mm_set1_epi8((char)value);
  for (int k = 0; k < 4; k++, bits >>= 16) {
    __m128i w = _mm_cvtsi32_si128((int)(bits & 0xFFFF)), old = _mm_loadu_si128((const void *)(px + 16 * k));
    w = _mm_shufflelo_epi16(_mm_unpacklo_epi8(w, w), 0x50); /* low byte four times, high byte four times */
    w = _mm_shuffle_epi32(w, 0x50);                         /* eight times each */
    w = _mm_cmpeq_epi8(_mm_and_si128(w, bit), bit);
    old = _mm_or_si128(_mm_andnot_si128(w, old), _mm_and_si128(w, v));
    _mm_storeu_si128((void *)(px + 16 * k), old);
  }
}
#else
#define vt__equal64 vt__equal64_plain
#define vt__set64   vt__set64_plain
#endif

#endif
