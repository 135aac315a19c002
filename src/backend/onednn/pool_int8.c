/* MaxPool of 8-bit maps, channels-last: scale and zero point stay what they were. */
#include "backend/onednn/dnnl_util.h"

struct state {
  dnnl_memory_desc_t x, y;
  struct vt__prim p;
};

static bool describe(dnnl_pooling_v2_desc_t *d, const struct vt_plan_node *n, dnnl_memory_desc_t *x,
                     dnnl_memory_desc_t *y)
{
  struct vt_window w;
  if (vt_pool_window(&w, n->node, 4, n->in[0].dim, NULL) || !vt__md_slot(x, &n->in[0]) ||
      !vt__md_slot(y, &n->out[0]))
    return false;
  dnnl_dims_t stride, kernel, dilation, lo, hi;
  for (int i = 0; i < 2; i++) {
    int k = i + 1;
    stride[i] = w.stride[k];
    kernel[i] = w.k[k];
    dilation[i] = w.dil[k] - 1;
    lo[i] = w.lo[k];
    hi[i] = (w.out[k] - 1) * w.stride[k] + (w.k[k] - 1) * w.dil[k] + 1 - w.in[k] - w.lo[k];
  }
  return dnnl_pooling_v2_forward_desc_init(d, dnnl_forward_inference, dnnl_pooling_max, x, y, stride, kernel,
                                           dilation, lo, hi) == dnnl_success;
}

static int accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  struct vt_slot *x = &n->in[0], *y = &n->out[0];
  dnnl_memory_desc_t xm, ym;
  dnnl_pooling_v2_desc_t d;
  if (x->dtype != VT_U8 && x->dtype != VT_I8) return vt__refuse(reason, size, "not of 8 bits");
  if (x->rank != 4) return vt__refuse(reason, size, "not two-dimensional");
  if (n->nout > 1 && n->out[1].used) return vt__refuse(reason, size, "indices asked for");
  x->block = y->block = VT_NHWC;
  y->dtype = x->dtype;
  dnnl_primitive_desc_t pd = describe(&d, n, &xm, &ym) ? vt__pd(&d, 0, NULL, NULL) : NULL;
  if (!pd) return vt__refuse(reason, size, "oneDNN has no such pooling");
  bool fast = vt__pd_score(pd) == VT__SCORE_JIT;
  dnnl_primitive_desc_destroy(pd);
  return fast ? 1 : vt__refuse(reason, size, "oneDNN has only its reference for it");
}

static void release(void *p)
{
  struct state *s = p;
  if (s) vt__prim_clear(&s->p);
  vt_free(s);
}

static int prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct state *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "pooling");
  dnnl_pooling_v2_desc_t d;
  int rc =
      vt__prim_init(&s->p, describe(&d, n, &s->x, &s->y) ? vt__pd(&d, 0, NULL, NULL) : NULL, n->threads, e);
  if (rc) {
    release(s);
    s = NULL;
  } else {
    *scratch = s->p.scratch;
  }
  *out = s;
  return rc;
}

static int run(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct state *s = state;
  return vt__prim_run(&s->p, a->scratch, 2,
                      (struct vt__arg[]){{DNNL_ARG_SRC, &s->x, a->in[0]}, {DNNL_ARG_DST, &s->y, a->out[0]}},
                      e);
}

static const struct vt_kernel_desc max = {"onednn int8 pool", "MaxPool", accepts, prepare, run, release};
const struct vt_kernel_desc *const vt_kernels_pool_int8[] = {&max, NULL};
