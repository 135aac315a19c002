/* ai.vitrine:ConvInt8 by oneDNN's int8 convolutions, channels-last.
 *
 * Processors without VNNI multiply by vpmaddubsw, which adds two products u8 x s8 in 16 bits that saturate:
 * 255 (w1 + w2) must stay below 2^15, so weights beyond 64 are refused there (oneDNN itself only takes care
 * of that for s8 maps, by halving the weights). Maps are u8 throughout.
 *
 * oneDNN computes act(S[m] (sum + b[m]) + R (r - zr)) + zy. Where act(k v) = k act(v) the division by sy goes
 * into S and R, else it follows the activation. */
#include "backend/onednn/conv_common.h"
#include "ops/ops.h"

#include <math.h>
#include <stdlib.h>

enum { SAFE_WEIGHT = 64 };

struct forward {
  struct vt_slot x, w, y; /* matrices as pictures of one pixel */
  struct vt__conv c;
  bool bias;
  double sx, sr, sy;
  int32_t zx, zr, zy;
  int64_t scales;
  const float *sw; /* (scales) */
  enum vt_act act;
  float alpha, beta;
  bool residual;
};

struct state {
  struct vt__conv_ready conv;
  float *shift; /* (M): the bias in units of the sum; NULL: none */
};

static bool exact(const struct vt_plan_node *n)
{
  dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
  return n->isa >= VT_ISA_AVX512_BF16 ||
         (isa & dnnl_cpu_isa_avx512_core_vnni) == dnnl_cpu_isa_avx512_core_vnni ||
         (isa & dnnl_cpu_isa_avx2_vnni) == dnnl_cpu_isa_avx2_vnni;
}

static bool known(const struct vt_plan_node *n, int i, enum vt_dtype t)
{
  return i < n->nin && n->in[i].used && n->in[i].constant && n->in[i].constant->dtype == t;
}

static bool scale_zero(const struct vt_plan_node *n, int i, double *scale, int32_t *zero)
{
  if (!known(n, i, VT_F32) || !known(n, i + 1, VT_U8)) return false;
  const struct vt_tensor *s = n->in[i].constant, *z = n->in[i + 1].constant;
  if (vt_tensor_count(s) != 1 || vt_tensor_count(z) != 1) return false;
  *scale = vt_tensor_get(s, 0);
  *zero = (int32_t)vt_tensor_get(z, 0);
  return *scale > 0 && isfinite(*scale);
}

static bool homogeneous(enum vt_act a)
{
  return a == VT_ACT_NONE || a == VT_ACT_RELU || a == VT_ACT_LEAKY_RELU || a == VT_ACT_CLIP;
}

static struct vt_slot picture(const struct vt_slot *s)
{
  struct vt_slot p = *s;
  if (s->rank != 2) return p;
  p.rank = 4;
  p.dim[2] = p.dim[3] = 1;
  p.block = VT_NHWC;
  return p;
}

static const char *describe(struct forward *f, const struct vt_plan_node *n)
{
  const struct vt_conv_attrs *a = n->node->attrs;
  const struct vt_slot *x = &f->x, *w = &f->w, *y = &f->y;
  struct vt_window win;
  dnnl_alg_kind_t alg;
  float s, p, q;
  *f = (struct forward){.sy = 1,
                        .act = (enum vt_act)a->activation,
                        .alpha = a->alpha,
                        .beta = a->beta,
                        .x = picture(&n->in[VT_Q_X]),
                        .w = picture(&n->in[VT_Q_W]),
                        .y = picture(&n->out[0])};
  if (x->rank != 4) return "not two-dimensional";
  if (x->dtype != VT_U8 || w->dtype != VT_I8 || (y->dtype != VT_U8 && y->dtype != VT_F32))
    return "not of u8 maps";
  if (!known(n, VT_Q_W, VT_I8) || !known(n, VT_Q_W_SCALE, VT_F32)) return "weights are not constant";
  if (!scale_zero(n, VT_Q_X_SCALE, &f->sx, &f->zx)) return "the input's scale is no constant above zero";
  if (y->dtype == VT_U8 && !scale_zero(n, VT_Q_Y_SCALE, &f->sy, &f->zy))
    return "the output's scale is no constant above zero";
  f->residual = n->nin > VT_Q_RESIDUAL && n->in[VT_Q_RESIDUAL].used;
  if (f->residual && (y->dtype != VT_U8 || n->in[VT_Q_RESIDUAL].dtype != VT_U8 ||
                      !scale_zero(n, VT_Q_R_SCALE, &f->sr, &f->zr)))
    return "residual or its sum is not of u8";
  f->bias = n->nin > VT_Q_BIAS && n->in[VT_Q_BIAS].used;
  if (f->bias && !known(n, VT_Q_BIAS, VT_F32)) return "bias is not constant";
  if (f->act != VT_ACT_NONE && !vt__act_alg(f->act, f->alpha, f->beta, &alg, &s, &p, &q))
    return "activation that oneDNN does not have";
  f->sw = n->in[VT_Q_W_SCALE].constant->data;
  f->scales = vt_tensor_count(n->in[VT_Q_W_SCALE].constant);
  if (f->scales != 1 && f->scales != w->dim[0]) return "scales do not fit the weights";
  for (int64_t i = 0; i < f->scales; i++)
    if (!(f->sw[i] > 0) || !isfinite(f->sw[i])) return "a weight's scale is not above zero";
  if (vt_conv_window(&win, n->node, x->rank, x->dim, w->dim, NULL) ||
      !vt__conv_init(&f->c, &win, x->rank, x->dim, y->dim, a->group, false, VT_I8, VT_I8))
    return "shapes or attributes out of its range";
  return NULL;
}

