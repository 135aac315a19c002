/* DeformConv and its gradient in f32: what the kernel's elements read at some output places is gathered into
 * a matrix, the rest is matrix products. Maps are channels-last, so that a read is a sum of four rows.
 *
 *   col (places, groups, taps, C/g) = what is read;  y (places, M) = col W + bias, W (groups, taps, C/g, M/g)
 *   dcol = dy W^T;  dW = col^T dy;  dx, d offset and d mask: place by place from dcol
 *
 * A job is some places of one image, or, in the gradient, whose images must not write into each other's dx,
 * all places of one; sums of dW are kept for each thread. */
#include "backend/native/deform.h"
#include "backend/onednn/conv_common.h"

#include <omp.h>

enum { PLACES_MIN = 16, PLACES_MAX = 256, FLOATS = 1 << 16 }; /* of col at a time */

struct state {
  const struct vt__deform_loops *f;
  struct vt_window win;
  int64_t n, c, m, h, w, oh, ow, kw, taps;
  int64_t groups, offsets; /* of channels; of channels with offsets of their own */
  int64_t places;          /* in a job */
  int threads;
  float *weight; /* W, if w is constant */
};

static int64_t weights(const struct state *s)
{
  return s->taps * (s->c / s->groups) * s->m;
}

/* Bytes of one thread's tables; its matrices lie behind them. */
static size_t table_bytes(const struct state *s)
{
  return vt__round64((size_t)(s->places * s->offsets * s->taps) * sizeof(struct vt__deform_place));
}

static int64_t columns(const struct state *s)
{
  return s->places * s->taps * s->c;
}

static bool fits(const struct vt_slot *s, int64_t n, int64_t c, int64_t h, int64_t w)
{
  return s->rank == 4 && s->dim[0] == n && s->dim[1] == c && s->dim[2] == h && s->dim[3] == w;
}

/* Inputs x, w, offset, mask from `first` on. */
static bool describe(struct state *s, const struct vt_plan_node *n, int first)
{
  const struct vt_slot *x = &n->in[first], *w = &n->in[first + 1], *offset = &n->in[first + 2],
                       *mask = n->nin > 4 && n->in[4].used ? &n->in[4] : NULL;
  if (x->rank != 4 || w->rank != 4 || vt_conv_window(&s->win, n->node, 4, x->dim, w->dim, NULL)) return false;
  const struct vt_conv_attrs *a = n->node->attrs;
  s->n = x->dim[0];
  s->c = x->dim[1];
  s->m = w->dim[0];
  s->h = x->dim[2];
  s->w = x->dim[3];
  s->oh = s->win.out[1];
  s->ow = s->win.out[2];
  s->kw = s->win.k[2];
  s->taps = s->win.k[1] * s->kw;
  s->groups = a->group;
  s->offsets = vt__attr_int(n->node, "offset_group", 1);
  s->threads = VT_MAX(n->threads, 1);
  if (s->n < 1 || s->c < 1 || s->m < 1 || s->oh < 1 || s->ow < 1 || s->taps < 1 || s->h * s->w > INT32_MAX)
    return false;
  if (s->groups < 1 || s->offsets < 1 || s->c % s->groups || s->m % s->groups || s->c % s->offsets ||
      w->dim[1] != s->c / s->groups)
    return false;
  s->places = VT_CLAMP(FLOATS / (s->taps * s->c), PLACES_MIN, PLACES_MAX);
  return fits(offset, s->n, 2 * s->offsets * s->taps, s->oh, s->ow) &&
         (!mask || fits(mask, s->n, s->offsets * s->taps, s->oh, s->ow));
}

/* w (M, C/g, taps) -> W, or back. */
static void turn(const struct state *s, const float *from, float *to, bool back)
{
  int64_t cg = s->c / s->groups, mg = s->m / s->groups;
  for (int64_t m = 0; m < s->m; m++)
    for (int64_t c = 0; c < cg; c++)
      for (int64_t k = 0; k < s->taps; k++) {
        int64_t plain = (m * cg + c) * s->taps + k, turned = ((m / mg * s->taps + k) * cg + c) * mg + m % mg;
        to[back ? plain : turned] = from[back ? turned : plain];
      }
}

