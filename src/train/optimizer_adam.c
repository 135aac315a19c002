/* Adam (Kingma, Ba 2015, algorithm 1) with L2 decay added to the gradient:
 *   g' = g + decay w;  m' = b1 m + (1 - b1) g';  v' = b2 v + (1 - b2) g'^2;
 *   w' = w - lr m' / (1 - b1^t) / (sqrt(v' / (1 - b2^t)) + eps) */
#include "train/trainer.h"

static struct vt_value *update(struct vt_graph *g, const struct vt_recipe *r, const struct vt_step_inputs *s,
                               struct vt_value *param, struct vt_value *grad, double decay)
{
  return vt__emit_adam("ai.vitrine:Adam", g, r, s, param, grad, decay);
}

const struct vt_optimizer_desc vt_optimizer_adam = {"adam", "w - lr m / (sqrt(v) + eps)", update};
