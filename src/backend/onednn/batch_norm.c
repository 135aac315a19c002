/* BatchNormalization in training and inference, and ai.vitrine:BatchNormGrad, in any layout.
 *
 * The data is a list of panels of up to PANEL floats, (rows, b), small enough for the inner cache. Statistics
 * of one panel come from two passes over it; panels are combined exactly (Chan, Golub, LeVeque 1979): δ = μb
 * − μa,  μ = μa + δ nb/n,  M = Ma + Mb + δ² na nb/n, and likewise Σ dy (x − μ) = Sa + Sb + (μa − μ) Da + (μb
 * − μ) Db with D = Σ dy. Each thread owns a run of panels and its own partial results, so the sum's order
 * depends on the thread count only. */
#include "backend/onednn/dnnl_util.h"
#include "backend/onednn/fast.h"
#include <math.h>
#include <omp.h>

enum { PANEL = 8192, MEAN = 0, M2, SDY, SDYX, NSTAT };

struct state {
  struct vt__view v;
  int64_t rows;   /* per panel */
  int64_t pieces; /* panels in one (n, cb) */
  bool training, grad;
  float epsilon, momentum;
  int threads;
  int64_t lanes; /* cb b */
};

static int accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  bool grad = !strcmp(n->node->op->name, "BatchNormGrad");
  struct vt_slot *x = &n->in[grad];
  if (x->rank < 2 || !vt__is_real(x))
    return vt__refuse(reason, size, "input of rank 1 or not of f32 or bf16");
  for (int i = 0; i < n->nin; i++) n->in[i].dtype = VT_F32;
  for (int i = 0; i < n->nout; i++) n->out[i].dtype = VT_F32;
  int block = vt__prefer(n, x);
  if (grad && x->block == VT_PLAIN && n->in[0].block != VT_PLAIN) block = n->in[0].block;
  x->block = n->out[0].block = block;
  if (grad) n->in[0].block = block;
  return 1;
}

static int prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct state *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "batch normalisation");
  const struct vt_batch_norm_attrs *a = n->node->attrs;
  s->grad = !strcmp(n->node->op->name, "BatchNormGrad");
  s->v = vt__view(&n->in[s->grad]);
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

/* One thread's share of the panels: [from, to) of cb × n × pieces. */
static void gather(const struct state *s, struct stats *t, const float *x, const float *dy, int64_t from,
                   int64_t to)
{
  const struct vt__fast *f = vt__fast();
  const struct vt__view *v = &s->v;
  memset(t->rows, 0, sizeof(float) * (size_t)s->lanes);
  for (int64_t p = from; p < to; p++) {
    int64_t piece = p % s->pieces, n = p / s->pieces % v->n, cb = p / s->pieces / v->n;
    int64_t rows = VT_MIN(s->rows, v->hw - piece * s->rows);
    int64_t at = ((n * v->cb + cb) * v->hw + piece * s->rows) * v->b;
    float *one[NSTAT], *all[NSTAT], count = (float)rows;
    for (int k = 0; k < NSTAT; k++) {
      one[k] = t->one + k * v->b;
      all[k] = t->sum[k] + cb * v->b;
    }
    if (dy)
      f->moments_grad(x + at, dy + at, rows, v->b, one[MEAN], one[M2], one[SDY], one[SDYX]);
    else
      f->moments(x + at, rows, v->b, one[MEAN], one[M2]);
    combine(all, t->rows + cb * v->b, (const float *const *)one, &count, 0, v->b, dy != NULL);
  }
}

/* All lanes' statistics, in thread 0's place. */
static struct stats totals(const struct state *s, float *scratch, const float *x, const float *dy)
{
  int64_t panels = s->v.cb * s->v.n * s->pieces;
#pragma omp parallel for schedule(static) num_threads(s->threads)
  for (int t = 0; t < s->threads; t++) {
    struct stats st = stats_of(s, scratch, t);
    gather(s, &st, x, dy, panels * t / s->threads, panels * (t + 1) / s->threads);
  }
  struct stats all = stats_of(s, scratch, 0);
  for (int t = 1; t < s->threads; t++) {
    struct stats st = stats_of(s, scratch, t);
    combine(all.sum, all.rows, (const float *const *)st.sum, st.rows, 1, s->lanes, dy != NULL);
  }
  return all;
}

