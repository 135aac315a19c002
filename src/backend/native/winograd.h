/* Winograd's minimal filtering F(4x4, 3x3) on blocked feature maps (Lavin and Gray, "Fast Algorithms for
 * Convolutional Neural Networks", 2015; points 0, 1, -1, 2, -2, infinity).
 *
 *   y tile (4, 4) = A' [ sum over c of (G w G') .* (B' x tile B) ] A,     x tile (6, 6), step 4
 *
 * 36 products of matrices take the place of the convolution, with a quarter of its multiplications. The
 * gradient with respect to w is the same map transposed: dw = G' [ sum over tiles of (A dy A') .* (B' x B) ]
 * G. Rounding in f32 is some ten times that of the direct sum: about 1e-5 of the largest output.
 *
 * The inner loops are compiled once per instruction set, like fast.h. Vectors lie along channels: `lanes`
 * is the block of the layouts that a set serves. A transformed tile or weight is 36 points, `step` floats
 * from one point to the next. */
#ifndef VT_BACKEND_NATIVE_WINOGRAD_H
#define VT_BACKEND_NATIVE_WINOGRAD_H

#include "ops/ops.h"

enum { VT__WINO_POINTS = 36, VT__WINO_TILE = 4, VT__WINO_PATCH = 6 };

/* One panel of a feature map, (h, w, lanes), and where a tile begins in it (may be outside). */
struct vt__wino_patch {
  int64_t h, w, y, x;
};

/* What is done to a finished tile: y = act(y + bias + residual); NULL and VT_ACT_NONE leave out. */
struct vt__wino_finish {
  const float *bias;     // (lanes)
  const float *residual; // (h, w, lanes), may be the very output
  enum vt_act act;
  float alpha, beta;
};

struct vt__wino_line_set;
struct vt__wino {
  int lanes;
  /* v = B' x B of the 6x6 patch; what lies outside the panel is zero */
  void (*input)(const float *panel, const struct vt__wino_patch *p, float *v, int64_t step);
  /* e = A dy A' of the 4x4 patch */
  void (*gradient)(const float *panel, const struct vt__wino_patch *p, float *e, int64_t step);
  /* panel's 4x4 patch, as far as it is inside, = finish(A' z A) */
  void (*output)(const float *z, int64_t step, const struct vt__wino_patch *p,
                 const struct vt__wino_finish *f, float *panel);
  /* u (36, m / panel, c, panel) = G w G' for one panel, the output channels m0 .. m0 + 2 lanes, of a plain
   * weight addressed as w[m mstep + c cstep + tap], taps in reversed order when `back` */
  void (*filter)(const float *w, int64_t m, int64_t c, int64_t m0, int64_t mstep, int64_t cstep, bool back,
                 float *u, int64_t step);
  /* the same of a panel that vt__wino_pack has put in order: u (36, c, width) */
  void (*filter_packed)(const float *w, int64_t c, int64_t width, float *u, int64_t step);
  /* dw (c, 9) = G' d G with d (36, c), of one output channel */
  void (*filter_grad)(const float *d, int64_t c, int64_t step, float *dw);
  /* z (tiles, m) = v (tiles, c) u (m / panel, c, panel) */
  void (*multiply)(int64_t tiles, int64_t m, int64_t c, const float *v, const float *u, float *z);
  /* d (m, c) += e (tiles, m)' v (tiles, c) */
  void (*accumulate)(int64_t tiles, int64_t m, int64_t c, const float *e, const float *v, float *d);
  const struct vt__wino_line_set *line; /* winograd_line.h */
};

extern const struct vt__wino vt__wino_base, vt__wino_avx2, vt__wino_avx512;

/* The set for an instruction set, or NULL where none is faster than direct convolution. */
static inline const struct vt__wino *vt__wino_for(enum vt_isa isa)
{
#if defined(__x86_64__)
  if (isa >= VT_ISA_AVX512) return &vt__wino_avx512;
  if (isa >= VT_ISA_AVX2) return &vt__wino_avx2;
#else
  (void)isa;
#endif
  return NULL;
}

#endif
