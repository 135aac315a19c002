/* Adagrad (Duchi, Hazan, Singer 2011): h' = h + g^2;  w' = w - lr g / (sqrt(h') + eps), g with L2 decay
 * added. */
#include "train/trainer.h"

static struct vt_value *update(struct vt_graph *g, const struct vt_recipe *r, const struct vt_step_inputs *s,
                               struct vt_value *param, struct vt_value *grad, double decay)
{
  struct vt_value *sum = vt__state(g, param, "squares"), *out[2];
  struct vt_value *in[] = {param, grad, sum, s->lr, s->scale};
  if (!vt_emit_n(g, "ai.vitrine:Adagrad", s->scale ? 5 : 4, in, 2, out, "epsilon=%.9g weight_decay=%.9g",
                 r->eps, decay))
    return NULL;
  vt_graph_assign(g, sum, out[1]);
  return out[0];
}

const struct vt_optimizer_desc vt_optimizer_adagrad = {"adagrad", "w - lr g / (sqrt(sum of g^2) + eps)",
                                                       update};
