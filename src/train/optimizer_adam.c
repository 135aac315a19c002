/* Adam */
#include "train/trainer.h"

static struct vt_value *update(struct vt_graph *g, const struct vt_recipe *r, const struct vt_step_inputs *s,
                               struct vt_value *param, struct vt_value *grad, double decay)
{
  struct vt_value *m = vt__state(g, param, "moment1"), *v = vt__state(g, param, "moment2"), *out[3];
  struct vt_value *in[] = {param, grad, m, v, s->lr, s->step, s->scale};
  if (!vt_emit_n(g, "ai.vitrine:Adam", s->scale ? 7 : 6, in, 3, out,
                 "beta1=%.9g beta2=%.9g epsilon=%.9g weight_decay=%.9g", r->beta1, r->beta2, r->eps, decay))
    return NULL;
  vt_graph_assign(g, m, out[1]);
  vt_graph_assign(g, v, out[2]);
  return out[0];
}

const struct vt_optimizer_desc vt_optimizer_adam = {"adam", "", update};