/* y = x p + q or, with dy, dx = dy p + x q + r. */
static void apply(const struct state *s, const float *x, const float *dy, const float *p, const float *q,
                  const float *r, float *y)
{
  const struct vt__fast *f = vt__fast();
  const struct vt__view *v = &s->v;
  int64_t panels = v->n * v->cb * s->pieces;
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < panels; i++) {
    int64_t piece = i % s->pieces, row = piece * s->rows, plane = i / s->pieces, lane = plane % v->cb * v->b;
    int64_t rows = VT_MIN(s->rows, v->hw - row), at = (plane * v->hw + row) * v->b;
    if (dy)
      f->affine2(x + at, dy + at, rows, v->b, p + lane, q + lane, r + lane, y + at);
    else
      f->affine(x + at, rows, v->b, p + lane, q + lane, y + at);
  }
}

static int run_forward(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct state *s = state;
  const float *scale = a->in[1], *bias = a->in[2], *mean = a->in[3], *var = a->in[4];
  float *p = (float *)a->scratch + (int64_t)s->threads * (2 * NSTAT + 1) * s->lanes, *q = p + s->lanes;
  struct stats t = {0};
  float *new_mean = a->node->nout > 1 ? a->out[1] : NULL, *new_var = a->node->nout > 2 ? a->out[2] : NULL;
  if (s->training) t = totals(s, a->scratch, a->in[0], NULL);
  for (int64_t c = 0; c < s->lanes; c++) {
    p[c] = q[c] = 0;
    if (c >= s->v.c) continue;
    float mu = mean[c], s2 = var[c], m = s->momentum;
    if (s->training) {
      mu = t.sum[MEAN][c];
      s2 = t.sum[M2][c] / t.rows[c];
    }
    p[c] = scale[c] / sqrtf(s2 + s->epsilon);
    q[c] = bias[c] - mu * p[c];
    if (new_mean) new_mean[c] = s->training ? mean[c] * m + mu * (1 - m) : mean[c];
    if (new_var) new_var[c] = s->training ? var[c] * m + s2 * (1 - m) : var[c];
  }
  apply(s, a->in[0], NULL, p, q, NULL, a->out[0]);
  return VT_OK;
}

/* dx = f (dy − D/m − x̂ S/m), x̂ = (x − μ) inv, f = scale inv: an affine map of dy and x. */
static int run_grad(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct state *s = state;
  const float *scale = a->in[2];
  float *p = (float *)a->scratch + (int64_t)s->threads * (2 * NSTAT + 1) * s->lanes, *q = p + s->lanes,
        *r = q + s->lanes;
  float *dscale = a->node->nout > 1 ? a->out[1] : NULL, *dbias = a->node->nout > 2 ? a->out[2] : NULL;
  struct stats t = totals(s, a->scratch, a->in[1], a->in[0]);
  for (int64_t c = 0; c < s->lanes; c++) {
    p[c] = q[c] = r[c] = 0;
    if (c >= s->v.c) continue;
    float m = t.rows[c], mu = t.sum[MEAN][c], s2 = t.sum[M2][c] / m, d = t.sum[SDY][c], dx = t.sum[SDYX][c];
    if (!s->training) {
      float fixed = ((const float *)a->in[3])[c];
      dx += (mu - fixed) * d;
      mu = fixed;
      s2 = ((const float *)a->in[4])[c];
    }
    float inv = 1 / sqrtf(s2 + s->epsilon);
    p[c] = scale[c] * inv;
    if (s->training) {
      q[c] = -p[c] * inv * inv * dx / m;
      r[c] = -p[c] * d / m - q[c] * mu;
    }
    if (dscale) dscale[c] = dx * inv;
    if (dbias) dbias[c] = d;
  }
  if (a->out[0]) apply(s, a->in[1], a->in[0], p, q, r, a->out[0]);
  return VT_OK;
}

static const struct vt_kernel_desc forward = {
    "vector batch norm", "BatchNormalization", accepts, prepare, run_forward, vt_free};
static const struct vt_kernel_desc grad = {
    "vector batch norm grad", "ai.vitrine:BatchNormGrad", accepts, prepare, run_grad, vt_free};
const struct vt_kernel_desc *const vt_kernels_batch_norm[] = {&forward, &grad, NULL};
