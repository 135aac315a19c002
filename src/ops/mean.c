/* Mean of any number of inputs, element by element, with broadcasting. */
#include "ops/variadic_ref.h"

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  return vt__fold_ref(c, VT__FOLD_MEAN, e);
}

static int grad(VT_GRAD_ARGS)
{
  struct vt_value *part = vt_emit(g, "Mul", VT_IN(dy[0], vt_graph_scalar(g, 1 / (float)n->nin)), "");
  for (int i = 0; i < n->nin; i++)
    if (need[i]) dx[i] = vt__sum_to(g, part, n->in[i]);
  return vt_graph_status(g, e);
}

VT_FOLD_OP(mean, "Mean", 8, grad, "Mean of all inputs, element by element.");
