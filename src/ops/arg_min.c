/* ArgMin: position of the smallest value along one axis. */
#include "ops/arg_ref.h"

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  return vt__arg_ref(c, false, e);
}

VT_ARG_OP(arg_min, "ArgMin", "Position of the smallest value along one axis.");
