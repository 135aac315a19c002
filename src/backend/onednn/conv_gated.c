/* 1x1 convolutions of a map times a gate (N, C, 1, 1), as squeeze-and-excitation has them. The gate goes to
 * the weights,
 *
 *   W (g ∘ x) = (W diag g) x,
 *
 * one image after the other: where a map has more pixels than the weight has rows, this saves a pass over
 * it. */
#include "backend/onednn/conv_common.h"

enum { X, W, B, RESIDUAL, GATE };
enum { MANY = 512 }; /* pixels: where a call for each of several images costs less than the pass */

struct form {
  struct vt__conv c;
  dnnl_memory_desc_t x, y, w; /* of one image; packed */
  bool bias;
  int npost;
  struct vt__post post[VT__MAX_POST];
};

struct state {
  dnnl_memory_desc_t x, y, bias;
  struct vt__weights w;
  struct vt__prim conv;
  bool residual;
  int threads;
  int64_t images, m, c,
      block;     /* m, c: rounded up to whole blocks; w lies as (m / block, c / block, c', m') */
  int64_t gates; /* channels of the gate */
};

static bool used(const struct vt_plan_node *n, int i)
{
  return n->nin > i && n->in[i].used;
}

static struct vt_slot one_image(const struct vt_slot *s)
{
  struct vt_slot one = *s;
  one.dim[0] = 1;
  return one;
}

static bool describe(struct form *f, const struct vt_plan_node *n)
{
  const struct vt_conv_attrs *a = n->node->attrs;
  struct vt_slot x = one_image(&n->in[X]), y = one_image(&n->out[0]);
  struct vt_window win;
  *f = (struct form){.bias = used(n, B)};
  if (vt_conv_window(&win, n->node, 4, x.dim, n->in[W].dim, NULL)) return false;
  if (used(n, RESIDUAL)) f->post[f->npost++] = (struct vt__post){.sum = true};
  if (a->activation != VT_ACT_NONE)
    f->post[f->npost++] =
        (struct vt__post){.act = (enum vt_act)a->activation, .alpha = a->alpha, .beta = a->beta};
  if (!vt__conv_init(&f->c, &win, 4, x.dim, y.dim, 1, false, VT_F32, VT_F32)) return false;
  if (!vt__md_slot(&f->x, &x) || !vt__md_slot(&f->y, &y)) return false;
  dnnl_format_tag_t tag = n->block == 16 ? dnnl_ABcd16b16a : dnnl_ABcd8b8a;
  return dnnl_memory_desc_init_by_tag(&f->w, 4, f->c.wdim, dnnl_f32, tag) == dnnl_success;
}

static dnnl_primitive_desc_t make(const struct form *f)
{
  const struct vt__conv *c = &f->c;
  dnnl_convolution_desc_t d;
  if (dnnl_convolution_forward_desc_init(&d, dnnl_forward_inference, dnnl_convolution_direct, &f->x, &f->w,
                                         f->bias ? &c->bias : NULL, &f->y, c->stride, c->lo,
                                         c->hi) != dnnl_success)
    return NULL;
  return vt__pd(&d, f->npost, f->post, NULL);
}

/* A dense 1x1 convolution of blocked maps, gated per channel. */
static bool fits(const struct vt_plan_node *n)
{
  const struct vt_conv_attrs *a = n->node->attrs;
  const struct vt_slot *x = &n->in[X], *w = &n->in[W], *y = &n->out[0], *g = &n->in[GATE];
  if (x->rank != 4 || g->rank != 4 || a->group != 1 || w->dim[2] != 1 || w->dim[3] != 1) return false;
  if (g->dim[0] != x->dim[0] || g->dim[1] != x->dim[1] || g->dim[2] != 1 || g->dim[3] != 1) return false;
  return x->dim[2] == y->dim[2] && x->dim[3] == y->dim[3] && x->dim[1] >= n->block && y->dim[1] >= n->block;
}

