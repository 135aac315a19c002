/* BatchNormalization in training and inference, ai.vitrine: BatchNormGrad, BatchNormAct and BatchNormActGrad,
 * in any layout, on f32 or bf16.
 *
 * The data is a list of panels of up to PANEL floats, (rows, b), small enough for the inner cache: bf16 is
 * converted, and residual and relu are done, while a panel is there. Statistics of one panel come from two
 * passes over it; panels are combined exactly (Chan, Golub, LeVeque 1979): δ = μb − μa,  μ = μa + δ nb/n,  M
 * = Ma + Mb + δ² na nb/n, and likewise Σ dy (x − μ) = Sa + Sb + (μa − μ) Da + (μb − μ) Db with D = Σ dy. Each
 * thread owns a run of panels and its own partial results, so the sum's order depends on the thread count
 * only. */
#include "backend/kernel_util.h"
#include "backend/native/fast.h"
#include <math.h>
#include <omp.h>

enum { PANEL = 4096, MEAN = 0, M2, SDY, SDYX, NSTAT };

/* Inputs of the forward operators and of the gradients. */
enum { X = 0, RESIDUAL = 5, DY = 0, GRAD_X, SCALE, Y, DRESIDUAL = 3 };

struct state {
  struct vt__view v;
  enum vt_dtype x, dy, y, residual, out, dresidual; /* y: what relu gave, for its gradient */
  bool relu, add;                                   /* relu: y or dy passes where it is positive */
  int64_t rows;                                     /* per panel */
  int64_t pieces;                                   /* panels in one (n, cb) */
  bool training, grad;
  float epsilon, momentum;
  int threads;
  int64_t lanes; /* cb b */
};

static int accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  bool grad = strstr(n->node->op->name, "Grad") != NULL;
  int at = grad ? GRAD_X : X;
  struct vt_slot *x = &n->in[at];
  if (x->rank < 2) return vt__refuse(reason, size, "input of rank 1");
  int block = vt__prefer(n, x);
  if (grad && x->block == VT_PLAIN && n->in[DY].block != VT_PLAIN) block = n->in[DY].block;
  for (int i = 0; i < n->nin + n->nout; i++) {
    struct vt_slot *s = i < n->nin ? &n->in[i] : &n->out[i - n->nin];
    if (!s->used) continue;
    bool map = i == at || (grad ? i == DY || i == Y || i == n->nin || i == n->nin + DRESIDUAL
                                : i == RESIDUAL || i == n->nin);
    if (map && !vt__is_real(s)) return vt__refuse(reason, size, "not of f32 or bf16");
    if (map)
      s->block = block;
    else
      s->dtype = VT_F32;
  }
  struct vt__view v = vt__view(x);
  return v.b <= PANEL ? 1 : vt__refuse(reason, size, "more channels than a panel holds");
}

static int prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct state *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "batch normalisation");
  const struct vt_batch_norm_attrs *a = n->node->attrs;
  bool act = strstr(n->node->op->name, "Act") != NULL;
  s->grad = strstr(n->node->op->name, "Grad") != NULL;
  s->v = vt__view(&n->in[s->grad ? GRAD_X : X]);
  s->x = n->in[s->grad ? GRAD_X : X].dtype;
  s->out = n->out[0].dtype;
  s->dy = n->in[DY].dtype;
  s->relu = act && (s->grad || a->activation == VT_ACT_RELU);
  if (act && s->grad) s->y = n->in[Y].dtype;
  if (act && s->grad && n->nout > DRESIDUAL) s->dresidual = n->out[DRESIDUAL].dtype;
  s->add = act && !s->grad && n->nin > RESIDUAL && n->in[RESIDUAL].used;
  if (s->add) s->residual = n->in[RESIDUAL].dtype;
  s->rows = VT_CLAMP(PANEL / VT_MAX(s->v.b, 1), 1, VT_MAX(s->v.hw, 1));
  s->pieces = (s->v.hw + s->rows - 1) / s->rows;
  s->training = a->training_mode != 0;
  s->epsilon = a->epsilon;
  s->momentum = a->momentum;
  s->threads = VT_MAX(n->threads, 1);
  s->lanes = s->v.cb * s->v.b;
  /* per thread: the sums of all lanes, their counts of rows, and those of one panel; then three lanes of
   * factors */
  *scratch = sizeof(float) * (size_t)((s->threads * (2 * NSTAT + 1) + 3) * s->lanes);
  *out = s;
  return VT_OK;
}

