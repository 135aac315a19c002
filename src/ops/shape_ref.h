/* Operators that only give bytes another shape, and axes lists. Private to ops/. */
#ifndef VT_OPS_SHAPE_REF_H
#define VT_OPS_SHAPE_REF_H

#include "ops/util.h"

/* Input 0's bytes to output 0 under shape (rank, dim). */
int vt__view(const struct vt_ref_call *c, int rank, const int64_t *dim, struct vt_err *e);
/* dx = dy in the shape of input 0. */
int vt__view_grad(VT_GRAD_ARGS);
/* Axes (NULL: none) as flags over `rank` dimensions. 1: known, 0: no vector of integers, negative: error. */
int vt__axes_flags(const struct vt_node *n, const struct vt_tensor *in, int rank, bool *flag, int *count,
                   struct vt_err *e);

#endif
