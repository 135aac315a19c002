/* Tan: y = tan(x). */
#include "ops/util.h"

#define BODY(T) VT_MAP(T, tan(x))
VT_UNARY_REF(VT_SWITCH_FLOAT, BODY)

static const struct vt_op_case cases[] = {
    {"2-d", "", "f32[4,5]:-1..1"},
};

VT_UNARY_OP(tan, "Tan", 7, NULL, "y = tan(x).");