struct stats {
  float *sum[NSTAT]; /* lanes each */
  float *rows;
  float *one; /* NSTAT b: of the panel at hand */
};

static struct stats stats_of(const struct state *s, float *scratch, int thread)
{
  struct stats t;
  float *p = scratch + (int64_t)thread * (2 * NSTAT + 1) * s->lanes;
  for (int i = 0; i < NSTAT; i++) t.sum[i] = p + i * s->lanes;
  t.rows = p + NSTAT * s->lanes;
  t.one = p + (NSTAT + 1) * s->lanes;
  return t;
}

/* Adds (rows nb, sums in b[k]) of w lanes to those of a. */
static void combine(float *const a[NSTAT], float *na, const float *const b[NSTAT], const float *nb,
                    int64_t nbstep, int64_t w, bool grad)
{
  for (int64_t j = 0; j < w; j++) {
    float x = na[j], y = nb[j * nbstep], n = x + y;
    if (y == 0) continue;
    float d = b[MEAN][j] - a[MEAN][j], f = y / n;
    if (x == 0) d = b[MEAN][j], f = 1;
    if (grad) {
      float up = d * f; /* new mean − old mean */
      a[SDYX][j] =
          (x == 0 ? 0 : a[SDYX][j] - up * a[SDY][j]) + b[SDYX][j] + (x == 0 ? 0 : (d - up) * b[SDY][j]);
      a[SDY][j] = (x == 0 ? 0 : a[SDY][j]) + b[SDY][j];
    }
    a[M2][j] = (x == 0 ? 0 : a[M2][j] + d * d * x * f) + b[M2][j];
    a[MEAN][j] = (x == 0 ? 0 : a[MEAN][j]) + d * f;
    na[j] = n;
  }
}

/* What a pass reads and writes: bytes of the whole tensors, NULL where there is none. */
struct maps {
  const void *x, *dy, *y, *residual;
  void *out, *dresidual;
};

/* The gradient that reaches the normalisation: dy where relu let pass. */
static const float *upstream(const struct state *s, const struct maps *m, int64_t at, int64_t n, float *buf,
                             float *ybuf)
{
  const float *dy = vt__load(s->dy, m->dy, at, n, buf);
  if (!s->relu) return dy;
  vt__fast()->act_grad(VT_ACT_RELU, 0, 0, dy, vt__load(s->y, m->y, at, n, ybuf), buf, n);
  return buf;
}

/* One thread's share of the panels: [from, to) of cb × n × pieces. */
static void gather(const struct state *s, struct stats *t, const struct maps *m, int64_t from, int64_t to)
{
  const struct vt__fast *f = vt__fast();
  const struct vt__view *v = &s->v;
  memset(t->rows, 0, sizeof(float) * (size_t)s->lanes);
  for (int64_t p = from; p < to; p++) {
    int64_t piece = p % s->pieces, n = p / s->pieces % v->n, cb = p / s->pieces / v->n;
    int64_t rows = VT_MIN(s->rows, v->hw - piece * s->rows);
    int64_t at = ((n * v->cb + cb) * v->hw + piece * s->rows) * v->b;
    float *one[NSTAT], *all[NSTAT], count = (float)rows, xbuf[PANEL], dybuf[PANEL], ybuf[PANEL];
    const float *x = vt__load(s->x, m->x, at, rows * v->b, xbuf);
    for (int k = 0; k < NSTAT; k++) {
      one[k] = t->one + k * v->b;
      all[k] = t->sum[k] + cb * v->b;
    }
    if (s->grad)
      f->moments_grad(x, upstream(s, m, at, rows * v->b, dybuf, ybuf), rows, v->b, one[MEAN], one[M2],
                      one[SDY], one[SDYX]);
    else
      f->moments(x, rows, v->b, one[MEAN], one[M2]);
    combine(all, t->rows + cb * v->b, (const float *const *)one, &count, 0, v->b, s->grad);
  }
}

