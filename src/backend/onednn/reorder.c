/* ai.vitrine:Reorder: between layouts and dtypes of one tensor, by oneDNN. */
#include "backend/onednn/conv_common.h"

struct state {
  struct vt__prim p;
  dnnl_memory_desc_t from, to;
};

static int accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  dnnl_memory_desc_t md;
  if (!vt__dnnl_engine() || !vt__md_slot(&md, &n->in[0]) || !vt__md_slot(&md, &n->out[0]) ||
      (n->in[0].dtype != n->out[0].dtype && (n->in[0].dtype == VT_I32 || n->out[0].dtype == VT_I32)))
    return vt__refuse(reason, size, "dtype or rank that oneDNN does not have");
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
  if (!s) return vt_fail(e, VT_ENOMEM, "reorder");
  int rc = VT_OK;
  if (!vt__md_slot(&s->from, &n->in[0]) || !vt__md_slot(&s->to, &n->out[0]))
    rc = vt_fail(e, VT_EUNSUPPORTED, "reorder: slots out of range");
  if (!rc) rc = vt__prim_reorder(&s->p, &s->from, &s->to, n->threads, e);
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
  return vt__prim_run(
      &s->p, a->scratch, 2,
      (struct vt__arg[]){{DNNL_ARG_FROM, &s->from, a->in[0]}, {DNNL_ARG_TO, &s->to, a->out[0]}}, e);
}

static const struct vt_kernel_desc reorder = {"onednn reorder", "ai.vitrine:Reorder", accepts, prepare, run,
                                              release};
const struct vt_kernel_desc *const vt_kernels_reorder[] = {&reorder, NULL};
