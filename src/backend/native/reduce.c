/* ReduceSum and ReduceMean over constant axes, and ai.vitrine:SumTo.
 *
 * Feature maps reduced over space, with or without the batch, are summed in the layout they lie in. In plain
 * layout dimensions are merged into at most (R1, K1, R2, K2): R reduced, K kept. */
#include "backend/kernel_util.h"
#include "backend/native/fast.h"
#include <omp.h>

enum { PIECE = 4096 };

struct state {
  bool map;   /* a feature map by channel */
  bool batch; /* over the batch too */
  struct vt__view v;
  int64_t r1, k1, r2, k2;
  float scale;
  int threads;
};

static bool reduced_axes(const struct vt_plan_node *n, bool *reduced)
{
  const struct vt_slot *x = &n->in[0];
  memset(reduced, 0, VT_MAX_RANK * sizeof *reduced);
  if (!strcmp(n->node->op->name, "SumTo")) {
    const struct vt_slot *y = &n->out[0];
    for (int d = 0; d < x->rank; d++) {
      int k = d - (x->rank - y->rank);
      reduced[d] = k < 0 || y->dim[k] != x->dim[d];
    }
    return x->rank >= y->rank;
  }
  struct vt_ints axes = {0};
  int64_t own[VT_MAX_RANK];
  for (int i = 0; i < n->node->op->nattr; i++)
    if (!strcmp(n->node->op->attr[i].name, "axes"))
      axes = *(const struct vt_ints *)((const char *)n->node->attrs + n->node->op->attr[i].offset);
  if (n->nin > 1 && n->in[1].used) {
    const struct vt_tensor *t = n->in[1].constant;
    if (!t || t->dtype != VT_I64 || vt_tensor_count(t) > VT_MAX_RANK) return false;
    axes = (struct vt_ints){(int)vt_tensor_count(t), own};
    memcpy(own, t->data, (size_t)axes.n * sizeof *own);
  }
  bool none = axes.n == 0 && !vt__attr_int(n->node, "noop_with_empty_axes", 0);
  for (int d = 0; d < x->rank; d++) reduced[d] = none;
  for (int i = 0; i < axes.n; i++) reduced[axes.v[i] < 0 ? axes.v[i] + x->rank : axes.v[i]] = true;
  return true;
}

/* Merges dimensions into r1 k1 r2 k2; false if they alternate more often. */
static bool merge(const struct vt_slot *x, const bool *reduced, int64_t *out)
{
  int at = 0; /* even: reduced */
  for (int i = 0; i < 4; i++) out[i] = 1;
  for (int d = 0; d < x->rank; d++) {
    if (x->dim[d] == 1) continue;
    if ((at % 2 == 0) != reduced[d]) at++;
    if (at > 3) return false;
    out[at] *= x->dim[d];
  }
  return true;
}

static int accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  bool reduced[VT_MAX_RANK];
  int64_t m[4];
  struct vt_slot *x = &n->in[0], *y = &n->out[0];
  if (!vt__is_real(x)) return vt__refuse(reason, size, "not of f32 or bf16");
  if (!reduced_axes(n, reduced)) return vt__refuse(reason, size, "axes are not constant");
  if (!merge(x, reduced, m)) return vt__refuse(reason, size, "axes alternate");
  if (vt_dims_count(x->rank, x->dim) < 1) return vt__refuse(reason, size, "empty");
  x->dtype = y->dtype = VT_F32;
  bool map = x->rank == 4 && x->block != VT_PLAIN && !reduced[1] && reduced[2] && reduced[3] &&
             (reduced[0] || x->dim[0] > 0);
  if (!map) x->block = VT_PLAIN;
  y->block = VT_PLAIN;
  for (int i = 1; i < n->nin; i++) {
    n->in[i].packed = n->in[i].constant != NULL;
    n->in[i].block = VT_PLAIN;
  }
  return 1;
}