static dnnl_status_t post_ops(dnnl_post_ops_t ops, const struct forward *f)
{
  dnnl_alg_kind_t alg;
  float scale, a, b, sy = (float)f->sy;
  bool inside = homogeneous(f->act);
  dnnl_status_t s = dnnl_success;
  if (f->residual)
    s = dnnl_post_ops_append_sum_v3(ops, (float)(inside ? f->sr / f->sy : f->sr), f->zr,
                                    dnnl_data_type_undef);
  if (s != dnnl_success || f->act == VT_ACT_NONE) return s;
  vt__act_alg(f->act, f->alpha, f->beta, &alg, &scale, &a, &b);
  if (f->act == VT_ACT_CLIP) a /= sy, b /= sy;
  return dnnl_post_ops_append_eltwise(ops, inside ? scale : scale / sy, alg, a, b);
}

/* Output scales S[m]; M of them, from vt_malloc. */
static float *output_scales(const struct forward *f, int64_t m)
{
  float *s = vt_calloc((size_t)m, sizeof *s);
  double k = homogeneous(f->act) ? f->sx / f->sy : f->sx;
  for (int64_t i = 0; s && i < m; i++) s[i] = (float)(k * (double)f->sw[f->scales > 1 ? i : 0]);
  return s;
}

static dnnl_primitive_desc_t make(const struct forward *f, const dnnl_memory_desc_t *x,
                                  const dnnl_memory_desc_t *y)
{
  const struct vt__conv *c = &f->c;
  int64_t m = f->y.dim[1];
  dnnl_convolution_desc_t d;
  dnnl_primitive_desc_t pd = NULL;
  dnnl_primitive_attr_t attr = NULL;
  dnnl_post_ops_t ops = NULL;
  dnnl_engine_t eng = vt__dnnl_engine();
  float *scale = output_scales(f, m);
  dnnl_status_t s = eng && scale ? dnnl_primitive_attr_create(&attr) : dnnl_runtime_error;
  if (s == dnnl_success)
    s = dnnl_dilated_convolution_forward_desc_init(&d, dnnl_forward_inference, dnnl_convolution_direct, x,
                                                   &c->w_any, f->bias ? &c->bias : NULL, y, c->stride,
                                                   c->dilation, c->lo, c->hi);
  if (s == dnnl_success) s = dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user);
  if (s == dnnl_success) s = dnnl_primitive_attr_set_output_scales(attr, m, m > 1 ? 2 : 0, scale);
  if (s == dnnl_success && f->zx) s = dnnl_primitive_attr_set_zero_points(attr, DNNL_ARG_SRC, 1, 0, &f->zx);
  if (s == dnnl_success && f->zy) s = dnnl_primitive_attr_set_zero_points(attr, DNNL_ARG_DST, 1, 0, &f->zy);
  if (s == dnnl_success) s = dnnl_post_ops_create(&ops);
  if (s == dnnl_success) s = post_ops(ops, f);
  if (s == dnnl_success) s = dnnl_primitive_attr_set_post_ops(attr, ops);
  if (s == dnnl_success && dnnl_primitive_desc_create(&pd, &d, attr, eng, NULL) != dnnl_success) pd = NULL;
  if (ops) dnnl_post_ops_destroy(ops);
  if (attr) dnnl_primitive_attr_destroy(attr);
  vt_free(scale);
  return pd;
}

