/* Sign: y = 1, 0 or -1 as x is above, at or below 0. */
#include "ops/util.h"

#define BODY(T) VT_MAP(T, (x > 0) - (x != 0 && !(x > 0)))
VT_UNARY_REF(VT_SWITCH_NUMBER, BODY)

static const struct vt_op_case cases[] = {
    {"4-d", "", "f32[2,3,4,5]"},
    {"integers", "", "i32[3,4]"},
};

VT_UNARY_OP(sign, "Sign", 9, NULL, "y = 1, 0 or -1 as x is above, at or below 0.");
