/* LayerNormalization, InstanceNormalization, GroupNormalization and ai.vitrine:NormalizeGrad; formulas in
 * ops/.
 *
 * A group is a run of neighbouring elements in plain layout; instance norm also works on the panels of a
 * blocked feature map, where every lane is a group of its own. */
#include "backend/kernel_util.h"
#include "backend/native/fast.h"
#include <math.h>

enum kind { LAYER, INSTANCE, GROUP, GRADIENT };

struct state {
  enum kind kind;
  struct vt__view v;
  int64_t groups, m; /* LAYER, GROUP, GRADIENT: how many, of how many elements */
  int64_t cycle;     /* GROUP: groups of one image */
  int64_t channels;  /* GROUP: of one group */
  bool per_group;    /* GROUP: scale and bias have one entry per group */
  float epsilon;
};

static enum kind kind_of(const struct vt_node *n)
{
  const char *name = n->op->name;
  if (!strcmp(name, "LayerNormalization")) return LAYER;
  if (!strcmp(name, "InstanceNormalization")) return INSTANCE;
  return !strcmp(name, "GroupNormalization") ? GROUP : GRADIENT;
}

static int accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  enum kind k = kind_of(n->node);
  struct vt_slot *x = &n->in[k == GRADIENT];
  if (vt_dims_count(x->rank, x->dim) < 1) return vt__refuse(reason, size, "empty");
  if (k == LAYER) {
    int64_t axis = vt__attr_int(n->node, "axis", -1), from = axis < 0 ? axis + x->rank : axis;
    int64_t m = vt_dims_count(x->rank - (int)from, x->dim + from);
    for (int i = 1; i < n->nin; i++)
      if (n->in[i].used && vt_dims_count(n->in[i].rank, n->in[i].dim) != m)
        return vt__refuse(reason, size, "scale or bias is broadcast");
  }
  for (int i = 0; i < n->nin; i++) {
    if (!n->in[i].used) continue;
    if (!vt__is_real(&n->in[i])) return vt__refuse(reason, size, "not of f32 or bf16");
    n->in[i].dtype = VT_F32;
    if (k != INSTANCE || i) n->in[i].block = VT_PLAIN;
  }
  for (int i = 0; i < n->nout; i++) {
    n->out[i].dtype = VT_F32;
    n->out[i].block = k == INSTANCE ? x->block : VT_PLAIN;
  }
  return 1;
}

static int prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct state *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "normalisation");
  s->kind = kind_of(n->node);
  const struct vt_slot *x = &n->in[s->kind == GRADIENT];
  int64_t total = vt_dims_count(x->rank, x->dim), axis = vt__attr_int(n->node, "axis", -1);
  s->epsilon = vt__attr_float(n->node, "epsilon", 1e-5f);
  s->v = vt__view(x);
  if (s->kind == LAYER) s->groups = vt_dims_count((int)(axis < 0 ? axis + x->rank : axis), x->dim);
  if (s->kind == GRADIENT) s->groups = total / vt__attr_int(n->node, "inner", 1);
  if (s->kind == GROUP) {
    s->cycle = vt__attr_int(n->node, "num_groups", 1);
    s->groups = x->dim[0] * s->cycle;
    s->channels = x->dim[1] / s->cycle;
    s->per_group = n->node->op->until && n->node->op->until < 21;
  }
  s->m = s->groups ? total / s->groups : 0;
  *scratch = s->kind == INSTANCE ? sizeof(float) * (size_t)(2 * s->v.n * s->v.cb * s->v.b) : 0;
  *out = s;
  return VT_OK;
}

/* y = (x − μ) inv scale + bias, with scale and bias element by element. */
static void layer(const struct state *s, const struct vt_run_args *a, int64_t k)
{
  const struct vt__fast *f = vt__fast();
  const float *x = (const float *)a->in[0] + k * s->m;
  float *y = (float *)a->out[0] + k * s->m, mean, m2;
  f->moments(x, s->m, 1, &mean, &m2);
  float inv = 1 / sqrtf(m2 / (float)s->m + s->epsilon), q = -mean * inv;
  f->affine(x, s->m, 1, &inv, &q, y);
  f->binary(VT__MUL, y, 1, a->in[1], 1, y, s->m);
  if (a->node->nin > 2 && a->in[2]) f->binary(VT__ADD, y, 1, a->in[2], 1, y, s->m);
  if (a->node->nout > 1 && a->out[1]) ((float *)a->out[1])[k] = mean;
  if (a->node->nout > 2 && a->out[2]) ((float *)a->out[2])[k] = inv;
}

