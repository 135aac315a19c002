/* Stochastic gradient descent with momentum (Sutskever 2013, in PyTorch's form):
 *   g' = g + decay w;  v' = momentum v + g';  w' = w - lr v'   (Nesterov: w' = w - lr (g' + momentum v')) */
#include "train/trainer.h"

static struct vt_value *update(struct vt_graph *g, const struct vt_recipe *r, const struct vt_step_inputs *s,
                               struct vt_value *param, struct vt_value *grad, double decay)
{
  struct vt_value *velocity = vt__state(g, param, "velocity"), *out[2];
  struct vt_value *in[] = {param, grad, velocity, s->lr, s->scale};
  if (!vt_emit_n(g, "ai.vitrine:SgdMomentum", s->scale ? 5 : 4, in, 2, out,
                 "momentum=%.9g nesterov=%d weight_decay=%.9g", r->momentum, r->nesterov, decay))
    return NULL;
  vt_graph_assign(g, velocity, out[1]);
  return out[0];
}

const struct vt_optimizer_desc vt_optimizer_sgd = {"sgd", "w - lr v, v = momentum v + g", update};
