/* ai.vitrine: SgdMomentum, Adam, AdamW, Ema and GlobalNorm: one pass over the weights. */
#include "backend/kernel_util.h"
#include "backend/native/fast.h"
#include <math.h>

enum kind { MOMENTUM, ADAM, ADAMW, EMA };

struct state {
  enum kind kind;
  int64_t n;
  float momentum, decay, beta1, beta2, epsilon;
  bool nesterov;
  enum vt_dtype scalar[VT_MAX_IN]; /* of each input */
};

static enum kind kind_of(const struct vt_node *n)
{
  const char *name = n->op->name;
  return !strcmp(name, "SgdMomentum") ? MOMENTUM
         : !strcmp(name, "Adam")      ? ADAM
         : !strcmp(name, "AdamW")     ? ADAMW
                                      : EMA;
}

/* Inputs that are tensors like the weight, not scalars. */
static int tensors(enum kind k)
{
  return k == MOMENTUM ? 3 : k == EMA ? 2 : 4;
}

static int accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  enum kind k = kind_of(n->node);
  for (int i = 0; i < n->nin; i++) {
    if (i < tensors(k) && !vt__is_real(&n->in[i])) return vt__refuse(reason, size, "not of f32 or bf16");
    if (i < tensors(k)) n->in[i].dtype = VT_F32;
    n->in[i].block = VT_PLAIN;
  }
  for (int i = 0; i < n->nout; i++) {
    if (!n->out[i].used) return vt__refuse(reason, size, "output %d is not taken", i);
    n->out[i].dtype = VT_F32;
    n->out[i].block = VT_PLAIN;
  }
  return 1;
}

static int prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct state *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "optimiser");
  const struct vt_node *d = n->node;
  s->kind = kind_of(d);
  s->n = vt_dims_count(n->in[0].rank, n->in[0].dim);
  s->momentum = vt__attr_float(d, "momentum", 0);
  s->beta1 = vt__attr_float(d, "beta1", 0);
  s->beta2 = vt__attr_float(d, "beta2", 0);
  s->epsilon = vt__attr_float(d, "epsilon", 0);
  s->nesterov = vt__attr_int(d, "nesterov", 0) != 0;
  s->decay = s->kind == EMA ? vt__attr_float(d, "decay", 0) : vt__attr_float(d, "weight_decay", 0);
  for (int i = 0; i < n->nin; i++) s->scalar[i] = n->in[i].dtype;
  *scratch = 0;
  *out = s;
  return VT_OK;
}

static float scalar(const struct state *s, const struct vt_run_args *a, int i, float otherwise)
{
  if (i >= a->node->nin || !a->in[i]) return otherwise;
  struct vt_tensor t = vt_tensor_view(s->scalar[i], 0, NULL, a->in[i]);
  return (float)vt_tensor_get(&t, 0);
}

#define P(array, i) ((float *)(array)[i] + at)

static int run(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct state *s = state;
  const struct vt__fast *f = vt__fast();
  bool adam = s->kind == ADAM || s->kind == ADAMW;
  float lr = s->kind == EMA ? 0 : scalar(s, a, adam ? 4 : 3, 0), scale = scalar(s, a, adam ? 6 : 4, 1);
  double t = adam ? VT_MAX((double)scalar(s, a, 5, 1), 1) : 1;
  float c1 = adam ? (float)(1 / (1 - pow((double)s->beta1, t))) : 1;
  float c2 = adam ? (float)(1 / (1 - pow((double)s->beta2, t))) : 1;
  float keep = s->kind == ADAMW ? 1 - lr * s->decay : 1, l2 = s->kind == ADAM ? s->decay : 0;
  float decay = s->kind == EMA ? scalar(s, a, 2, s->decay) : 0;
  int64_t chunks = (s->n + VT__CHUNK - 1) / VT__CHUNK;
#pragma omp parallel for schedule(static) if (chunks > 8)
  for (int64_t c = 0; c < chunks; c++) {
    int64_t at = c * VT__CHUNK, n = VT_MIN(VT__CHUNK, s->n - at);
    if (adam)
      f->adam(P(a->in, 0), P(a->in, 1), P(a->in, 2), P(a->in, 3), scale, lr, s->beta1, s->beta2, s->epsilon,
              l2, keep, c1, c2, P(a->out, 0), P(a->out, 1), P(a->out, 2), n);
    else if (s->kind == MOMENTUM)
      f->momentum(P(a->in, 0), P(a->in, 1), P(a->in, 2), scale, lr, s->momentum, s->decay, s->nesterov,
                  P(a->out, 0), P(a->out, 1), n);
    else
      f->blend(decay, P(a->in, 0), P(a->in, 1), P(a->out, 0), n);
  }
  return VT_OK;
}

/* ---- GlobalNorm ---- */
struct norm {
  int n;
  int64_t count[VT_MAX_IN];
};

static int norm_accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  for (int i = 0; i < n->nin; i++) {
    if (!n->in[i].used || !vt__is_real(&n->in[i])) return vt__refuse(reason, size, "not of f32 or bf16");
    n->in[i].dtype = VT_F32; /* any layout: padding is zero */
  }
  n->out[0].dtype = VT_F32;
  return 1;
}

static int norm_prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct norm *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "norm");
  s->n = n->nin;
  for (int i = 0; i < n->nin; i++) s->count[i] = vt__slot_count(&n->in[i]);
  *scratch = 0;
  *out = s;
  return VT_OK;
}

static int norm_run(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct norm *s = state;
  const struct vt__fast *f = vt__fast();
  double sum = 0;
  for (int i = 0; i < s->n; i++) {
    int64_t chunks = (s->count[i] + VT__CHUNK - 1) / VT__CHUNK;
    const float *x = a->in[i];
#pragma omp parallel for schedule(static) reduction(+ : sum) if (chunks > 8)
    for (int64_t c = 0; c < chunks; c++) {
      int64_t at = c * VT__CHUNK;
      sum += (double)f->dot(x + at, x + at, VT_MIN(VT__CHUNK, s->count[i] - at));
    }
  }
  *(float *)a->out[0] = (float)sqrt(sum);
  return VT_OK;
}

#define K(op_name)                                                                                           \
  &(const struct vt_kernel_desc)                                                                             \
  {                                                                                                          \
    "vector step", op_name, accepts, prepare, run, vt_free                                                   \
  }
static const struct vt_kernel_desc norm = {
    "vector norm", "ai.vitrine:GlobalNorm", norm_accepts, norm_prepare, norm_run, vt_free};
const struct vt_kernel_desc *const vt_kernels_optimiser[] = {K("ai.vitrine:SgdMomentum"),
                                                             K("ai.vitrine:Adam"),
                                                             K("ai.vitrine:AdamW"),
                                                             K("ai.vitrine:Ema"),
                                                             &norm,
                                                             NULL};