static void group(const struct state *s, const struct vt_run_args *a, int64_t k)
{
  const struct vt__fast *f = vt__fast();
  const float *x = (const float *)a->in[0] + k * s->m, *scale = a->in[1], *bias = a->in[2];
  float *y = (float *)a->out[0] + k * s->m, mean, m2;
  int64_t plane = s->m / s->channels;
  f->moments(x, s->m, 1, &mean, &m2);
  float inv = 1 / sqrtf(m2 / (float)s->m + s->epsilon);
  for (int64_t c = 0; c < s->channels; c++) {
    int64_t at = s->per_group ? k % s->cycle : k % s->cycle * s->channels + c;
    float p = inv * scale[at], q = bias[at] - mean * p;
    f->affine(x + c * plane, plane, 1, &p, &q, y + c * plane);
  }
}

static void instance(const struct state *s, const struct vt_run_args *a, int64_t k)
{
  const struct vt__fast *f = vt__fast();
  const struct vt__view *v = &s->v;
  const float *scale = a->in[1], *bias = a->in[2];
  int64_t at = k * v->hw * v->b, lane = k % v->cb * v->b;
  float *p = (float *)a->scratch + 2 * k * v->b, *q = p + v->b;
  f->moments((const float *)a->in[0] + at, v->hw, v->b, q, p);
  for (int64_t j = 0; j < v->b; j++) {
    bool real = lane + j < v->c;
    float mean = q[j];
    p[j] = real ? scale[lane + j] / sqrtf(p[j] / (float)v->hw + s->epsilon) : 0;
    q[j] = real ? bias[lane + j] - mean * p[j] : 0;
  }
  f->affine((const float *)a->in[0] + at, v->hw, v->b, p, q, (float *)a->out[0] + at);
}

/* dx = inv (dx̂ − mean(dx̂) − x̂ mean(dx̂ x̂)): an affine map of dx̂ and x. */
static void gradient(const struct state *s, const struct vt_run_args *a, int64_t k)
{
  const struct vt__fast *f = vt__fast();
  const float *d = (const float *)a->in[0] + k * s->m, *x = (const float *)a->in[1] + k * s->m;
  float mean, m2, sd, sdx, m = (float)s->m;
  f->moments_grad(x, d, s->m, 1, &mean, &m2, &sd, &sdx);
  float inv = 1 / sqrtf(m2 / m + s->epsilon), q = -inv * inv * inv * sdx / m, r = -inv * sd / m - q * mean;
  float shift = -mean * inv;
  f->affine2(x, d, s->m, 1, &inv, &q, &r, (float *)a->out[0] + k * s->m);
  if (a->node->nout > 1 && a->out[1]) f->affine(x, s->m, 1, &inv, &shift, (float *)a->out[1] + k * s->m);
}

static int run(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct state *s = state;
  int64_t jobs = s->kind == INSTANCE ? s->v.n * s->v.cb : s->groups;
#pragma omp parallel for schedule(static)
  for (int64_t k = 0; k < jobs; k++) {
    switch (s->kind) {
    case LAYER: layer(s, a, k); break;
    case GROUP: group(s, a, k); break;
    case INSTANCE: instance(s, a, k); break;
    case GRADIENT: gradient(s, a, k); break;
    }
  }
  return VT_OK;
}

#define K(op_name)                                                                                           \
  &(const struct vt_kernel_desc)                                                                             \
  {                                                                                                          \
    "vector norm", op_name, accepts, prepare, run, vt_free                                                   \
  }
const struct vt_kernel_desc *const vt_kernels_norm[] = {K("LayerNormalization"), K("InstanceNormalization"),
                                                        K("GroupNormalization"),
                                                        K("ai.vitrine:NormalizeGrad"), NULL};
