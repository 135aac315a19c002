/* Softmax of a few columns at a time: what Softmax, LogSoftmax and the losses share. */
#ifndef VT_BACKEND_NATIVE_SOFTMAX_H
#define VT_BACKEND_NATIVE_SOFTMAX_H

#include "backend/native/fast.h"

enum { VT__COLUMNS = 256 };

/* x: c rows, `step` apart, of p contiguous columns (p at most VT__COLUMNS). out: the same, out_step apart:
 * e^(x − max). max, sum (p): of each column. With c contiguous (step 1, p 1) a row is done at once. */
static inline void vt__exp_columns(const float *x, int64_t step, int64_t c, int64_t p, float *out,
                                   int64_t out_step, float *max, float *sum)
{
  const struct vt__fast *f = vt__fast();
  if (p == 1 && step == 1 && out_step == 1) {
    *max = f->max(x, c);
    *sum = f->exp_sum(x, *max, out, c);
    return;
  }
  memcpy(max, x, sizeof *max * (size_t)p);
  for (int64_t k = 1; k < c; k++) f->binary(VT__MAX, x + k * step, 1, max, 1, max, p);
  memset(sum, 0, sizeof *sum * (size_t)p);
  for (int64_t k = 0; k < c; k++) {
    f->binary(VT__SUB, x + k * step, 1, max, 1, out + k * out_step, p);
    f->unary(VT__EXP, out + k * out_step, out + k * out_step, p);
    f->axpy(1, out + k * out_step, sum, p);
  }
}

#endif
