/* ai.vitrine:ConvGradInput (dy, w) -> dx and ai.vitrine:ConvGradWeight (x, dy) -> dw.
 *
 * oneDNN's weight for dx lies otherwise than the forward one's, so it is packed again; dw is computed in the
 * packed layout, in f32, and reordered to the plain one in the end. */
#include "backend/onednn/conv_common.h"

struct backward {
  struct vt__conv c;
  bool weight;
};

struct state {
  struct vt__prim conv;
  dnnl_memory_desc_t x, y; /* of the large and the small side */
  struct vt__weights w;    /* dx */
  struct vt__prim unpack;  /* dw: packed -> plain; p NULL: same layout */
  dnnl_memory_desc_t wmd, wplain;
};

static struct vt_slot *large(struct vt_plan_node *n, bool weight)
{
  return weight ? &n->in[0] : &n->out[0];
}
static struct vt_slot *small(struct vt_plan_node *n, bool weight)
{
  return weight ? &n->in[1] : &n->in[0];
}
static bool is_weight(const struct vt_node *n)
{
  return !strcmp(n->op->name, "ConvGradWeight");
}

static bool describe(struct backward *b, struct vt_plan_node *n, enum vt_dtype type)
{
  const struct vt_conv_attrs *a = n->node->attrs;
  b->weight = is_weight(n->node);
  const struct vt_slot *x = large(n, b->weight), *y = small(n, b->weight),
                       *w = b->weight ? &n->out[0] : &n->in[1];
  struct vt_window win;
  if (x->rank < 3 || x->rank > 5 || vt_conv_window(&win, n->node, x->rank, x->dim, w->dim, NULL))
    return false;
  if (!vt__conv_init(&b->c, &win, x->rank, x->dim, y->dim, a->group, false, type, VT_F32)) return false;
  return !b->weight || vt__md_any(&b->c.w_any, VT_F32, b->c.wrank, b->c.wdim);
}

static dnnl_primitive_desc_t make(const void *ctx, const dnnl_memory_desc_t *x, const dnnl_memory_desc_t *y)
{
  const struct backward *b = ctx;
  const struct vt__conv *c = &b->c;
  dnnl_convolution_desc_t f, d;
  dnnl_memory_desc_t w_any;
  if (!vt__md_any(&w_any, c->type, c->wrank, c->wdim) ||
      dnnl_dilated_convolution_forward_desc_init(&f, dnnl_forward_training, dnnl_convolution_direct, x,
                                                 &w_any, NULL, y, c->stride, c->dilation, c->lo,
                                                 c->hi) != dnnl_success)
    return NULL;
  dnnl_primitive_desc_t hint = vt__pd(&f, 0, NULL, NULL);
  if (!hint) return NULL;
  dnnl_status_t s =
      b->weight
          ? dnnl_dilated_convolution_backward_weights_desc_init(&d, dnnl_convolution_direct, x, &c->w_any,
                                                                NULL, y, c->stride, c->dilation, c->lo, c->hi)
          : dnnl_dilated_convolution_backward_data_desc_init(&d, dnnl_convolution_direct, x, &c->w_any, y,
                                                             c->stride, c->dilation, c->lo, c->hi);
  dnnl_primitive_desc_t pd = s == dnnl_success ? vt__pd(&d, 0, NULL, hint) : NULL;
  dnnl_primitive_desc_destroy(hint);
  return pd;
}

static int accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  struct backward b;
  enum vt_dtype type = vt__want(n);
  if (!describe(&b, n, type)) return vt__refuse(reason, size, "shapes or attributes out of its range");
  struct vt_slot *x = large(n, b.weight), *y = small(n, b.weight);
  x->dtype = y->dtype = type;
  (b.weight ? &n->out[0] : &n->in[1])->block = VT_PLAIN;
  if (b.weight)
    n->out[0].dtype = VT_F32;
  else if (n->in[1].dtype != VT_F32)
    return vt__refuse(reason, size, "weight is not f32");
  if (!vt__conv_layouts(n, x, y, make, &b))
    return vt__refuse(reason, size, "oneDNN has only its reference for it");
  return 1;
}

