/* Conv, ai.vitrine:ConvFused and the two gradients of convolution as Winograd F(4x4, 3x3), in f32: for
 * kernels of 3x3 with step 1, where channels are many enough to pay for the transforms. Kernels of one line,
 * 1 x 3 to 7 x 1, as F(m, r) along it (inference and the forward pass).
 *
 * Tiles are worked on in blocks that fit the cache: transform in, 36 products of matrices, transform out.
 * Where the transformed weights are small each thread takes blocks of its own; else all threads work on one
 * block and share the 36 products, so that each weight is read once. The gradient with respect to the input
 * is the convolution of dy with the weight turned round.
 *
 * Transformed weights are four times as large as plain ones. Where one block holds all tiles, constant
 * weights stay plain (in the order of the transform), and groups of output channels are transformed in each
 * run, into the third cache: reading four times as much from memory would take longer. */
#include "backend/kernel_util.h"
#include "backend/native/winograd_line.h"

#include <omp.h>

enum kind { FORWARD, GRAD_INPUT, GRAD_WEIGHT };
enum { GAP = 16 }; /* floats between points: keeps the 36 streams off the same lines of the cache */

/* The convolution that is computed: (n, c, h, w) -> (n, m, oh, ow). */
struct geometry {
  int64_t n, c, m, h, w, oh, ow, top, left;
  int taps, points; /* of the kernel in all; products for a tile */
  bool line, down;  /* kernel of one line; of one column */
  int64_t sy, sx;   /* size of a tile */
  int64_t th, tw, tiles;
};

struct state {
  enum kind kind;
  struct geometry g;
  const struct vt__wino *f;
  struct vt__wino_line line; /* g.line: how */
  int threads;
  bool team;     /* all threads on one block */
  int64_t block; /* tiles */
  /* floats from point to point, and of the buffers */
  int64_t ustep, vstep, zstep, usize, vsize, zsize;
  float *u;      /* weights transformed at compile time, or NULL */
  bool late;     /* transformed in groups in each run, from: */
  float *w;      // (m / panel, c, 9, panel)
  int64_t group; /* output channels */
  bool residual;
  enum vt_act act;
  float alpha, beta;
};

static enum kind kind_of(const struct vt_node *n)
{
  const char *name = n->op->name;
  return !strcmp(name, "ConvGradInput")    ? GRAD_INPUT
         : !strcmp(name, "ConvGradWeight") ? GRAD_WEIGHT
                                           : FORWARD;
}

static struct vt_slot *slot_x(struct vt_plan_node *n)
{
  return kind_of(n->node) == GRAD_INPUT ? &n->out[0] : &n->in[0];
}
static struct vt_slot *slot_y(struct vt_plan_node *n)
{
  enum kind k = kind_of(n->node);
  return k == FORWARD ? &n->out[0] : k == GRAD_INPUT ? &n->in[0] : &n->in[1];
}
static struct vt_slot *slot_w(struct vt_plan_node *n)
{
  return kind_of(n->node) == GRAD_WEIGHT ? &n->out[0] : &n->in[1];
}

static void set_tile(struct geometry *g, int64_t sy, int64_t sx, int points)
{
  g->sy = sy;
  g->sx = sx;
  g->th = (g->oh + sy - 1) / sy;
  g->tw = (g->ow + sx - 1) / sx;
  g->tiles = g->n * g->th * g->tw;
  g->points = points;
}

/* Estimated times in multiplications and additions. The costs of moving data are guesses that took the right
 * side for the shapes of docs/PERFORMANCE.md: 10 for a point made and read again, and for a weight that is
 * read only once 30 and for one that is transformed in each run 150. */
enum { POINT = 10, READ = 30, MADE = 150 };

static double cost(const struct geometry *g, enum kind kind, bool constant)
{
  double cm = (double)g->c * (double)g->m, tiles = (double)g->tiles, points = g->points;
  return points * (2 * cm * tiles + tiles * POINT * (double)(g->c + g->m) +
                   cm * (kind != FORWARD || !constant ? MADE : READ));
}

static bool worth(const struct geometry *g, enum kind kind, bool constant)
{
  double direct = g->taps * (double)g->c * (double)g->m * (double)(2 * g->n * g->oh * g->ow + READ);
  return cost(g, kind, constant) < direct;
}

/* The tile of a line that costs least. */
static void choose_line(struct geometry *g)
{
  double least = -1;
  struct geometry best = *g;
  for (int tile = 2; tile <= VT__LINE_TILE; tile += 2) {
    if (!vt__wino_line_has(tile, g->taps)) continue;
    set_tile(g, g->down ? tile : 1, g->down ? 1 : tile, tile + g->taps - 1);
    double c = cost(g, FORWARD, true);
    if (least < 0 || c < least) best = *g;
    least = least < 0 ? c : VT_MIN(c, least);
  }
  *g = best;
}

