/* RMSProp (Tieleman, Hinton 2012): v' = b2 v + (1 - b2) g^2;  m' = momentum m + g / (sqrt(v') + eps);
 * w' = w - lr m', g with L2 decay added. */
#include "train/trainer.h"

static struct vt_value *update(struct vt_graph *g, const struct vt_recipe *r, const struct vt_step_inputs *s,
                               struct vt_value *param, struct vt_value *grad, double decay)
{
  struct vt_value *v = vt__state(g, param, "squares"), *m = vt__state(g, param, "velocity"), *out[3];
  struct vt_value *in[] = {param, grad, v, m, s->lr, s->scale};
  if (!vt_emit_n(g, "ai.vitrine:RmsProp", s->scale ? 6 : 5, in, 3, out,
                 "decay=%.9g epsilon=%.9g momentum=%.9g weight_decay=%.9g", r->beta2, r->eps, r->momentum,
                 decay))
    return NULL;
  vt_graph_assign(g, v, out[1]);
  vt_graph_assign(g, m, out[2]);
  return out[0];
}

const struct vt_optimizer_desc vt_optimizer_rmsprop = {
    "rmsprop", "w - lr m, m = momentum m + g / (sqrt(v) + eps)", update};
