/* ai.vitrine:Reorder: between layouts and dtypes of one tensor, by oneDNN. */
#include "backend/onednn/dnnl_util.h"

static int accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  dnnl_memory_desc_t md;
  if (!vt__dnnl_engine() || !vt__md_slot(&md, &n->in[0]) || !vt__md_slot(&md, &n->out[0]) ||
      (n->in[0].dtype != n->out[0].dtype && (n->in[0].dtype == VT_I32 || n->out[0].dtype == VT_I32)))
    return vt__refuse(reason, size, "dtype or rank that oneDNN does not have");
  return 1;
}

static dnnl_primitive_desc_t make(const struct vt_plan_node *n, const dnnl_memory_desc_t *from,
                                  const dnnl_memory_desc_t *to)
{
  (void)n;
  return vt__pd_reorder(from, to);
}

static int prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  return vt__unary_prepare(n, make, out, scratch, e);
}

static const struct vt_kernel_desc reorder = {"onednn reorder", "ai.vitrine:Reorder", accepts,
                                              prepare,          vt__unary_run,        vt__unary_release};
const struct vt_kernel_desc *const vt_kernels_reorder[] = {&reorder, NULL};
