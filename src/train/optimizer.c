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
