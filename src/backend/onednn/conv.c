/* Conv and ai.vitrine:ConvFused, y = act(conv(x, w) + b + residual), and ConvTranspose.
 *
 * The residual is oneDNN's sum: y holds it beforehand. Where the program gave y the residual's own bytes
 * nothing is copied. */
#include "backend/onednn/conv_common.h"

enum { X, W, B, RESIDUAL, GATE };

struct forward { /* what accepts and prepare agree on */
  struct vt__conv c;
  bool bias, inference;
  int npost;
  struct vt__post post[VT__MAX_POST];
};

static bool transposed(const struct vt_node *n)
{
  return !strcmp(n->op->name, "ConvTranspose");
}

static bool describe(struct forward *f, const struct vt_plan_node *n, enum vt_dtype type)
{
  const struct vt_conv_attrs *a = n->node->attrs;
  const struct vt_slot *x = &n->in[X], *w = &n->in[W], *y = &n->out[0];
  struct vt_window win;
  bool t = transposed(n->node);
  *f = (struct forward){.bias = n->nin > B && n->in[B].used, .inference = !n->training};
  if (x->rank < 3 || x->rank > 5) return false;
  if ((t ? vt_conv_transpose_window : vt_conv_window)(&win, n->node, x->rank, x->dim, w->dim, NULL))
    return false;
  if (n->nin > RESIDUAL && n->in[RESIDUAL].used) f->post[f->npost++] = (struct vt__post){.sum = true};
  if (!t && a->activation != VT_ACT_NONE)
    f->post[f->npost++] =
        (struct vt__post){.act = (enum vt_act)a->activation, .alpha = a->alpha, .beta = a->beta};
  return vt__conv_init(&f->c, &win, x->rank, t ? y->dim : x->dim, t ? x->dim : y->dim, a->group, t, type,
                       w->dtype);
}

static dnnl_primitive_desc_t make(const void *ctx, const dnnl_memory_desc_t *x, const dnnl_memory_desc_t *y)
{
  const struct forward *f = ctx;
  const struct vt__conv *c = &f->c;
  dnnl_prop_kind_t kind = f->inference ? dnnl_forward_inference : dnnl_forward_training;
  const dnnl_memory_desc_t *bias = f->bias ? &c->bias : NULL;
  if (c->transposed) {
    dnnl_deconvolution_desc_t d;
    if (dnnl_dilated_deconvolution_forward_desc_init(&d, kind, dnnl_deconvolution_direct, x, &c->w_any, bias,
                                                     y, c->stride, c->dilation, c->lo, c->hi) != dnnl_success)
      return NULL;
    return vt__pd(&d, f->npost, f->post, NULL);
  }
  dnnl_convolution_desc_t d;
  if (dnnl_dilated_convolution_forward_desc_init(&d, kind, dnnl_convolution_direct, x, &c->w_any, bias, y,
                                                 c->stride, c->dilation, c->lo, c->hi) != dnnl_success)
    return NULL;
  return vt__pd(&d, f->npost, f->post, NULL);
}

static int accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  struct forward f;
  enum vt_dtype type = vt__want(n);
  struct vt_slot *x = &n->in[X], *y = &n->out[0];
  if (n->in[W].dtype != VT_F32) return vt__refuse(reason, size, "weight is not f32");
  if (n->nin > GATE && n->in[GATE].used) return vt__refuse(reason, size, "takes no gate");
  if (!describe(&f, n, type)) return vt__refuse(reason, size, "shapes or attributes out of its range");
  x->dtype = y->dtype = type;
  n->in[W].block = VT_PLAIN;
  if (n->nin > B && n->in[B].used) n->in[B].dtype = VT_F32;
  if (!vt__conv_layouts(n, x, y, make, &f))
    return vt__refuse(reason, size, "oneDNN has only its reference for it");
  if (n->in[W].constant) n->in[W].packed = true;
  if (n->nin > RESIDUAL && n->in[RESIDUAL].used) {
    n->in[RESIDUAL].dtype = y->dtype;
    n->in[RESIDUAL].block = y->block;
  }
  return 1;
}

static void release(void *p)
{
  struct vt__conv_ready *s = p;
  if (s) vt__conv_ready_clear(s);
  vt_free(s);
}

static int prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct forward f;
  struct vt__conv_ready *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "convolution");
  int rc = VT_OK;
  if (!describe(&f, n, n->in[X].dtype) || !vt__md_slot(&s->x, &n->in[X]) || !vt__md_slot(&s->y, &n->out[0]))
    rc = vt_fail(e, VT_EUNSUPPORTED, "convolution: shapes out of range");
  if (!rc) rc = vt__conv_ready_init(s, make(&f, &s->x, &s->y), &f.c, &n->in[W], n->threads, scratch, e);
  s->residual = !rc && f.npost && f.post[0].sum;
  if (rc) {
    release(s);
    s = NULL;
  }
  *out = s;
  return rc;
}

static int run(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct vt__conv_ready *s = state;
  return vt__conv_ready_run(s, a->scratch, a->in[X], a->in[W], a->node->nin > B ? a->in[B] : NULL,
                            s->residual ? a->in[RESIDUAL] : NULL, a->out[0], e);
}

static const struct vt_kernel_desc conv = {"onednn conv", "Conv", accepts, prepare, run, release};
static const struct vt_kernel_desc fused = {"onednn conv", "ai.vitrine:ConvFused", accepts, prepare, run,
                                            release};
static const struct vt_kernel_desc transpose = {"onednn deconv", "ConvTranspose", accepts, prepare, run,
                                                release};
const struct vt_kernel_desc *const vt_kernels_conv[] = {&conv, &fused, &transpose, NULL};
