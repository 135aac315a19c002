/* Atanh: y = artanh(x). */
#include "ops/util.h"

#define BODY(T) VT_MAP(T, atanh(x))
VT_UNARY_REF(VT_SWITCH_FLOAT, BODY)

static const struct vt_op_case cases[] = {
    {"2-d", "", "f32[4,5]:-0.9..0.9"},
};

VT_UNARY_OP(atanh, "Atanh", 9, NULL, "y = artanh(x).");
