/* Dropping parts of feature maps in training. Inputs are x, ratio and training_mode as of Dropout; output 1
 * is the factor by which x was multiplied. Private to ops/. */
#ifndef VT_OPS_DROP_REF_H
#define VT_OPS_DROP_REF_H

#include "ops/util.h"

/* ratio (default 0.1) and whether anything is dropped; VT_EARG where ratio is outside [0, 1). */
int vt__drop_ratio(const struct vt_ref_call *c, float *ratio, struct vt_err *e);
/* dx = dy · output 1. */
int vt__drop_grad(VT_GRAD_ARGS);

#endif
