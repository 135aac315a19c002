/* Add: y = a + b. */
#include "ops/util.h"

#define BODY(T) VT_MAP2(T, T, VT_WRAP(T, x, +, y))
VT_BINARY_REF(VT_SWITCH_NUMBER, BODY)

static int grad(VT_GRAD_ARGS)
{
  if (need[0]) dx[0] = vt__sum_to(g, dy[0], n->in[0]);
  if (need[1]) dx[1] = vt__sum_to(g, dy[0], n->in[1]);
  return vt_graph_status(g, e);
}

static const struct vt_op_case cases[] = {
    {"equal", "", "f32[2,3,4,5] f32[2,3,4,5]"},
    {"16 channels", "", "f32[1,16,3,3] f32[1,16,3,3]"},
    {"scalar", "", "f32[2,3,4,5] f32[]"},
    {"channel", "", "f32[2,3,4,5] f32[1,3,1,1]"},
    {"row", "", "f32[2,3,4,5] f32[5]"},
    {"both ways", "", "f32[3,1,5] f32[4,1]"},
    {"squeeze and excite", "", "f32[2,16,4,4] f32[2,16,1,1]"},
    {"integers", "", "i64[2,3] i64[3]"},
};

VT_BINARY_OP(add, "Add", 7, vt__infer_broadcast, VT_INPLACE0, grad, "y = a + b.");
