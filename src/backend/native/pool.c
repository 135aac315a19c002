/* MaxPool, AveragePool, GlobalAveragePool, GlobalMaxPool and the gradients of the first three, on feature
 * maps.
 *
 * One output row of one panel at a time, b channels side by side. The gradient of MaxPool looks for the
 * maximum again, with the reference's rule (the first largest wins), so that nothing needs to be kept from
 * the forward run. */
#include "backend/kernel_util.h"
#include "backend/native/fast.h"
#include "backend/native/pool.h"

enum kind { MAX, AVERAGE, GLOBAL_AVERAGE, GLOBAL_MAX };

struct state {
  enum kind kind;
  bool grad;
  struct vt_window w;
  struct vt__view x; /* of the large side */
  int64_t out;       /* rows of a panel of the small side */
  bool include_pad;
  int threads;
  enum vt_dtype in[2], to;
  int64_t room; /* floats of scratch per thread: panels of bf16 as floats */
};

static enum kind kind_of(const struct vt_node *n)
{
  const char *name = n->op->name;
  if (!strncmp(name, "MaxPool", 7)) return MAX;
  if (!strncmp(name, "AveragePool", 11)) return AVERAGE;
  return !strcmp(name, "GlobalMaxPool") ? GLOBAL_MAX : GLOBAL_AVERAGE;
}

static int accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  bool grad = strstr(n->node->op->name, "Grad") != NULL;
  struct vt_slot *x = &n->in[grad], *y = grad ? &n->in[0] : &n->out[0];
  if (x->rank != 4) return vt__refuse(reason, size, "not two-dimensional");
  if (!vt__is_real(x)) return vt__refuse(reason, size, "not of f32 or bf16");
  if (n->nout > 1 && n->out[1].used) return vt__refuse(reason, size, "indices asked for");
  for (int i = 0; i < n->nin; i++)
    if (vt__want(n) != VT_BF16 || !vt__is_real(&n->in[i])) n->in[i].dtype = VT_F32;
  if (vt__want(n) != VT_BF16) n->out[0].dtype = VT_F32;
  int block = vt__prefer(n, x);
  if (grad && x->block == VT_PLAIN && y->block != VT_PLAIN) block = y->block;
  x->block = y->block = n->out[0].block = block;
  return 1;
}

static int prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct state *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "pooling");
  s->kind = kind_of(n->node);
  s->grad = strstr(n->node->op->name, "Grad") != NULL;
  const struct vt_slot *x = &n->in[s->grad];
  s->x = vt__view(x);
  s->out = 1;
  int rc = VT_OK;
  if (s->kind == MAX || s->kind == AVERAGE) {
    const struct vt_pool_attrs *a = n->node->attrs;
    rc = vt_pool_window(&s->w, n->node, x->rank, x->dim, e);
    s->out = s->w.out[1] * s->w.out[2];
    s->include_pad = s->kind == AVERAGE && a->count_include_pad != 0;
  }
  if (rc) {
    vt_free(s);
    return rc;
  }
  s->threads = VT_MAX(n->threads, 1);
  s->in[0] = n->in[0].dtype;
  s->in[1] = n->in[VT_MIN(1, n->nin - 1)].dtype;
  s->to = n->out[0].dtype;
  bool plain = s->in[0] == VT_F32 && s->in[1] == VT_F32 && s->to == VT_F32;
  s->room = plain ? 0 : (2 * s->x.hw + s->out) * s->x.b;
  *scratch = sizeof(float) * (size_t)(s->room * s->threads);
  *out = s;
  return VT_OK;
}

struct place {
  int64_t base[2], lo[2], hi[2];
  float share; /* 1 / divisor */
};

static struct place place(const struct state *s, int64_t oh, int64_t ow)
{
  struct place p;
  vt__taps(&s->w, 1, oh, &p.base[0], &p.lo[0], &p.hi[0]);
  vt__taps(&s->w, 2, ow, &p.base[1], &p.lo[1], &p.hi[1]);
  int64_t n = VT_MAX(p.hi[0] - p.lo[0], 0) * VT_MAX(p.hi[1] - p.lo[1], 0);
  if (s->include_pad) n = vt__padded_taps(&s->w, 1, oh) * vt__padded_taps(&s->w, 2, ow);
  p.share = 1 / (float)VT_MAX(n, 1);
  return p;
}

#define AT(kh, kw) (((p.base[0] + (kh)*s->w.dil[1]) * s->w.in[2] + p.base[1] + (kw)*s->w.dil[2]) * b)
#define EACH_TAP                                                                                             \
  for (int64_t kh = p.lo[0]; kh < p.hi[0]; kh++)                                                             \
    for (int64_t kw = p.lo[1]; kw < p.hi[1]; kw++)

static inline __attribute__((always_inline)) void forward_as(const struct state *s, const float *x, float *y,
                                                             int64_t b)
{
  for (int64_t o = 0; o < s->out; o++) {
    struct place p = place(s, o / s->w.out[2], o % s->w.out[2]);
    float *to = y + o * b;
    for (int64_t j = 0; j < b; j++) to[j] = s->kind == MAX ? -__builtin_inff() : 0;
    if (s->kind == MAX) {
      EACH_TAP
      {
        const float *from = x + AT(kh, kw);
#pragma omp simd
        for (int64_t j = 0; j < b; j++) to[j] = from[j] > to[j] ? from[j] : to[j];
      }
    } else {
      EACH_TAP
      {
        const float *from = x + AT(kh, kw);
#pragma omp simd
        for (int64_t j = 0; j < b; j++) to[j] += from[j] * p.share;
      }
    }
  }
}