/* All lanes' statistics, in thread 0's place. */
static struct stats totals(const struct state *s, float *scratch, const struct maps *m)
{
  int64_t panels = s->v.cb * s->v.n * s->pieces;
#pragma omp parallel for schedule(static) num_threads(s->threads)
  for (int t = 0; t < s->threads; t++) {
    struct stats st = stats_of(s, scratch, t);
    gather(s, &st, m, panels * t / s->threads, panels * (t + 1) / s->threads);
  }
  struct stats all = stats_of(s, scratch, 0);
  for (int t = 1; t < s->threads; t++) {
    struct stats st = stats_of(s, scratch, t);
    combine(all.sum, all.rows, (const float *const *)st.sum, st.rows, 1, s->lanes, s->grad);
  }
  return all;
}

/* y = relu(x p + q + residual) of one panel; the residual may lie where y goes. */
static void apply_forward(const struct state *s, const struct maps *m, int64_t at, int64_t rows,
                          const float *p, const float *q)
{
  const struct vt__fast *f = vt__fast();
  float xbuf[PANEL], rbuf[PANEL], ybuf[PANEL];
  int64_t n = rows * s->v.b;
  float *y = vt__place(s->out, m->out, at, ybuf), *norm = s->add ? ybuf : y;
  f->affine(vt__load(s->x, m->x, at, n, xbuf), rows, s->v.b, p, q, norm);
  if (s->add) f->binary(VT__ADD, norm, 1, vt__load(s->residual, m->residual, at, n, rbuf), 1, y, n);
  if (s->relu) f->act(VT_ACT_RELU, 0, 0, y, y, n);
  vt__store(s->out, m->out, at, n, y);
}

/* dx = g p + x q + r of one panel, and g where the residual wants it. */
static void apply_grad(const struct state *s, const struct maps *m, int64_t at, int64_t rows, const float *p,
                       const float *q, const float *r)
{
  float xbuf[PANEL], gbuf[PANEL], ybuf[PANEL];
  int64_t n = rows * s->v.b;
  const float *g = upstream(s, m, at, n, gbuf, ybuf);
  if (m->out) {
    float *dx = vt__place(s->out, m->out, at, ybuf);
    vt__fast()->affine2(vt__load(s->x, m->x, at, n, xbuf), g, rows, s->v.b, p, q, r, dx);
    vt__store(s->out, m->out, at, n, dx);
  }
  if (!m->dresidual) return;
  if (s->dresidual == VT_F32)
    memcpy((float *)m->dresidual + at, g, sizeof(float) * (size_t)n);
  else
    vt__store(s->dresidual, m->dresidual, at, n, g);
}

/* Per lane factors, r for gradients only. */
static void apply(const struct state *s, const struct maps *m, const float *p, const float *q, const float *r)
{
  const struct vt__view *v = &s->v;
  int64_t panels = v->n * v->cb * s->pieces;
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < panels; i++) {
    int64_t piece = i % s->pieces, row = piece * s->rows, plane = i / s->pieces, lane = plane % v->cb * v->b;
    int64_t rows = VT_MIN(s->rows, v->hw - row), at = (plane * v->hw + row) * v->b;
    if (s->grad)
      apply_grad(s, m, at, rows, p + lane, q + lane, r + lane);
    else
      apply_forward(s, m, at, rows, p + lane, q + lane);
  }
}

