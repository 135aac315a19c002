/* What the operators on quantised integers share. Private to ops/.
 *
 * A real number is (q − zero point) · scale. Scale and zero point are one for the whole tensor, one for each
 * index along `axis`, or (block_size > 0) one for each block of so many indices. */
#ifndef VT_OPS_QUANT_REF_H
#define VT_OPS_QUANT_REF_H

#include "ops/conv_ref.h"

struct vt__quant_attrs {
  int64_t axis, block_size, output_dtype, saturate;
};
#define VT__QUANT_ROWS                                                                                       \
  VT_A_INT(struct vt__quant_attrs, axis, 1), VT_A_INT(struct vt__quant_attrs, block_size, 0)

/* Where the scale of element i lies. */
struct vt__quant {
  int64_t inner, n, block, blocks; /* index along axis: i / inner % n; its scale: that / block */
  int mode;                        /* 0: one scale, 1: per index, 2: per block */
};
int vt__quant_init(struct vt__quant *q, const struct vt_node *n, int rank, const int64_t *dim, int scale_rank,
                   const int64_t *scale_dim, struct vt_err *e);
static inline int64_t vt__quant_at(const struct vt__quant *q, int64_t i)
{
  if (q->mode == 0) return 0;
  int64_t k = i / q->inner % q->n;
  if (q->mode == 1) return k;
  return (i / q->inner / q->n * q->blocks + k / q->block) * q->inner + i % q->inner;
}
/* Limits of an integer type; false: none of the types that numbers are quantised to. */
bool vt__quant_range(enum vt_dtype t, double *lo, double *hi);
/* clamp(round to nearest even(v) + zero). */
static inline double vt__quantise(double v, double zero, double lo, double hi)
{
  double q = rint(v) + zero;
  return q < lo ? lo : q > hi ? hi : q; /* NaN stays: callers take it for 0 */
}
/* t as int32 with its zero points taken off; zero: NULL, one, or one per index along `axis`. *out from
 * vt_malloc. */
int vt__quant_center(int32_t **out, const struct vt_ref_call *c, const struct vt_tensor *t,
                     const struct vt_tensor *zero, int axis, struct vt_err *e);

/* y (n, m, out) in int32. */
void vt__conv_forward_int(const struct vt__conv *v, const int32_t *x, const int32_t *w, int32_t *y);

#endif
