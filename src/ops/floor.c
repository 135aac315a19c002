/* Floor: y = the largest integer not above x. */
#include "ops/util.h"

#define BODY(T) VT_MAP(T, floor(x))
VT_UNARY_REF(VT_SWITCH_FLOAT, BODY)

static const struct vt_op_case cases[] = {
    {"4-d", "", "f32[2,3,4,5]:-4..4"},
};

VT_UNARY_OP(floor, "Floor", 6, NULL, "y = the largest integer not above x.");