static int prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct state *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "reduction");
  bool reduced[VT_MAX_RANK];
  int64_t m[4];
  reduced_axes(n, reduced);
  merge(&n->in[0], reduced, m);
  s->r1 = m[0], s->k1 = m[1], s->r2 = m[2], s->k2 = m[3];
  s->map = n->in[0].rank == 4 && n->in[0].block != VT_PLAIN;
  s->batch = reduced[0];
  s->v = vt__view(&n->in[0]);
  s->scale = 1;
  if (!strcmp(n->node->op->name, "ReduceMean"))
    for (int d = 0; d < n->in[0].rank; d++)
      if (reduced[d]) s->scale /= (float)n->in[0].dim[d];
  s->threads = VT_MAX(n->threads, 1);
  int64_t lanes = s->map ? s->v.n * s->v.cb * s->v.b : s->k1 * s->k2;
  *scratch = sizeof(float) * (size_t)lanes * (s->map ? 1 : (size_t)s->threads);
  *out = s;
  return VT_OK;
}

static void run_map(const struct state *s, const float *x, float *y, float *sums)
{
  const struct vt__fast *f = vt__fast();
  const struct vt__view *v = &s->v;
  int64_t panels = v->n * v->cb, lanes = v->cb * v->b;
#pragma omp parallel for schedule(static) if (panels * v->hw * v->b > 16384)
  for (int64_t p = 0; p < panels; p++) f->lane_sum(x + p * v->hw * v->b, v->hw, v->b, sums + p * v->b);
  if (s->batch) memset(y, 0, sizeof *y * (size_t)v->c);
  for (int64_t n = 0; n < v->n; n++)
    for (int64_t c = 0; c < v->c; c++) {
      if (s->batch)
        y[c] += sums[n * lanes + c] * s->scale;
      else
        y[n * v->c + c] = sums[n * lanes + c] * s->scale;
    }
}

/* Adds slice i of R1: (k1, r2, k2) -> (k1, k2). */
static void add(const struct state *s, const float *x, int64_t from, int64_t to, float *y)
{
  const struct vt__fast *f = vt__fast();
  for (int64_t k = from; k < to; k++) {
    const float *p = x + k * s->r2 * s->k2;
    if (s->k2 == 1)
      for (int64_t i = 0; i < s->r2; i += PIECE) y[k] += f->sum(p + i, VT_MIN(PIECE, s->r2 - i));
    else
      for (int64_t r = 0; r < s->r2; r++) f->axpy(1, p + r * s->k2, y + k * s->k2, s->k2);
  }
}

/* Work is split over K1 if there is enough of it, else over R1 into partial sums. */
static void run_plain(const struct state *s, const float *x, float *y, float *part)
{
  const struct vt__fast *f = vt__fast();
  int64_t slice = s->k1 * s->r2 * s->k2, kept = s->k1 * s->k2;
  bool rows = s->k1 >= s->threads || s->r1 == 1;
  if (!rows) memset(part, 0, sizeof *part * (size_t)(kept * s->threads));
  memset(y, 0, sizeof *y * (size_t)kept);
#pragma omp parallel for schedule(static) num_threads(s->threads) if (slice * s->r1 > 16384)
  for (int t = 0; t < s->threads; t++) {
    if (rows)
      for (int64_t i = 0; i < s->r1; i++)
        add(s, x + i * slice, s->k1 * t / s->threads, s->k1 * (t + 1) / s->threads, y);
    else
      for (int64_t i = s->r1 * t / s->threads; i < s->r1 * (t + 1) / s->threads; i++)
        add(s, x + i * slice, 0, s->k1, part + t * kept);
  }
  for (int t = 0; t < s->threads && !rows; t++) f->axpy(1, part + t * kept, y, kept);
  if (s->scale != 1) f->scale(s->scale, y, y, kept);
}

static int run(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct state *s = state;
  if (s->map)
    run_map(s, a->in[0], a->out[0], a->scratch);
  else
    run_plain(s, a->in[0], a->out[0], a->scratch);
  return VT_OK;
}

#define K(op_name)                                                                                           \
  &(const struct vt_kernel_desc)                                                                             \
  {                                                                                                          \
    "vector sum", op_name, accepts, prepare, run, vt_free                                                    \
  }
const struct vt_kernel_desc *const vt_kernels_reduce[] = {K("ReduceSum"), K("ReduceMean"),
                                                          K("ai.vitrine:SumTo"), NULL};
