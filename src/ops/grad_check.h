/* Checks of gradient operators' inputs: files may hold them, too. */
#ifndef VT_OPS_GRAD_CHECK_H
#define VT_OPS_GRAD_CHECK_H

#include "ops/util.h"

/* Inputs i and j have one shape and type, as far as they are known. */
int vt__check_alike(const struct vt_node *n, int i, int j, struct vt_err *e);
/* Input i, if it is there, is f32 with `count` elements, as far as that is known. */
int vt__check_count(const struct vt_node *n, int i, int64_t count, struct vt_err *e);
/* Output 0 of type t and of the sizes in attribute shape: VT_MAX_RANK at most, none below 0, VT_MAX_ELEMENTS
 * in all. */
int vt__out_shape(struct vt_node *n, enum vt_dtype t, const struct vt_ints *shape, struct vt_err *e);

#endif
