/* The inner loops of deformable convolutions, on channels-last maps: what one element of the kernel reads at
 * some output places, and the way back. Compiled once per instruction set, like fast.h. */
#ifndef VT_BACKEND_NATIVE_DEFORM_H
#define VT_BACKEND_NATIVE_DEFORM_H

#include "ops/ops.h"

/* Four pixels around one position (at < 0: outside), their weights, these by the position's two coordinates,
 * and the mask. */
struct vt__deform_place {
  int32_t at[4];
  float weight[4], by_y[4], by_x[4], mask;
};

struct vt__deform_loops {
  /* Where a place reads in a map of h x w pixels: position (y, x). */
  void (*place)(struct vt__deform_place *t, float y, float x, float mask, int64_t h, int64_t w);
  /* col[i step + c] = mask sum over pixels of weight x[at pixel + c], c < len, i < n */
  void (*read)(const struct vt__deform_place *t, int64_t n, const float *x, int64_t pixel, int64_t len,
               float *col, int64_t step);
  /* sums[4 i + k] += sum over c of d[i step + c] x[at[k] pixel + c]; dx, unless NULL, gets d mask weight */
  void (*back)(const struct vt__deform_place *t, int64_t n, const float *x, int64_t pixel, int64_t len,
               const float *d, int64_t step, float *dx, float *sums);
};

extern const struct vt__deform_loops vt__deform_base, vt__deform_avx2, vt__deform_avx512;
static inline const struct vt__deform_loops *vt__deform_here(void)
{
#if defined(__x86_64__)
  enum vt_isa isa = vt_isa();
  if (isa >= VT_ISA_AVX512) return &vt__deform_avx512;
  if (isa >= VT_ISA_AVX2) return &vt__deform_avx2;
#endif
  return &vt__deform_base;
}

#endif