static void release(void *p)
{
  struct state *s = p;
  if (!s) return;
  vt__prim_clear(&s->conv);
  vt__prim_clear(&s->unpack);
  vt__weights_clear(&s->w);
  vt_free(s);
}

static int prepare(const struct vt_plan_node *node, void **out, size_t *scratch, struct vt_err *e)
{
  struct backward b;
  struct vt_plan_node *n = (struct vt_plan_node *)node; /* only read */
  struct state *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "gradient of a convolution");
  int rc = VT_OK;
  bool weight = is_weight(n->node);
  if (!describe(&b, n, small(n, weight)->dtype) || !vt__md_slot(&s->x, large(n, weight)) ||
      !vt__md_slot(&s->y, small(n, weight)))
    rc = vt_fail(e, VT_EUNSUPPORTED, "gradient of a convolution: shapes out of range");
  if (rc) goto out;
  dnnl_primitive_desc_t pd = make(&b, &s->x, &s->y);
  if (pd) s->wmd = vt__pd_md(pd, weight ? dnnl_query_diff_weights_md : dnnl_query_weights_md);
  if ((rc = vt__prim_init(&s->conv, pd, n->threads, e))) goto out;
  s->wplain = b.c.w_plain;
  *scratch = s->conv.scratch;
  if (!weight) {
    rc = vt__weights_init(&s->w, &s->wplain, &s->wmd, &n->in[1], n->threads, e);
    *scratch += s->w.scratch;
  } else if (!vt__md_equal(&s->wplain, &s->wmd)) {
    rc = vt__prim_reorder(&s->unpack, &s->wmd, &s->wplain, n->threads, e);
    *scratch += s->unpack.scratch + vt__round64(vt__md_bytes(&s->wmd));
  }
out:
  if (rc) {
    release(s);
    s = NULL;
  }
  *out = s;
  return rc;
}

static int run_input(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct state *s = state;
  void *w = vt__weights_get(&s->w, a->in[1], (char *)a->scratch + s->conv.scratch, e);
  if (!w) return e ? e->code : VT_EUNSUPPORTED;
  return vt__prim_run(&s->conv, a->scratch, 3,
                      (struct vt__arg[]){{DNNL_ARG_DIFF_DST, &s->y, a->in[0]},
                                         {DNNL_ARG_WEIGHTS, &s->wmd, w},
                                         {DNNL_ARG_DIFF_SRC, &s->x, a->out[0]}},
                      e);
}

static int run_weight(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct state *s = state;
  char *pad = (char *)a->scratch + s->conv.scratch;
  void *dw = s->unpack.p ? pad + s->unpack.scratch : a->out[0];
  int rc = vt__prim_run(&s->conv, a->scratch, 3,
                        (struct vt__arg[]){{DNNL_ARG_SRC, &s->x, a->in[0]},
                                           {DNNL_ARG_DIFF_DST, &s->y, a->in[1]},
                                           {DNNL_ARG_DIFF_WEIGHTS, &s->wmd, dw}},
                        e);
  if (rc || !s->unpack.p) return rc;
  return vt__prim_run(&s->unpack, pad, 2,
                      (struct vt__arg[]){{DNNL_ARG_FROM, &s->wmd, dw}, {DNNL_ARG_TO, &s->wplain, a->out[0]}},
                      e);
}

static const struct vt_kernel_desc input = {
    "onednn conv grad", "ai.vitrine:ConvGradInput", accepts, prepare, run_input, release};
static const struct vt_kernel_desc weight = {
    "onednn conv grad", "ai.vitrine:ConvGradWeight", accepts, prepare, run_weight, release};
const struct vt_kernel_desc *const vt_kernels_conv_grad[] = {&input, &weight, NULL};
