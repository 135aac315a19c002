/* Xor: y = a or b, but not both. */
#include "ops/util.h"

#define BODY(T) VT_MAP2(T, uint8_t, !x != !y)
VT_BINARY_REF(VT_SWITCH_NUMBER, BODY)

static const struct vt_op_case cases[] = {
    {"bool", "", "bool[2,3,4] bool[3,1]"},
};

VT_BINARY_OP(xor, "Xor", 7, vt__infer_predicate, 0, NULL, "y = a or b, but not both.");