/* False: no convolution of 3x3, or of one line of 3, 5 or 7, with step 1 and padding less than the kernel. */
static bool describe(struct geometry *g, struct vt_plan_node *n)
{
  const struct vt_conv_attrs *a = n->node->attrs;
  const struct vt_slot *x = slot_x(n), *y = slot_y(n), *w = slot_w(n);
  struct vt_window win;
  if (x->rank != 4 || a->group != 1 || vt_conv_window(&win, n->node, 4, x->dim, w->dim, NULL)) return false;
  for (int i = 1; i < 3; i++)
    if (win.stride[i] != 1 || win.dil[i] != 1 || win.lo[i] < 0 || win.lo[i] >= win.k[i]) return false;
  bool square = win.k[1] == 3 && win.k[2] == 3, down = win.k[2] == 1 && win.out[2] == win.in[2];
  int64_t taps = down ? win.k[1] : win.k[2];
  bool line = (down || (win.k[1] == 1 && win.out[1] == win.in[1])) && (taps == 3 || taps == 5 || taps == 7);
  if (!square && (!line || kind_of(n->node) != FORWARD)) return false;
  *g = (struct geometry){x->dim[0], x->dim[1], y->dim[1], x->dim[2], x->dim[3],
                         y->dim[2], y->dim[3], win.lo[1], win.lo[2]};
  if (kind_of(n->node) == GRAD_INPUT)
    *g = (struct geometry){g->n, g->m, g->c, g->oh, g->ow, g->h, g->w, 2 - g->top, 2 - g->left};
  g->taps = square ? 9 : (int)taps;
  g->line = line;
  g->down = down;
  if (line)
    choose_line(g);
  else
    set_tile(g, VT__WINO_TILE, VT__WINO_TILE, VT__WINO_POINTS);
  return true;
}

static int accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  enum { RESIDUAL = 3, GATE };
  const struct vt__wino *f = vt__wino_for(n->isa);
  struct geometry g;
  enum kind kind = kind_of(n->node);
  if (!f || n->block != f->lanes) return vt__refuse(reason, size, "no vectors as wide as a block");
  if (vt__want(n) != VT_F32) return vt__refuse(reason, size, "computes in f32 only");
  if (kind == FORWARD && n->nin > GATE && n->in[GATE].used) return vt__refuse(reason, size, "takes no gate");
  if (!describe(&g, n)) return vt__refuse(reason, size, "neither 3x3 nor a line of 3 to 7, with step 1");
  if (g.c % f->lanes || g.m % f->lanes) return vt__refuse(reason, size, "channels do not fill blocks");
  struct vt_slot *w = slot_w(n);
  if (w->dtype != VT_F32) return vt__refuse(reason, size, "weight is not f32");
  if (!worth(&g, kind, w->constant != NULL)) return vt__refuse(reason, size, "too small to gain");
  slot_x(n)->dtype = slot_y(n)->dtype = VT_F32;
  slot_x(n)->block = slot_y(n)->block = f->lanes;
  w->block = VT_PLAIN;
  if (kind != FORWARD) return 1;
  if (w->constant) w->packed = true;
  if (n->nin > 2 && n->in[2].used) n->in[2].dtype = VT_F32;
  if (n->nin > RESIDUAL && n->in[RESIDUAL].used) {
    n->in[RESIDUAL].dtype = VT_F32;
    n->in[RESIDUAL].block = f->lanes;
  }
  return 1;
}

static void release(void *p)
{
  struct state *s = p;
  if (!s) return;
  vt_free(s->u);
  vt_free(s->w);
  vt_free(s);
}

/* One share of n things for thread `rank` of `size`. */
static void share(int64_t n, int rank, int size, int64_t *begin, int64_t *end)
{
  *begin = n * rank / size;
  *end = n * (rank + 1) / size;
}

/* Transforms the weight, panels of output channels rank, rank + size, … */
static void transform_weight(const struct state *s, const float *w, float *u, int rank, int size)
{
  const struct geometry *g = &s->g;
  bool back = s->kind == GRAD_INPUT;
  int64_t panel = 2 * s->f->lanes, mstep = back ? 9 : g->c * 9, cstep = back ? g->m * 9 : 9;
  for (int64_t m = rank * panel; m < g->m; m += size * panel)
    if (g->line)
      s->f->line->filter(&s->line, w, g->m, g->c, m, u, s->ustep);
    else
      s->f->filter(w, g->m, g->c, m, mstep, cstep, back, u, s->ustep);
}