static int accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  struct form f;
  struct vt_slot *x = &n->in[X], *y = &n->out[0];
  if (!used(n, GATE)) return vt__refuse(reason, size, "no gate");
  if (vt__want(n) != VT_F32 || n->in[W].dtype != VT_F32)
    return vt__refuse(reason, size, "computes in f32 only");
  if (n->block != 8 && n->block != 16) return vt__refuse(reason, size, "maps are not in blocks");
  if (!n->in[W].constant) return vt__refuse(reason, size, "the weight is not constant");
  if (!fits(n)) return vt__refuse(reason, size, "no dense 1x1 convolution with a gate per channel");
  if (x->dim[2] * x->dim[3] < (x->dim[0] == 1 ? y->dim[1] : MANY))
    return vt__refuse(reason, size, "too few pixels in an image to gain");
  x->dtype = y->dtype = n->in[GATE].dtype = VT_F32;
  x->block = y->block = n->block;
  n->in[W].block = n->in[GATE].block = VT_PLAIN;
  n->in[W].packed = true;
  if (used(n, B)) n->in[B].dtype = VT_F32;
  if (used(n, RESIDUAL)) {
    n->in[RESIDUAL].dtype = VT_F32;
    n->in[RESIDUAL].block = n->block;
  }
  dnnl_primitive_desc_t pd = describe(&f, n) ? make(&f) : NULL;
  bool good = pd && vt__pd_score(pd) == VT__SCORE_JIT;
  if (pd) dnnl_primitive_desc_destroy(pd);
  return good ? 1 : vt__refuse(reason, size, "oneDNN has only its reference for it");
}

static void release(void *p)
{
  struct state *s = p;
  if (!s) return;
  vt__prim_clear(&s->conv);
  vt__weights_clear(&s->w);
  vt_free(s);
}

static int prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct form f;
  struct state *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "convolution");
  int rc = VT_OK;
  if (!describe(&f, n)) rc = vt_fail(e, VT_EUNSUPPORTED, "convolution: shapes out of range");
  if (!rc) rc = vt__prim_init(&s->conv, make(&f), n->threads, e);
  if (!rc) rc = vt__weights_init(&s->w, &f.c.w_plain, &f.w, &n->in[W], n->threads, e);
  if (rc) {
    release(s);
    s = NULL;
  } else {
    s->x = f.x;
    s->y = f.y;
    s->bias = f.c.bias;
    s->residual = used(n, RESIDUAL);
    s->threads = VT_MAX(n->threads, 1);
    s->block = n->block;
    s->images = n->in[X].dim[0];
    s->gates = n->in[X].dim[1];
    s->c = (s->gates + s->block - 1) / s->block * s->block;
    s->m = (n->out[0].dim[1] + s->block - 1) / s->block * s->block;
    *scratch = vt__round64(s->conv.scratch) + (size_t)(s->images * s->m * s->c) * sizeof(float);
  }
  *out = s;
  return rc;
}

/* Output channels m .. m + block of one image's weights. */
static void scale_rows(const struct state *s, int64_t m, const float *gate, float *to)
{
  const float *from = (const float *)s->w.packed + m * s->c;
  to += m * s->c;
  for (int64_t c = 0; c < s->c; c++, from += s->block, to += s->block) {
    float g = c < s->gates ? gate[c] : 0;
    for (int64_t i = 0; i < s->block; i++) to[i] = g * from[i];
  }
}

static int run(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct state *s = state;
  size_t xbytes = vt__md_bytes(&s->x), ybytes = vt__md_bytes(&s->y);
  const float *gate = a->in[GATE];
  float *w = (float *)((char *)a->scratch + vt__round64(s->conv.scratch));
  int64_t size = s->m * s->c, rows = s->m / s->block;
  if (s->residual && a->in[RESIDUAL] != a->out[0])
    memcpy(a->out[0], a->in[RESIDUAL], ybytes * (size_t)s->images);
#pragma omp parallel for num_threads(s->threads) schedule(static)
  for (int64_t i = 0; i < s->images * rows; i++)
    scale_rows(s, i % rows * s->block, gate + i / rows * s->gates, w + i / rows * size);
  int rc = VT_OK;
  for (int64_t n = 0; n < s->images && !rc; n++)
    rc = vt__prim_run(&s->conv, a->scratch, 4,
                      (struct vt__arg[]){{DNNL_ARG_SRC, &s->x, (char *)a->in[X] + (size_t)n * xbytes},
                                         {DNNL_ARG_WEIGHTS, &s->w.md, w + n * size},
                                         {DNNL_ARG_BIAS, &s->bias, a->node->nin > B ? a->in[B] : NULL},
                                         {DNNL_ARG_DST, &s->y, (char *)a->out[0] + (size_t)n * ybytes}},
                      e);
  return rc;
}

static const struct vt_kernel_desc gated = {
    "onednn gated conv", "ai.vitrine:ConvFused", accepts, prepare, run, release};
const struct vt_kernel_desc *const vt_kernels_conv_gated[] = {&gated, NULL};
