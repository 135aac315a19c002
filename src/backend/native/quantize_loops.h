/* Inner loops of quantisation, compiled once per instruction set (base, avx2, avx512) and chosen at run time.
 */
#ifndef VT_BACKEND_NATIVE_QUANTIZE_LOOPS_H
#define VT_BACKEND_NATIVE_QUANTIZE_LOOPS_H

#include "ops/ops.h"

struct vt__quant_loops {
  /* q = clamp(rint(x / scale) + zero), NaN gives 0; x = (q − zero) scale */
  void (*to_u8)(const float *x, float scale, float zero, uint8_t *q, int64_t n);
  void (*to_s8)(const float *x, float scale, float zero, int8_t *q, int64_t n);
  void (*from_u8)(const uint8_t *q, float scale, float zero, float *x, int64_t n);
  void (*from_s8)(const int8_t *q, float scale, float zero, float *x, int64_t n);
};

extern const struct vt__quant_loops vt__quant_base, vt__quant_avx2, vt__quant_avx512;
static inline const struct vt__quant_loops *vt__quant_loops(void)
{
#if defined(__x86_64__)
  enum vt_isa isa = vt_isa();
  if (isa >= VT_ISA_AVX512) return &vt__quant_avx512;
  if (isa >= VT_ISA_AVX2) return &vt__quant_avx2;
#endif
  return &vt__quant_base;
}

#endif
