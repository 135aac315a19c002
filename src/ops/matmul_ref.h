/* Sizes of matrix products. Private to ops/. */
#ifndef VT_OPS_MATMUL_REF_H
#define VT_OPS_MATMUL_REF_H

#include "ops/util.h"

/* Shapes with at least two dimensions, and the output's. */
struct vt__matmul {
  int ra, rb, rank;
  int64_t a[VT_MAX_RANK], b[VT_MAX_RANK], out[VT_MAX_RANK]; /* out: with both matrix dimensions */
  int64_t m, k, o;
};
int vt__matmul_sizes(struct vt__matmul *s, const struct vt_node *n, int ra, const int64_t *a, int rb,
                     const int64_t *b, struct vt_err *e);
/* Output 0 from inputs a and b. */
int vt__matmul_infer_at(struct vt_node *n, int a, int b, enum vt_dtype out, struct vt_err *e);
/* y (…, m, o) in int32 from a (…, m, k) and b (…, k, o), which broadcast. */
void vt__matmul_int(const struct vt__matmul *s, const int32_t *a, const int32_t *b, int32_t *y);

#endif
