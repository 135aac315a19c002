/* The table of optimisers and what they share. */
#include "train/trainer.h"

#define OPTIMIZER(name) extern const struct vt_optimizer_desc vt_optimizer_##name;
#include "train/optimizers.list"
#undef OPTIMIZER

const struct vt_optimizer_desc *const vt_optimizers[] = {
#define OPTIMIZER(name) &vt_optimizer_##name,
#include "train/optimizers.list"
#undef OPTIMIZER
    NULL};
const int vt_noptimizers = (int)VT_COUNT(vt_optimizers) - 1;

struct vt_value *vt__state(struct vt_graph *g, const struct vt_value *like, const char *what)
{
  struct vt_tensor t;
  if (vt_graph_status(g, NULL)) return NULL;
  const char *name = vt_arena_printf(&g->arena, "%s.%s", like->name, what);
  if (!name || vt_tensor_init(&t, VT_F32, like->rank, like->dim, &g->err)) {
    if (!name) vt_fail(&g->err, VT_ENOMEM, "%s: out of memory", like->name);
    return NULL;
  }
  struct vt_value *v = vt_graph_variable(g, name, &t, false);
  vt_tensor_clear(&t);
  return v;
}

bool vt__decays(const struct vt_value *param)
{
  return param->rank >= 2;
}

struct vt_value *vt__emit_adam(const char *op, struct vt_graph *g, const struct vt_recipe *r,
                               const struct vt_step_inputs *s, struct vt_value *param, struct vt_value *grad,
                               double decay)
{
  struct vt_value *m = vt__state(g, param, "moment1"), *v = vt__state(g, param, "moment2"), *out[3];
  struct vt_value *in[] = {param, grad, m, v, s->lr, s->step, s->scale};
  if (!vt_emit_n(g, op, s->scale ? 7 : 6, in, 3, out, "beta1=%.9g beta2=%.9g epsilon=%.9g weight_decay=%.9g",
                 r->beta1, r->beta2, r->eps, decay))
    return NULL;
  vt_graph_assign(g, m, out[1]);
  vt_graph_assign(g, v, out[2]);
  return out[0];
}