/* Where the places p0 .. p0 + count of image i read: a table for each group of offsets and each tap. */
static void find_places(const struct state *s, int64_t i, int64_t p0, int64_t count, const float *offset,
                        const float *mask, struct vt__deform_place *t)
{
  int64_t plane = s->oh * s->ow;
  const struct vt_window *g = &s->win;
  for (int64_t k = 0; k < s->offsets * s->taps; k++) {
    int64_t at = (i * s->offsets * s->taps + k) * plane, tap = k % s->taps;
    const float *dy = offset + 2 * at, *dx = dy + plane, *m = mask ? mask + at : NULL;
    int64_t up = tap / s->kw * g->dil[1] - g->lo[1], left = tap % s->kw * g->dil[2] - g->lo[2];
    for (int64_t p = p0; p < p0 + count; p++, t++) {
      int64_t row = p / s->ow * g->stride[1] + up, column = p % s->ow * g->stride[2] + left;
      s->f->place(t, (float)row + dy[p], (float)column + dx[p], m ? m[p] : 1, s->h, s->w);
    }
  }
}

/* Channels c .. c + len of one group of channels and one of offsets, at one tap: where in col, which table.
 * Begin with c = 0; false at the end. */
struct piece {
  int64_t c, len, tap, column, table;
};
static bool next_piece(const struct state *s, struct piece *p)
{
  int64_t cg = s->c / s->groups, co = s->c / s->offsets;
  if (p->len && ++p->tap == s->taps) {
    p->tap = 0;
    p->c += p->len;
  }
  if (p->c >= s->c) return false;
  p->len = VT_MIN((p->c / cg + 1) * cg, (p->c / co + 1) * co) - p->c;
  p->column = (p->c / cg * s->taps + p->tap) * cg + p->c % cg;
  p->table = p->c / co * s->taps + p->tap;
  return true;
}

static void read_columns(const struct state *s, const struct vt__deform_place *t, int64_t count,
                         const float *x, float *col)
{
  for (struct piece p = {0}; next_piece(s, &p);)
    s->f->read(t + p.table * count, count, x + p.c, s->c, p.len, col + p.column, s->taps * s->c);
}

static void release(void *p)
{
  struct state *s = p;
  if (!s) return;
  vt_free(s->weight);
  vt_free(s);
}

/* first: where x stands among the inputs. */
static int accepts_at(struct vt_plan_node *n, int first, char *reason, size_t size)
{
  struct state s = {0};
  for (int i = 0; i < n->nin + n->nout; i++) {
    struct vt_slot *t = i < n->nin ? &n->in[i] : &n->out[i - n->nin];
    if (t->used && !vt__is_real(t)) return vt__refuse(reason, size, "not of f32 or bf16");
  }
  if (!describe(&s, n, first)) return vt__refuse(reason, size, "shapes do not fit");
  for (int i = 0; i < n->nin + n->nout; i++) {
    struct vt_slot *t = i < n->nin ? &n->in[i] : &n->out[i - n->nin];
    t->dtype = VT_F32;
    t->block = VT_PLAIN;
  }
  n->in[0].block = n->in[first].block = n->out[0].block = VT_NHWC; /* x or dy, x; y or dx */
  return 1;
}

static int prepare_at(const struct vt_plan_node *n, int first, struct state **out, struct vt_err *e)
{
  struct state *s = vt_calloc(1, sizeof *s);
  const struct vt_slot *w = &n->in[first + 1];
  *out = NULL;
  if (!s || !describe(s, n, first)) {
    vt_free(s);
    return s ? vt_fail(e, VT_EUNSUPPORTED, "deformable convolution: shapes do not fit")
             : vt_fail(e, VT_ENOMEM, "deformable convolution");
  }
  s->f = vt__deform_here();
  if (w->constant && w->constant->dtype == VT_F32) {
    s->weight = vt_aligned((size_t)weights(s) * sizeof *s->weight);
    if (!s->weight) {
      vt_free(s);
      return vt_fail(e, VT_ENOMEM, "deformable convolution");
    }
    turn(s, w->constant->data, s->weight, false);
  }
  *out = s;
  return VT_OK;
}

/* ---- forward ---- */

static int accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  if (n->nin > 3 && n->in[3].used && (n->in[3].rank != 1 || n->in[3].dim[0] != n->out[0].dim[1]))
    return vt__refuse(reason, size, "bias does not fit");
  if (!accepts_at(n, 0, reason, size)) return 0;
  n->in[1].packed = n->in[1].constant && n->in[1].constant->dtype == VT_F32;
  return 1;
}

static size_t forward_bytes(const struct state *s)
{
  return table_bytes(s) + vt__round64((size_t)columns(s) * sizeof(float));
}

static int prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct state *s;
  int rc = prepare_at(n, 0, &s, e);
  if (!rc)
    *scratch = (size_t)s->threads * forward_bytes(s) +
               (s->weight ? 0 : vt__round64((size_t)weights(s) * sizeof(float)));
  *out = s;
  return rc;
}