/* One block of all tiles, and groups of whole panels whose weights fit its share of the third cache. */
static void choose_late(struct state *s, bool large)
{
  enum { GROUP = 4 << 20 };
  const struct geometry *g = &s->g;
  int64_t panel = 2 * s->f->lanes, each = g->points * g->c * panel * 4;
  s->group = g->m;
  s->late = large && s->block == g->tiles;
  if (s->late) s->group = VT_MIN(VT_MAX(GROUP / each, 2) * panel, g->m);
}

/* Blocks of tiles so large that what belongs to one fits the second cache (private) or its share of the third
 * (team). */
static void choose_blocks(struct state *s, bool constant)
{
  enum { PRIVATE = 400 << 10, TEAM = 4 << 20, LEAST = 24, MOST = 96, BIG = 5 << 20, LATE = 8 << 20 };
  const struct geometry *g = &s->g;
  int64_t weights = g->points * g->c * g->m * 4, tile = g->points * (g->c + g->m) * 4;
  int64_t each = (g->tiles + s->threads - 1) / s->threads;
  bool large = constant && !g->line && weights > LATE;
  s->team =
      large || (s->threads > 1 && (weights > (s->kind == GRAD_WEIGHT ? BIG / 4 : BIG) || each < LEAST / 2));
  int64_t whole = s->team ? g->tiles : each;
  int64_t most = s->team ? VT_CLAMP(TEAM / tile, 2 * LEAST, 4 * MOST) : VT_CLAMP(PRIVATE / tile, LEAST, MOST);
  int64_t blocks = (whole + most - 1) / most;
  s->block = (whole + blocks - 1) / blocks;
  choose_late(s, large);
  s->ustep = g->c * s->group + GAP;
  s->vstep = s->block * g->c + GAP;
  s->zstep = s->block * s->group + GAP;
  s->usize = g->points * s->ustep;
  s->vsize = g->points * s->vstep;
  s->zsize = g->points * s->zstep;
}

static int pack_weight(struct state *s, const float *w)
{
  const struct geometry *g = &s->g;
  int64_t panel = 2 * s->f->lanes;
  if (!(s->w = vt_aligned((size_t)(g->m * g->c * 9) * sizeof *s->w))) return VT_ENOMEM;
  float *to = s->w;
  for (int64_t m0 = 0; m0 < g->m; m0 += panel) {
    int64_t width = VT_MIN(panel, g->m - m0);
    for (int64_t i = 0; i < g->c * 9; i++)
      for (int64_t m = m0; m < m0 + width; m++) *to++ = w[m * g->c * 9 + i];
  }
  return 0;
}

static int prepare(const struct vt_plan_node *node, void **out, size_t *scratch, struct vt_err *e)
{
  struct vt_plan_node *n = (struct vt_plan_node *)node; /* only read */
  struct state *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "convolution");
  s->kind = kind_of(n->node);
  s->f = vt__wino_for(n->isa);
  s->threads = VT_MAX(n->threads, 1);
  if (!s->f || !describe(&s->g, n)) {
    release(s);
    return vt_fail(e, VT_EUNSUPPORTED, "convolution: shapes out of range");
  }
  if (s->g.line) vt__wino_line_init(&s->line, (int)VT_MAX(s->g.sy, s->g.sx), s->g.taps, s->g.down);
  const struct vt_tensor *w = s->kind == FORWARD ? n->in[1].constant : NULL;
  choose_blocks(s, w != NULL);
  int64_t buffers = s->team ? 1 : s->threads, floats = buffers * (s->vsize + s->zsize);
  if (s->kind == FORWARD) {
    const struct vt_conv_attrs *a = n->node->attrs;
    s->residual = n->nin > 3 && n->in[3].used;
    s->act = (enum vt_act)a->activation;
    s->alpha = a->alpha;
    s->beta = a->beta;
  }
  if (s->late) {
    floats += s->usize;
    if (pack_weight(s, w->data)) {
      release(s);
      return vt_fail(e, VT_ENOMEM, "packing a weight of %zu bytes", vt_tensor_bytes(w));
    }
  } else if (w) {
    if (!(s->u = vt_aligned((size_t)s->usize * sizeof *s->u))) {
      release(s);
      return vt_fail(e, VT_ENOMEM, "packing a weight of %zu bytes", (size_t)s->usize * sizeof *s->u);
    }
    transform_weight(s, w->data, s->u, 0, 1);
  } else {
    floats += s->kind == GRAD_WEIGHT ? buffers * s->usize : s->usize;
  }
  *scratch = (size_t)floats * sizeof(float);
  *out = s;
  return VT_OK;
}

