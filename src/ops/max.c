/* Max of any number of inputs, element by element, with broadcasting. */
#include "ops/variadic_ref.h"

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  return vt__fold_ref(c, VT__FOLD_MAX, e);
}

VT_FOLD_OP(max, "Max", 8, vt__fold_pick_grad, "Max of all inputs, element by element.");
