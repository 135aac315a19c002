/* LRN across channels, of odd size, by oneDNN. */
#include "backend/onednn/dnnl_util.h"

static dnnl_primitive_desc_t make(const struct vt_plan_node *n, const dnnl_memory_desc_t *x,
                                  const dnnl_memory_desc_t *y)
{
  (void)y; /* lies as x does */
  dnnl_lrn_desc_t d;
  if (dnnl_lrn_forward_desc_init(&d, dnnl_forward_inference, dnnl_lrn_across_channels, x,
                                 vt__attr_int(n->node, "size", 1), vt__attr_float(n->node, "alpha", 0),
                                 vt__attr_float(n->node, "beta", 0),
                                 vt__attr_float(n->node, "bias", 1)) != dnnl_success)
    return NULL;
  return vt__pd(&d, 0, NULL, NULL);
}

static int accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  struct vt_slot *x = &n->in[0], *y = &n->out[0];
  if (x->rank != 4 || !vt__is_real(x)) return vt__refuse(reason, size, "no feature map of f32 or bf16");
  if (vt__attr_int(n->node, "size", 0) % 2 == 0) return vt__refuse(reason, size, "even size");
  x->dtype = y->dtype = VT_F32;
  x->block = y->block = vt__prefer(n, x);
  return 1;
}

static int prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  return vt__unary_prepare(n, make, out, scratch, e);
}

static const struct vt_kernel_desc lrn = {"onednn lrn", "LRN",         accepts,
                                          prepare,      vt__unary_run, vt__unary_release};
const struct vt_kernel_desc *const vt_kernels_lrn[] = {&lrn, NULL};