static inline __attribute__((always_inline)) void max_grad_as(const struct state *s, const float *x,
                                                              const float *dy, float *dx, int64_t b)
{
  enum { LANES = 16 };
  for (int64_t o = 0; o < s->out; o++) {
    struct place p = place(s, o / s->w.out[2], o % s->w.out[2]);
    for (int64_t j0 = 0; j0 < b; j0 += LANES) {
      int64_t n = b <= LANES ? b : VT_MIN(LANES, b - j0);
      float best[LANES];
      int32_t where[LANES];
      for (int64_t j = 0; j < n; j++) {
        best[j] = -__builtin_inff();
        where[j] = -1;
      }
      EACH_TAP
      {
        int64_t at = AT(kh, kw) + j0;
#pragma omp simd
        for (int64_t j = 0; j < n; j++) {
          bool more = x[at + j] > best[j] || where[j] < 0;
          best[j] = more ? x[at + j] : best[j];
          where[j] = more ? (int32_t)at : where[j];
        }
      }
      for (int64_t j = 0; j < n; j++)
        if (where[j] >= 0) dx[where[j] + j] += dy[o * b + j0 + j];
    }
  }
}

static inline __attribute__((always_inline)) void average_grad_as(const struct state *s, const float *dy,
                                                                  float *dx, int64_t b)
{
  for (int64_t o = 0; o < s->out; o++) {
    struct place p = place(s, o / s->w.out[2], o % s->w.out[2]);
    EACH_TAP
    {
      float *to = dx + AT(kh, kw);
#pragma omp simd
      for (int64_t j = 0; j < b; j++) to[j] += dy[o * b + j] * p.share;
    }
  }
}

#define WIDTHS(F, ...)                                                                                       \
  if (s->x.b == 8)                                                                                           \
    F(__VA_ARGS__, 8);                                                                                       \
  else if (s->x.b == 16)                                                                                     \
    F(__VA_ARGS__, 16);                                                                                      \
  else                                                                                                       \
    F(__VA_ARGS__, s->x.b);

static void global(const struct state *s, const float *x, float *y)
{
  const struct vt__fast *f = vt__fast();
  int64_t b = s->x.b;
  if (s->kind == GLOBAL_AVERAGE) {
    f->lane_sum(x, s->x.hw, b, y);
    f->scale(1 / (float)s->x.hw, y, y, b);
  } else if (b == 1) {
    *y = f->max(x, s->x.hw);
  } else {
    memcpy(y, x, sizeof *y * (size_t)b);
    for (int64_t i = 1; i < s->x.hw; i++) f->binary(VT__MAX, x + i * b, 1, y, 1, y, b);
  }
}

static void forward(const struct state *s, const struct vt_run_args *a, int64_t i, float *room)
{
  int64_t nx = s->x.hw * s->x.b, ny = s->out * s->x.b;
  const float *x = vt__panel(s->in[0], a->in[0], i * nx, nx, &room);
  float *y = vt__place(s->to, a->out[0], i * ny, room);
  const struct vt__pool_set *f = vt__pool_set();
  if (s->kind == GLOBAL_AVERAGE || s->kind == GLOBAL_MAX)
    global(s, x, y);
  else if (s->x.b == f->lanes && s->kind == MAX)
    f->max(&s->w, x, y);
  else if (s->x.b == f->lanes)
    f->average(&s->w, s->include_pad, x, y);
  else
    WIDTHS(forward_as, s, x, y)
  vt__store(s->to, a->out[0], i * ny, ny, y);
}

static void backward(const struct state *s, const struct vt_run_args *a, int64_t i, float *room)
{
  int64_t nx = s->x.hw * s->x.b, ny = s->out * s->x.b;
  const float *dy = vt__panel(s->in[0], a->in[0], i * ny, ny, &room);
  const float *x = s->kind == MAX ? vt__panel(s->in[1], a->in[1], i * nx, nx, &room) : NULL;
  float *dx = vt__place(s->to, a->out[0], i * nx, room);
  memset(dx, 0, sizeof *dx * (size_t)nx);
  if (s->kind == MAX) {
    WIDTHS(max_grad_as, s, x, dy, dx)
  } else {
    WIDTHS(average_grad_as, s, dy, dx)
  }
  vt__store(s->to, a->out[0], i * nx, nx, dx);
}

static int run(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct state *s = state;
  int64_t panels = s->x.n * s->x.cb;
#pragma omp parallel for schedule(static) num_threads(s->threads)
  for (int t = 0; t < s->threads; t++)
    for (int64_t i = panels * t / s->threads; i < panels * (t + 1) / s->threads; i++)
      (s->grad ? backward : forward)(s, a, i, (float *)a->scratch + t * s->room);
  return VT_OK;
}

#define K(op_name)                                                                                           \
  &(const struct vt_kernel_desc)                                                                             \
  {                                                                                                          \
    "vector pool", op_name, accepts, prepare, run, vt_free                                                   \
  }
const struct vt_kernel_desc *const vt_kernels_pool[] = {K("MaxPool"),
                                                        K("AveragePool"),
                                                        K("GlobalAveragePool"),
                                                        K("GlobalMaxPool"),
                                                        K("ai.vitrine:MaxPoolGrad"),
                                                        K("ai.vitrine:AveragePoolGrad"),
                                                        NULL};
