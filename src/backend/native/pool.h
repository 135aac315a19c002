/* Windows of pools, and the loops over whole blocks of channels that are built once per instruction set. */
#ifndef VT_BACKEND_NATIVE_POOL_H
#define VT_BACKEND_NATIVE_POOL_H

#include "ops/ops.h"

/* Taps of output position o along dimension d that fall inside: [lo, hi), of k. */
static inline void vt__taps(const struct vt_window *w, int d, int64_t o, int64_t *base, int64_t *lo,
                            int64_t *hi)
{
  int64_t at = o * w->stride[d] - w->lo[d], k = w->k[d], by = w->dil[d];
  *base = at;
  *lo = 0;
  *hi = k;
  if (at >= 0 && at + (k - 1) * by < w->in[d]) return;
  *lo = at < 0 ? (-at + by - 1) / by : 0;
  *hi = at >= w->in[d] ? 0 : VT_MIN(k, (w->in[d] - at + by - 1) / by);
}

/* Those that fall inside or on the padding. */
static inline int64_t vt__padded_taps(const struct vt_window *w, int d, int64_t o)
{
  int64_t at = o * w->stride[d] - w->lo[d], n = 0;
  for (int64_t k = 0; k < w->k[d]; k++) n += at + k * w->dil[d] < w->in[d] + w->hi[d];
  return n;
}

/* One panel (in, lanes) to (out, lanes), f32, of the window's dimensions 1 and 2. */
struct vt__pool_set {
  int lanes;
  void (*max)(const struct vt_window *w, const float *x, float *y);
  /* include_pad: padding counts in the divisor */
  void (*average)(const struct vt_window *w, bool include_pad, const float *x, float *y);
};
extern const struct vt__pool_set vt__pool_base, vt__pool_avx2, vt__pool_avx512;

static inline const struct vt__pool_set *vt__pool_set(void)
{
#if defined(__x86_64__)
  enum vt_isa isa = vt_isa();
  if (isa >= VT_ISA_AVX512) return &vt__pool_avx512;
  if (isa >= VT_ISA_AVX2) return &vt__pool_avx2;
#endif
  return &vt__pool_base;
}

#endif
