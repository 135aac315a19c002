/* ArgMax: position of the largest value along one axis. */
#include "ops/arg_ref.h"

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  return vt__arg_ref(c, true, e);
}

VT_ARG_OP(arg_max, "ArgMax", "Position of the largest value along one axis.");