/* Tile t of a map of (n, blocks, h, w, lanes): its first panel, and where it lies in each. */
static const float *locate(const struct state *s, int64_t t, const void *map, int64_t channels, int64_t h,
                           int64_t w, int64_t top, int64_t left, struct vt__wino_patch *p)
{
  const struct geometry *g = &s->g;
  int64_t image = t / (g->th * g->tw), at = t % (g->th * g->tw);
  *p = (struct vt__wino_patch){h, w, at / g->tw * g->sy - top, at % g->tw * g->sx - left};
  return (const float *)map + image * channels * h * w;
}

/* Tiles begin .. end of the block that starts at t0, transformed into v. */
static void transform_in(const struct state *s, const void *x, int64_t t0, int64_t begin, int64_t end,
                         float *v)
{
  const struct geometry *g = &s->g;
  struct vt__wino_patch p;
  for (int64_t t = begin; t < end; t++) {
    const float *panel = locate(s, t0 + t, x, g->c, g->h, g->w, g->top, g->left, &p);
    for (int64_t c = 0; c < g->c; c += s->f->lanes)
      if (g->line)
        s->f->line->input(&s->line, panel + c * g->h * g->w, &p, v + t * g->c + c, s->vstep);
      else
        s->f->input(panel + c * g->h * g->w, &p, v + t * g->c + c, s->vstep);
  }
}

static void transform_dy(const struct state *s, const void *dy, int64_t t0, int64_t begin, int64_t end,
                         float *z)
{
  const struct geometry *g = &s->g;
  struct vt__wino_patch p;
  for (int64_t t = begin; t < end; t++) {
    const float *panel = locate(s, t0 + t, dy, g->m, g->oh, g->ow, 0, 0, &p);
    for (int64_t m = 0; m < g->m; m += s->f->lanes)
      s->f->gradient(panel + m * g->oh * g->ow, &p, z + t * g->m + m, s->zstep);
  }
}

/* z holds the output channels m0 .. m0 + count. */
static void transform_out(const struct state *s, const float *z, int64_t m0, int64_t count, int64_t t0,
                          int64_t begin, int64_t end, const float *bias, const float *residual, float *y)
{
  const struct geometry *g = &s->g;
  struct vt__wino_patch p;
  struct vt__wino_finish f = {.act = s->act, .alpha = s->alpha, .beta = s->beta};
  for (int64_t t = begin; t < end; t++) {
    float *panel = y + (locate(s, t0 + t, y, g->m, g->oh, g->ow, 0, 0, &p) - y);
    for (int64_t m = m0; m < m0 + count; m += s->f->lanes) {
      float *to = panel + m * g->oh * g->ow;
      const float *from = z + t * count + m - m0;
      f.bias = bias ? bias + m : NULL;
      f.residual = residual ? residual + (to - y) : NULL;
      if (g->line)
        s->f->line->output(&s->line, from, s->zstep, &p, &f, to);
      else
        s->f->output(from, s->zstep, &p, &f, to);
    }
  }
}

/* What one thread has to do: its tiles, its buffers, its part of a block. */
struct job {
  int64_t begin, end;
  float *v, *z;
  int part, parts;
};

static struct job job_of(const struct state *s, float *buffers, int rank, int size)
{
  struct job j = {0, s->g.tiles, buffers, NULL, rank, size};
  if (!s->team) {
    share(s->g.tiles, rank, size, &j.begin, &j.end);
    j.v += rank * (s->vsize + s->zsize);
    j.part = 0;
    j.parts = 1;
  }
  j.z = j.v + s->vsize;
  return j;
}

static void meet(const struct state *s)
{
  if (s->team) {
#pragma omp barrier
  }
}

/* Transforms the weights of a group of `count` output channels from m0 on; panels rank, rank + size, … */
static void transform_group(const struct state *s, int64_t m0, int64_t count, float *u, int rank, int size)
{
  int64_t panel = 2 * s->f->lanes, c = s->g.c;
  for (int64_t m = rank * panel; m < count; m += size * panel)
    s->f->filter_packed(s->w + (m0 + m) * c * 9, c, VT_MIN(panel, count - m), u + m * c, s->ustep);
}

