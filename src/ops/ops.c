/* The table of operators, from ops.list. */
#include "ops/ops.h"

#define OP(name) extern const struct vt_op_desc vt_op_##name;
#include "ops/ops.list"
#undef OP

const struct vt_op_desc *const vt_ops[] = {
#define OP(name) &vt_op_##name,
#include "ops/ops.list"
#undef OP
    NULL};
const int vt_nops = (int)VT_COUNT(vt_ops) - 1;
