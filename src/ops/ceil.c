/* Ceil: y = the smallest integer not below x. */
#include "ops/util.h"

#define BODY(T) VT_MAP(T, ceil(x))
VT_UNARY_REF(VT_SWITCH_FLOAT, BODY)

static const struct vt_op_case cases[] = {
    {"4-d", "", "f32[2,3,4,5]:-4..4"},
};

VT_UNARY_OP(ceil, "Ceil", 6, NULL, "y = the smallest integer not below x.");
