/* Round: y = the nearest integer, halves to even. */
#include "ops/util.h"

#define BODY(T) VT_MAP(T, rint(x))
VT_UNARY_REF(VT_SWITCH_FLOAT, BODY)

static const struct vt_op_case cases[] = {
    {"4-d", "", "f32[2,3,4,5]:-4..4"},
    {"halves", "", "f32[4]={0.5,1.5,2.5,-2.5}"},
};

VT_UNARY_OP(round, "Round", 11, NULL, "y = the nearest integer, halves to even.");