static int run_forward(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct state *s = state;
  const float *scale = a->in[1], *bias = a->in[2], *mean = a->in[3], *var = a->in[4];
  float *p = (float *)a->scratch + (int64_t)s->threads * (2 * NSTAT + 1) * s->lanes, *q = p + s->lanes;
  struct stats t = {0};
  float *new_mean = a->node->nout > 1 ? a->out[1] : NULL, *new_var = a->node->nout > 2 ? a->out[2] : NULL;
  struct maps m = {.x = a->in[X], .residual = s->add ? a->in[RESIDUAL] : NULL, .out = a->out[0]};
  if (s->training) t = totals(s, a->scratch, &m);
  for (int64_t c = 0; c < s->lanes; c++) {
    p[c] = q[c] = 0;
    if (c >= s->v.c) continue;
    float mu = mean[c], s2 = var[c], keep = s->momentum;
    if (s->training) {
      mu = t.sum[MEAN][c];
      s2 = t.sum[M2][c] / t.rows[c];
    }
    p[c] = scale[c] / sqrtf(s2 + s->epsilon);
    q[c] = bias[c] - mu * p[c];
    if (new_mean) new_mean[c] = s->training ? mean[c] * keep + mu * (1 - keep) : mean[c];
    if (new_var) new_var[c] = s->training ? var[c] * keep + s2 * (1 - keep) : var[c];
  }
  apply(s, &m, p, q, NULL);
  return VT_OK;
}

/* dx = f (dy − D/m − x̂ S/m), x̂ = (x − μ) inv, f = scale inv: an affine map of dy and x. */
static int run_grad(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct state *s = state;
  const float *scale = a->in[SCALE];
  float *p = (float *)a->scratch + (int64_t)s->threads * (2 * NSTAT + 1) * s->lanes, *q = p + s->lanes,
        *r = q + s->lanes;
  float *dscale = a->node->nout > 1 ? a->out[1] : NULL, *dbias = a->node->nout > 2 ? a->out[2] : NULL;
  struct maps m = {.x = a->in[GRAD_X], .dy = a->in[DY], .y = s->relu ? a->in[Y] : NULL, .out = a->out[0]};
  if (s->relu && a->node->nout > DRESIDUAL) m.dresidual = a->out[DRESIDUAL];
  struct stats t = totals(s, a->scratch, &m);
  for (int64_t c = 0; c < s->lanes; c++) {
    p[c] = q[c] = r[c] = 0;
    if (c >= s->v.c) continue;
    float rows = t.rows[c], mu = t.sum[MEAN][c], s2 = t.sum[M2][c] / rows, d = t.sum[SDY][c],
          dx = t.sum[SDYX][c];
    if (!s->training) {
      float fixed = ((const float *)a->in[3])[c];
      dx += (mu - fixed) * d;
      mu = fixed;
      s2 = ((const float *)a->in[4])[c];
    }
    float inv = 1 / sqrtf(s2 + s->epsilon);
    p[c] = scale[c] * inv;
    if (s->training) {
      q[c] = -p[c] * inv * inv * dx / rows;
      r[c] = -p[c] * d / rows - q[c] * mu;
    }
    if (dscale) dscale[c] = dx * inv;
    if (dbias) dbias[c] = d;
  }
  if (m.out || m.dresidual) apply(s, &m, p, q, r);
  return VT_OK;
}

#define K(op_name, run)                                                                                      \
  &(const struct vt_kernel_desc)                                                                             \
  {                                                                                                          \
    "vector batch norm", op_name, accepts, prepare, run, vt_free                                             \
  }
const struct vt_kernel_desc *const vt_kernels_batch_norm[] = {
    K("BatchNormalization", run_forward), K("ai.vitrine:BatchNormAct", run_forward),
    K("ai.vitrine:BatchNormGrad", run_grad), K("ai.vitrine:BatchNormActGrad", run_grad), NULL};
