/* MaxPool of 8-bit maps, channels-last: scale and zero point stay what they were. */
#include "backend/onednn/dnnl_util.h"

static dnnl_primitive_desc_t make(const struct vt_plan_node *n, const dnnl_memory_desc_t *x,
                                  const dnnl_memory_desc_t *y)
{
  struct vt_window w;
  dnnl_pooling_v2_desc_t d;
  if (vt_pool_window(&w, n->node, 4, n->in[0].dim, NULL)) return NULL;
  dnnl_dims_t stride, kernel, dilation, lo, hi;
  for (int i = 0; i < 2; i++) {
    int k = i + 1;
    stride[i] = w.stride[k];
    kernel[i] = w.k[k];
    dilation[i] = w.dil[k] - 1;
    lo[i] = w.lo[k];
    hi[i] = (w.out[k] - 1) * w.stride[k] + (w.k[k] - 1) * w.dil[k] + 1 - w.in[k] - w.lo[k];
  }
  if (dnnl_pooling_v2_forward_desc_init(&d, dnnl_forward_inference, dnnl_pooling_max, x, y, stride, kernel,
                                        dilation, lo, hi) != dnnl_success)
    return NULL;
  return vt__pd(&d, 0, NULL, NULL);
}

static int accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  struct vt_slot *x = &n->in[0], *y = &n->out[0];
  dnnl_memory_desc_t xm, ym;
  if (x->dtype != VT_U8 && x->dtype != VT_I8) return vt__refuse(reason, size, "not of 8 bits");
  if (x->rank != 4) return vt__refuse(reason, size, "not two-dimensional");
  if (n->nout > 1 && n->out[1].used) return vt__refuse(reason, size, "indices asked for");
  x->block = y->block = VT_NHWC;
  y->dtype = x->dtype;
  bool fits = vt__md_slot(&xm, x) && vt__md_slot(&ym, y);
  dnnl_primitive_desc_t pd = fits ? make(n, &xm, &ym) : NULL;
  if (!pd) return vt__refuse(reason, size, "oneDNN has no such pooling");
  bool fast = vt__pd_score(pd) == VT__SCORE_JIT;
  dnnl_primitive_desc_destroy(pd);
  return fast ? 1 : vt__refuse(reason, size, "oneDNN has only its reference for it");
}

static int prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  return vt__unary_prepare(n, make, out, scratch, e);
}

static const struct vt_kernel_desc max = {"onednn int8 pool", "MaxPool",        accepts, prepare,
                                          vt__unary_run,      vt__unary_release};
const struct vt_kernel_desc *const vt_kernels_pool_int8[] = {&max, NULL};
