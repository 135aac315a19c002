/* Acosh: y = arcosh(x). */
#include "ops/util.h"

#define BODY(T) VT_MAP(T, acosh(x))
VT_UNARY_REF(VT_SWITCH_FLOAT, BODY)

static const struct vt_op_case cases[] = {
    {"2-d", "", "f32[4,5]:1..4"},
};

VT_UNARY_OP(acosh, "Acosh", 9, NULL, "y = arcosh(x).");