static bool product(const char *turned, int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
                    const float *b, int64_t ldb, float beta, float *c, int64_t ldc)
{
  return dnnl_sgemm(turned[0], turned[1], m, n, k, 1, a, lda, b, ldb, beta, c, ldc) == dnnl_success;
}

static bool some_places(const struct state *s, const struct vt_run_args *a, const float *weight, int64_t i,
                        int64_t p0, char *room)
{
  int64_t count = VT_MIN(s->places, s->oh * s->ow - p0), step = s->taps * s->c;
  int64_t k = step / s->groups, mg = s->m / s->groups;
  struct vt__deform_place *t = (struct vt__deform_place *)room;
  float *col = (float *)(room + table_bytes(s)), *y = (float *)a->out[0] + (i * s->oh * s->ow + p0) * s->m;
  const float *bias = a->node->nin > 3 ? a->in[3] : NULL;
  bool good = true;
  find_places(s, i, p0, count, a->in[2], a->node->nin > 4 ? a->in[4] : NULL, t);
  read_columns(s, t, count, (const float *)a->in[0] + i * s->h * s->w * s->c, col);
  for (int64_t p = 0; bias && p < count; p++) memcpy(y + p * s->m, bias, (size_t)s->m * sizeof *y);
  for (int64_t g = 0; g < s->groups; g++)
    good &= product("NN", count, mg, k, col + g * k, step, weight + g * k * mg, mg, bias ? 1 : 0, y + g * mg,
                    s->m);
  return good;
}

static int run(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct state *s = state;
  char *room = a->scratch;
  float *turned = (float *)(room + (size_t)s->threads * forward_bytes(s));
  int64_t jobs = (s->oh * s->ow + s->places - 1) / s->places;
  bool good = true;
  if (!s->weight) turn(s, a->in[1], turned, false);
#pragma omp parallel for num_threads(s->threads) reduction(&& : good)
  for (int64_t j = 0; j < s->n * jobs; j++)
    good = some_places(s, a, s->weight ? s->weight : turned, j / jobs, j % jobs * s->places,
                       room + (size_t)omp_get_thread_num() * forward_bytes(s)) &&
           good;
  return good ? VT_OK : vt_fail(e, VT_EUNSUPPORTED, "deformable convolution: no matrix product");
}

/* ---- gradient ---- */

static int grad_accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  int64_t out[3] = {0};
  struct state s = {0};
  if (n->nin > 1 && describe(&s, n, 1)) memcpy(out, (int64_t[]){s.m, s.oh, s.ow}, sizeof out);
  if (!out[0] || !fits(&n->in[0], s.n, out[0], out[1], out[2]))
    return vt__refuse(reason, size, "the gradient does not have the shape of the output");
  return accepts_at(n, 1, reason, size);
}

/* A thread's room: tables, col, dcol, four sums for each place, dW. */
struct room {
  struct vt__deform_place *t;
  float *col, *dcol, *sums, *dw;
};
static size_t room_at(const struct state *s, char *base, struct room *r)
{
  size_t tables = table_bytes(s), col = vt__round64((size_t)columns(s) * sizeof(float)),
         sums = vt__round64((size_t)(4 * s->places * s->offsets * s->taps) * sizeof(float)),
         dw = vt__round64((size_t)weights(s) * sizeof(float));
  if (base)
    *r = (struct room){(struct vt__deform_place *)base, (float *)(base + tables),
                       (float *)(base + tables + col), (float *)(base + tables + 2 * col),
                       (float *)(base + tables + 2 * col + sums)};
  return tables + 2 * col + sums + dw;
}

static int grad_prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct state *s;
  int rc = prepare_at(n, 1, &s, e);
  if (!rc)
    *scratch = (size_t)s->threads * room_at(s, NULL, NULL) +
               (s->weight ? 0 : vt__round64((size_t)weights(s) * sizeof(float)));
  *out = s;
  return rc;
}

