/* Less: y = a is below b. */
#include "ops/util.h"

#define BODY(T) VT_MAP2(T, uint8_t, x < y)
VT_BINARY_REF(VT_SWITCH_NUMBER, BODY)

static const struct vt_op_case cases[] = {
    {"f32", "", "f32[2,3,4] f32[3,1]"},
    {"i64", "", "i64[4,5] i64[5]"},
};

VT_BINARY_OP(less, "Less", 7, vt__infer_predicate, 0, NULL, "y = a is below b.");
