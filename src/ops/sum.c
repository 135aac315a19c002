/* Sum of any number of inputs, element by element, with broadcasting. */
#include "ops/variadic_ref.h"

static int ref(const struct vt_ref_call *c, struct vt_err *e)
{
  return vt__fold_ref(c, VT__FOLD_SUM, e);
}

static int grad(VT_GRAD_ARGS)
{
  for (int i = 0; i < n->nin; i++)
    if (need[i]) dx[i] = vt__sum_to(g, dy[0], n->in[i]);
  return vt_graph_status(g, e);
}

VT_FOLD_OP(sum, "Sum", 8, grad, "Sum of all inputs, element by element.");
