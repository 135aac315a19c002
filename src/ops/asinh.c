/* Asinh: y = arsinh(x). */
#include "ops/util.h"

#define BODY(T) VT_MAP(T, asinh(x))
VT_UNARY_REF(VT_SWITCH_FLOAT, BODY)

static const struct vt_op_case cases[] = {
    {"2-d", "", "f32[4,5]"},
};

VT_UNARY_OP(asinh, "Asinh", 9, NULL, "y = arsinh(x).");