static void run_late(const struct state *s, const struct vt_run_args *a, const float *bias)
{
  const struct geometry *g = &s->g;
  const float *residual = s->residual ? a->in[3] : NULL;
  float *u = a->scratch, *v = u + s->usize, *z = v + s->vsize;
#pragma omp parallel num_threads(s->threads)
  {
    int rank = omp_get_thread_num(), size = omp_get_num_threads();
    int64_t begin, end, first, last;
    share(g->tiles, rank, size, &begin, &end);
    share(g->points, rank, size, &first, &last);
    transform_in(s, a->in[0], 0, begin, end, v);
    for (int64_t m = 0; m < g->m; m += s->group) {
      int64_t count = VT_MIN(s->group, g->m - m);
      transform_group(s, m, count, u, rank, size);
#pragma omp barrier
      for (int64_t p = first; p < last; p++)
        s->f->multiply(g->tiles, count, g->c, v + p * s->vstep, u + p * s->ustep, z + p * s->zstep);
#pragma omp barrier
      transform_out(s, z, m, count, 0, begin, end, bias, residual, a->out[0]);
    }
  }
}

static int run_forward(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  (void)e;
  const struct state *s = state;
  const struct geometry *g = &s->g;
  const float *bias = s->kind == FORWARD && a->node->nin > 2 ? a->in[2] : NULL;
  const float *residual = s->residual ? a->in[3] : NULL;
  if (s->late) {
    run_late(s, a, bias);
    return VT_OK;
  }
  float *own = a->scratch, *buffers = s->u ? own : own + s->usize;
  const float *u = s->u ? s->u : own;
#pragma omp parallel num_threads(s->threads)
  {
    int rank = omp_get_thread_num(), size = omp_get_num_threads();
    struct job j = job_of(s, buffers, rank, size);
    if (!s->u) {
      transform_weight(s, a->in[1], own, rank, size);
#pragma omp barrier
    }
    for (int64_t t = j.begin; t < j.end; t += s->block) {
      int64_t n = VT_MIN(s->block, j.end - t), begin, end;
      share(n, j.part, j.parts, &begin, &end);
      transform_in(s, a->in[0], t, begin, end, j.v);
      meet(s);
      int64_t p, last;
      for (share(g->points, j.part, j.parts, &p, &last); p < last; p++)
        s->f->multiply(n, g->m, g->c, j.v + p * s->vstep, u + p * s->ustep, j.z + p * s->zstep);
      meet(s);
      transform_out(s, j.z, 0, g->m, t, begin, end, bias, residual, a->out[0]);
    }
  }
  return VT_OK;
}

static int run_weight(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  (void)e;
  const struct state *s = state;
  const struct geometry *g = &s->g;
  float *d = a->scratch, *buffers = d + s->usize * (s->team ? 1 : s->threads);
#pragma omp parallel num_threads(s->threads)
  {
    int rank = omp_get_thread_num(), size = omp_get_num_threads();
    struct job j = job_of(s, buffers, rank, size);
    float *mine = d + (s->team ? 0 : rank * s->usize);
    int64_t first, last, begin, end;
    share(g->points, j.part, j.parts, &first, &last);
    memset(mine + first * s->ustep, 0, sizeof *mine * (size_t)((last - first) * s->ustep));
    for (int64_t t = j.begin; t < j.end; t += s->block) {
      int64_t n = VT_MIN(s->block, j.end - t);
      share(n, j.part, j.parts, &begin, &end);
      transform_in(s, a->in[0], t, begin, end, j.v);
      transform_dy(s, a->in[1], t, begin, end, j.z);
      meet(s);
      for (int64_t p = first; p < last; p++)
        s->f->accumulate(n, g->m, g->c, j.z + p * s->zstep, j.v + p * s->vstep, mine + p * s->ustep);
      meet(s);
    }
#pragma omp barrier
    if (!s->team) { /* the threads' sums, in their order */
      share(s->usize, rank, size, &begin, &end);
      for (int k = 1; k < size; k++)
        for (int64_t i = begin; i < end; i++) d[i] += d[k * s->usize + i];
#pragma omp barrier
    }
    share(g->m, rank, size, &begin, &end);
    for (int64_t m = begin; m < end; m++)
      s->f->filter_grad(d + m * g->c, g->c, s->ustep, (float *)a->out[0] + m * g->c * 9);
  }
  return VT_OK;
}

static const struct vt_kernel_desc conv = {"winograd", "Conv", accepts, prepare, run_forward, release};
static const struct vt_kernel_desc fused = {"winograd", "ai.vitrine:ConvFused", accepts, prepare, run_forward,
                                            release};
static const struct vt_kernel_desc input = {
    "winograd", "ai.vitrine:ConvGradInput", accepts, prepare, run_forward, release};
static const struct vt_kernel_desc weight = {
    "winograd", "ai.vitrine:ConvGradWeight", accepts, prepare, run_weight, release};
const struct vt_kernel_desc *const vt_kernels_winograd[] = {&conv, &fused, &input, &weight, NULL};
