/* Atan: y = arctan(x). */
#include "ops/util.h"

#define BODY(T) VT_MAP(T, atan(x))
VT_UNARY_REF(VT_SWITCH_FLOAT, BODY)

static const struct vt_op_case cases[] = {
    {"2-d", "", "f32[4,5]"},
};

VT_UNARY_OP(atan, "Atan", 7, NULL, "y = arctan(x).");
