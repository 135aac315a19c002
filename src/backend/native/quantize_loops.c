/* Between f32 and 8 bits. */
#include "backend/native/quantize_loops.h"

#define TO(NAME, TYPE, LO, HI)                                                                               \
  static void NAME(const float *x, float scale, float zero, TYPE *q, int64_t n)                              \
  {                                                                                                          \
    _Pragma("omp simd") for (int64_t i = 0; i < n; i++)                                                      \
    {                                                                                                        \
      float r = __builtin_rintf(x[i] / scale) + zero;                                                        \
      r = r == r ? r : 0;                                                                                    \
      r = r < LO ? LO : r;                                                                                   \
      r = r > HI ? HI : r;                                                                                   \
      q[i] = (TYPE)(int32_t)r;                                                                               \
    }                                                                                                        \
  }
#define FROM(NAME, TYPE)                                                                                     \
  static void NAME(const TYPE *q, float scale, float zero, float *x, int64_t n)                              \
  {                                                                                                          \
    _Pragma("omp simd") for (int64_t i = 0; i < n; i++) x[i] = ((float)q[i] - zero) * scale;                 \
  }

TO(to_u8, uint8_t, 0, 255)
TO(to_s8, int8_t, -128, 127)
FROM(from_u8, uint8_t)
FROM(from_s8, int8_t)

const struct vt__quant_loops VT_QUANT = {to_u8, to_s8, from_u8, from_s8};
