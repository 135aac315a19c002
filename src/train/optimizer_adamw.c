/* AdamW (Loshchilov, Hutter 2019, algorithm 2): Adam whose decay acts on the weight itself, w' = w (1 - lr
 * decay) - … */
#include "train/trainer.h"

static struct vt_value *update(struct vt_graph *g, const struct vt_recipe *r, const struct vt_step_inputs *s,
                               struct vt_value *param, struct vt_value *grad, double decay)
{
  return vt__emit_adam("ai.vitrine:AdamW", g, r, s, param, grad, decay);
}

const struct vt_optimizer_desc vt_optimizer_adamw = {"adamw", "w (1 - lr decay) - lr m / (sqrt(v) + eps)",
                                                     update};
