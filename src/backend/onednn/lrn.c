/* LRN across channels, of odd size, by oneDNN. */
#include "backend/onednn/conv_common.h"

struct state {
  struct vt__prim p;
  dnnl_memory_desc_t md;
};

static dnnl_primitive_desc_t make(const struct vt_plan_node *n, const dnnl_memory_desc_t *md)
{
  dnnl_lrn_desc_t d;
  if (dnnl_lrn_forward_desc_init(&d, dnnl_forward_inference, dnnl_lrn_across_channels, md,
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

static void release(void *p)
{
  struct state *s = p;
  if (!s) return;
  vt__prim_clear(&s->p);
  vt_free(s);
}

static int prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct state *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "lrn");
  int rc = VT_OK;
  if (!vt__md_slot(&s->md, &n->in[0])) rc = vt_fail(e, VT_EUNSUPPORTED, "lrn: slot out of range");
  if (!rc) rc = vt__prim_init(&s->p, make(n, &s->md), n->threads, e);
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
                      (struct vt__arg[]){{DNNL_ARG_SRC, &s->md, a->in[0]}, {DNNL_ARG_DST, &s->md, a->out[0]}},
                      e);
}

static const struct vt_kernel_desc lrn = {"onednn lrn", "LRN", accepts, prepare, run, release};
const struct vt_kernel_desc *const vt_kernels_lrn[] = {&lrn, NULL};
