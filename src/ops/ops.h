/* The table of operators: one file and one line of ops.list each; their attributes for kernels and passes. */
#ifndef VT_OPS_H
#define VT_OPS_H

#include "engine/engine.h"
#include "ops/attrs.h"
#include "ops/conv_int8.h"

extern const struct vt_op_desc *const vt_ops[];
extern const int vt_nops;

#endif
