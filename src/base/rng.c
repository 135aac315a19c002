/* xoshiro256**, splitmix64 (Vigna, prng.di.unimi.it) and XXH3 hashes. */
#include "base/base.h"

#include <math.h>
#include <stdio.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

static uint64_t splitmix(uint64_t *x)
{
  uint64_t z = (*x += 0x9E3779B97F4A7C15u);
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
  z = (z ^ z >> 27) * 0x94D049BB133111EBu;
  return z ^ z >> 31;
}

void vt_rng_init(struct vt_rng *r, uint64_t seed, uint64_t stream, uint64_t substream)
{
  uint64_t x = seed;
  x = splitmix(&x) ^ stream;
  x = splitmix(&x) ^ substream;
  for (int i = 0; i < 4; i++) r->s[i] = splitmix(&x);
}

static uint64_t rotl(uint64_t x, int k)
{
  return x << k | x >> (64 - k);
}

uint64_t vt_rng_u64(struct vt_rng *r)
{
  uint64_t *s = r->s, result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;
  s[2] ^= s[0];
  s[3] ^= s[1];
  s[1] ^= s[2];
  s[0] ^= s[3];
  s[2] ^= t;
  s[3] = rotl(s[3], 45);
  return result;
}

/* Lemire 2019, "Fast random integer generation in an interval". */
uint32_t vt_rng_below(struct vt_rng *r, uint32_t n)
{
  uint64_t m = (vt_rng_u64(r) >> 32) * n;
  if ((uint32_t)m < n)
    for (uint32_t t = (uint32_t)-n % n; (uint32_t)m < t;) m = (vt_rng_u64(r) >> 32) * n;
  return (uint32_t)(m >> 32);
}

double vt_rng_unit(struct vt_rng *r)
{
  return (double)(vt_rng_u64(r) >> 11) * 0x1p-53;
}

float vt_rng_range(struct vt_rng *r, float lo, float hi)
{
  return lo + (hi - lo) * (float)vt_rng_unit(r);
}

float vt_rng_normal(struct vt_rng *r)
{
  double u = 1 - vt_rng_unit(r), v = vt_rng_unit(r);
  return (float)(sqrt(-2 * log(u)) * cos(6.283185307179586 * v));
}

void vt_rng_shuffle(struct vt_rng *r, int64_t *v, int64_t n)
{
  for (int64_t i = n - 1; i > 0; i--) {
    int64_t j = vt_rng_below(r, (uint32_t)(i + 1)), t = v[i];
    v[i] = v[j];
    v[j] = t;
  }
}

void vt_hash_hex(const void *data, uint64_t len, char out[33])
{
  XXH128_hash_t h = XXH3_128bits(data, len);
  snprintf(out, 33, "%016llx%016llx", (unsigned long long)h.high64, (unsigned long long)h.low64);
}

uint64_t vt_hash64(const void *data, uint64_t len)
{
  return XXH3_64bits(data, len);
}
