/* Random numbers: xoshiro256** (Blackman, Vigna 2018), seeded through splitmix64. Same seed, same numbers, on
 * every machine. Confined. */
#ifndef VT_BASE_RNG_H
#define VT_BASE_RNG_H

#include <stdint.h>

struct vt_rng {
  uint64_t s[4];
};
/* The stream is fixed by all three numbers: (seed, epoch, sample) gives each sample its own, whatever the
 * threads. */
void vt_rng_init(struct vt_rng *r, uint64_t seed, uint64_t stream, uint64_t substream);
uint64_t vt_rng_u64(struct vt_rng *r);
uint32_t vt_rng_below(struct vt_rng *r, uint32_t n); /* uniform in [0, n), n > 0, unbiased */
double vt_rng_unit(struct vt_rng *r);                /* uniform in [0, 1) */
float vt_rng_range(struct vt_rng *r, float lo, float hi);
float vt_rng_normal(struct vt_rng *r); /* mean 0, variance 1 (Box-Muller, no cached half) */
void vt_rng_shuffle(struct vt_rng *r, int64_t *v, int64_t n); /* Fisher-Yates */

/* 128-bit content hash (XXH3) as 32 hex digits. */
void vt_hash_hex(const void *data, uint64_t len, char out[33]);
uint64_t vt_hash64(const void *data, uint64_t len);

#endif