/* Whether oneDNN has a fast primitive, and can pack the weights for it. */
static bool served(const struct forward *f)
{
  dnnl_memory_desc_t x, y, w;
  dnnl_primitive_desc_t pack = NULL;
  if (!vt__md_slot(&x, &f->x) || !vt__md_slot(&y, &f->y)) return false;
  dnnl_primitive_desc_t pd = make(f, &x, &y);
  if (!pd) return false;
  bool good = vt__pd_score(pd) == VT__SCORE_JIT;
  w = vt__pd_md(pd, dnnl_query_weights_md);
  dnnl_primitive_desc_destroy(pd);
  good = good && dnnl_reorder_primitive_desc_create(&pack, &f->c.w_plain, vt__dnnl_engine(), &w,
                                                    vt__dnnl_engine(), NULL) == dnnl_success;
  if (pack) dnnl_primitive_desc_destroy(pack);
  return good;
}

static bool beyond(const struct vt_tensor *w, int most)
{
  const int8_t *q = w->data;
  int64_t n = vt_tensor_count(w);
  int largest = 0;
  for (int64_t i = 0; i < n; i++) largest = abs(q[i]) > largest ? abs(q[i]) : largest;
  return largest > most;
}

static int accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  struct forward f;
  const char *why = describe(&f, n);
  if (why) return vt__refuse(reason, size, "%s", why);
  bool wide = exact(n);
  if (!wide && beyond(n->in[VT_Q_W].constant, SAFE_WEIGHT))
    return vt__refuse(reason, size, "weights beyond %d would overflow 16 bits on this processor",
                      SAFE_WEIGHT);
  if (!wide && f.w.dim[1] == 1 && f.w.dim[0] > 1)
    return vt__refuse(reason, size, "depthwise: not faster than in floats on this processor");
  f.x.block = f.y.block = VT_NHWC;
  n->in[VT_Q_W].block = VT_PLAIN;
  if (n->in[VT_Q_X].rank == 4) n->in[VT_Q_X].block = n->out[0].block = VT_NHWC;
  if (f.residual) n->in[VT_Q_RESIDUAL].block = n->out[0].block;
  if (!served(&f)) return vt__refuse(reason, size, "oneDNN has no fast int8 convolution for it");
  for (int i = 0; i < n->nin; i++) n->in[i].packed = n->in[i].constant != NULL;
  return 1;
}

static void release(void *p)
{
  struct state *s = p;
  if (!s) return;
  vt__conv_ready_clear(&s->conv);
  vt_free(s->shift);
  vt_free(s);
}

static int make_shift(struct state *s, const struct forward *f, const struct vt_plan_node *n,
                      struct vt_err *e)
{
  if (!f->bias) return VT_OK;
  int64_t m = n->out[0].dim[1];
  s->shift = vt_aligned((size_t)m * sizeof *s->shift);
  if (!s->shift) return vt_fail(e, VT_ENOMEM, "int8 convolution");
  const float *b = n->in[VT_Q_BIAS].constant->data;
  for (int64_t i = 0; i < m; i++)
    s->shift[i] = (float)((double)b[i] / (f->sx * (double)f->sw[f->scales > 1 ? i : 0]));
  return VT_OK;
}

static int prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct forward f;
  struct state *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "int8 convolution");
  const char *why = describe(&f, n);
  struct vt__conv_ready *c = &s->conv;
  int rc = why || !vt__md_slot(&c->x, &f.x) || !vt__md_slot(&c->y, &f.y)
               ? vt_fail(e, VT_EUNSUPPORTED, "int8 convolution: %s", why ? why : "slots out of range")
               : make_shift(s, &f, n, e);
  if (!rc) rc = vt__conv_ready_init(c, make(&f, &c->x, &c->y), &f.c, &n->in[VT_Q_W], n->threads, scratch, e);
  c->residual = f.residual;
  if (rc) {
    release(s);
    s = NULL;
  }
  *out = s;
  return rc;
}

static int run(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct state *s = state;
  return vt__conv_ready_run(&s->conv, a->scratch, a->in[VT_Q_X], NULL, s->shift,
                            s->conv.residual ? a->in[VT_Q_RESIDUAL] : NULL, a->out[0], e);
}

static const struct vt_kernel_desc conv = {"onednn int8", "ai.vitrine:ConvInt8", accepts, prepare, run,
                                           release};
const struct vt_kernel_desc *const vt_kernels_conv_int8[] = {&conv, NULL};