/* d offset and d mask of image i from the sums over channels. */
static void bring_out(const struct state *s, const struct vt_run_args *a, const struct room *r, int64_t i,
                      int64_t p0, int64_t count)
{
  int64_t plane = s->oh * s->ow;
  float *doffset = a->out[2], *dmask = a->node->nout > 3 ? a->out[3] : NULL;
  for (int64_t k = 0; k < s->offsets * s->taps; k++) {
    int64_t at = (i * s->offsets * s->taps + k) * plane + p0;
    for (int64_t p = 0; p < count; p++) {
      const struct vt__deform_place *t = &r->t[k * count + p];
      const float *sum = r->sums + 4 * (k * count + p);
      float y = 0, x = 0, m = 0;
      for (int q = 0; q < 4; q++) {
        y += t->by_y[q] * sum[q];
        x += t->by_x[q] * sum[q];
        m += t->weight[q] * sum[q];
      }
      if (doffset) {
        doffset[at + (i * s->offsets * s->taps + k) * plane + p] = y * t->mask;
        doffset[at + (i * s->offsets * s->taps + k + 1) * plane + p] = x * t->mask;
      }
      if (dmask) dmask[at + p] = m;
    }
  }
}

static bool some_gradients(const struct state *s, const struct vt_run_args *a, const float *weight, int64_t i,
                           int64_t p0, const struct room *r)
{
  int64_t count = VT_MIN(s->places, s->oh * s->ow - p0), step = s->taps * s->c, map = s->h * s->w * s->c;
  int64_t k = step / s->groups, mg = s->m / s->groups;
  const float *dy = (const float *)a->in[0] + (i * s->oh * s->ow + p0) * s->m,
              *x = (const float *)a->in[1] + i * map;
  float *dx = a->out[0] ? (float *)a->out[0] + i * map : NULL;
  bool good = true;
  find_places(s, i, p0, count, a->in[3], a->node->nin > 4 ? a->in[4] : NULL, r->t);
  if (a->out[1]) read_columns(s, r->t, count, x, r->col);
  for (int64_t g = 0; g < s->groups; g++) {
    good &= product("NT", count, k, mg, dy + g * mg, s->m, weight + g * k * mg, mg, 0, r->dcol + g * k, step);
    if (a->out[1])
      good &= product("TN", k, mg, count, r->col + g * k, step, dy + g * mg, s->m, 1, r->dw + g * k * mg, mg);
  }
  memset(r->sums, 0, (size_t)(4 * count * s->offsets * s->taps) * sizeof *r->sums);
  for (struct piece p = {0}; next_piece(s, &p);)
    s->f->back(r->t + p.table * count, count, x + p.c, s->c, p.len, r->dcol + p.column, step,
               dx ? dx + p.c : NULL, r->sums + 4 * p.table * count);
  bring_out(s, a, r, i, p0, count);
  return good;
}

static bool some_images(const struct state *s, const struct vt_run_args *a, const float *weight, int64_t i0,
                        int64_t i1, const struct room *r)
{
  int64_t map = s->h * s->w * s->c;
  bool good = true;
  memset(r->dw, 0, (size_t)weights(s) * sizeof *r->dw);
  for (int64_t i = i0; i < i1; i++) {
    if (a->out[0]) memset((float *)a->out[0] + i * map, 0, (size_t)map * sizeof(float));
    for (int64_t p = 0; p < s->oh * s->ow; p += s->places) good &= some_gradients(s, a, weight, i, p, r);
  }
  return good;
}

static int grad_run(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  const struct state *s = state;
  char *base = a->scratch;
  size_t bytes = room_at(s, NULL, NULL);
  float *turned = (float *)(base + (size_t)s->threads * bytes);
  struct room first;
  bool good = true;
  if (!s->weight) turn(s, a->in[2], turned, false);
#pragma omp parallel for num_threads(s->threads) schedule(static, 1) reduction(&& : good)
  for (int64_t t = 0; t < s->threads; t++) {
    struct room r;
    room_at(s, base + (size_t)t * bytes, &r);
    good = some_images(s, a, s->weight ? s->weight : turned, s->n * t / s->threads,
                       s->n * (t + 1) / s->threads, &r) &&
           good;
  }
  room_at(s, base, &first);
  for (int64_t t = 1; t < s->threads && a->out[1]; t++) { /* the threads' sums, in their order */
    struct room r;
    room_at(s, base + (size_t)t * bytes, &r);
    for (int64_t k = 0; k < weights(s); k++) first.dw[k] += r.dw[k];
  }
  if (a->out[1]) turn(s, first.dw, a->out[1], true);
  return good ? VT_OK : vt_fail(e, VT_EUNSUPPORTED, "deformable convolution: no matrix product");
}

static const struct vt_kernel_desc forward = {"gather", "DeformConv", accepts, prepare, run, release};
static const struct vt_kernel_desc gradient = {
    "gather", "ai.vitrine:DeformConvGrad", grad_accepts, grad_prepare, grad_run, release};
const struct vt_kernel_desc *const vt_kernels_deform[] = {&forward, &gradient, NULL};
