/* Sums of outer products over positions: d (rows, V lanes) += sum over p of s[row][p] x[v][p], the one loop
 * of a convolution's weight gradient. In blocked layouts both sides lie ready for it: nothing is packed.
 *
 * Compiled once per instruction set, like winograd.h. `lanes` is the block of the layouts that a set serves;
 * a tile has `rows` scalar streams and up to VT__OUTER_VECTORS vector streams, so that its sums fill the
 * registers. */
#ifndef VT_BACKEND_NATIVE_OUTER_H
#define VT_BACKEND_NATIVE_OUTER_H

#include "ops/ops.h"

enum { VT__OUTER_VECTORS = 3, VT__OUTER_ROWS = 8 };

/* Positions: images x rows x cols, each with its steps in floats on the vector (x) and the scalar (s) side.
 */
struct vt__outer_span {
  int64_t images, rows, cols;
  int64_t x_image, x_row, x_col, s_image, s_row, s_col;
};

struct vt__outer {
  int lanes, rows;
  /* d[r step + v lanes ..] += sum over positions of s[r] x[v], for all rows and v < vectors */
  void (*add)(const struct vt__outer_span *p, int vectors, const float *const *x, const float *const *s,
              float *d, int64_t step);
};

extern const struct vt__outer vt__outer_base, vt__outer_avx2, vt__outer_avx512;

/* The set for an instruction set, or NULL where oneDNN is not slower. */
static inline const struct vt__outer *vt__outer_for(enum vt_isa isa)
{
#if defined(__x86_64__)
  if (isa >= VT_ISA_AVX512) return &vt__outer_avx512;
  if (isa >= VT_ISA_AVX2) return &vt__outer_avx2;
#else
  (void)isa;
#endif
  return NULL;
}

#endif
