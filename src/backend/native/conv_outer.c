/* ai.vitrine:ConvGradWeight (x, dy) -> dw as sums of outer products, in f32, for every stride, padding and
 * dilation (outer.h; 3x3 with step 1 goes to winograd.c before):
 *
 *   dw[m, c, tap] = sum over images and outputs o of dy[n, m, o] x[n, c, o stride + tap]
 *
 * Many channels: vectors lie along c, scalars are dy's lanes; each tap has its own range of outputs that meet
 * the map, so nothing is padded. Few channels (a network's first layer, whose x is plain): vectors lie along
 * m, scalars are the map's pixels under each tap, from a copy with its border.
 *
 * Sums are (taps, M, C) or (taps C, M) and are brought into dw's order in the end. Small ones are kept once
 * for each thread, which then takes images of its own; of large ones each thread owns a part. */
#include "backend/kernel_util.h"
#include "backend/native/outer.h"

#include <omp.h>

enum { FEW = 8, V = VT__OUTER_VECTORS };
enum { SMALL = 1 << 17, POSITIONS = 208 }; /* floats; a tile's positions: both sides in the first cache */

struct geometry {
  int64_t n, c, m, h, w, oh, ow, kh, kw, sy, sx, dy, dx, top, left;
};

/* One tap of the kernel, where channels are many: the outputs that meet the map there, and the pixel of the
 * first of them. */
struct tap {
  int64_t y0, ny, x0, nx, oy, ox;
};

struct state {
  const struct vt__outer *f;
  struct geometry g;
  int threads;
  bool few;           /* channels */
  bool shared;        /* sums: a part for each thread; else all for each */
  bool direct;        /* the sums are dw */
  int64_t sums;       /* floats */
  int64_t xmap, ymap; /* floats of a block's panel */
  int64_t ntaps;      /* kernel's taps; when few, times c, rounded up to whole tiles */
  struct tap *tap;    /* many */
  int64_t *under;     /* few: offset of the pixel under each tap of each channel, in the copy */
  int64_t border_w, border_h, border; /* the copy of one image, when few */
};

/* Pixels of a dense 1x1 convolution have no order: rows of about as many as a tile takes. */
static void merge_rows(struct geometry *g)
{
  int64_t all = g->h * g->w, cols = VT_MIN(all, POSITIONS);
  while (all % cols) cols--;
  if (cols < g->w) return;
  g->w = g->ow = cols;
  g->h = g->oh = all / cols;
}

static bool describe(struct geometry *g, const struct vt_plan_node *n)
{
  const struct vt_conv_attrs *a = n->node->attrs;
  const struct vt_slot *x = &n->in[0], *y = &n->in[1], *w = &n->out[0];
  struct vt_window win;
  if (x->rank != 4 || a->group != 1 || vt_conv_window(&win, n->node, 4, x->dim, w->dim, NULL)) return false;
  if (win.lo[1] < 0 || win.lo[2] < 0) return false;
  *g = (struct geometry){x->dim[0],     x->dim[1],  y->dim[1],  x->dim[2], x->dim[3],
                         y->dim[2],     y->dim[3],  w->dim[2],  w->dim[3], win.stride[1],
                         win.stride[2], win.dil[1], win.dil[2], win.lo[1], win.lo[2]};
  if (g->kh * g->kw == 1 && g->sy * g->sx == 1 && g->h == g->oh && g->w == g->ow) merge_rows(g);
  return g->n > 0 && g->oh > 0 && g->ow > 0 && g->c > 0 && g->m > 0 && g->kh * g->kw <= 1024;
}

static int accepts(struct vt_plan_node *n, char *reason, size_t size)
{
  const struct vt__outer *f = vt__outer_for(n->isa);
  struct geometry g;
  if (!f || n->block != f->lanes) return vt__refuse(reason, size, "no vectors as wide as a block");
  if (vt__want(n) != VT_F32) return vt__refuse(reason, size, "computes in f32 only");
  if (!describe(&g, n)) return vt__refuse(reason, size, "not a 2-d convolution in one group");
  if (g.m % f->lanes || (g.c >= FEW && g.c % f->lanes))
    return vt__refuse(reason, size, "channels do not fill blocks");
  if (g.kh * g.kw == 1 && (VT_MIN(g.c, g.m) < 128 || (g.sx > 1 && g.c < 512)))
    return vt__refuse(reason, size, "oneDNN is faster for so few channels");
  n->in[0].dtype = n->in[1].dtype = n->out[0].dtype = VT_F32;
  n->in[0].block = g.c < FEW ? VT_PLAIN : f->lanes;
  n->in[1].block = f->lanes;
  n->out[0].block = VT_PLAIN;
  return 1;
}

/* The outputs along one axis whose tap at `offset` meets [0, size). */
static void range(int64_t outputs, int64_t size, int64_t stride, int64_t offset, int64_t *first, int64_t *n)
{
  int64_t a = offset < 0 ? (-offset + stride - 1) / stride : 0;
  int64_t b = offset < size ? (size - 1 - offset) / stride + 1 : 0;
  *first = a;
  *n = VT_MAX(VT_MIN(b, outputs) - a, 0);
}

static int prepare_many(struct state *s)
{
  const struct geometry *g = &s->g;
  s->ntaps = g->kh * g->kw;
  s->xmap = g->h * g->w * s->f->lanes;
  s->sums = s->ntaps * g->m * g->c;
  s->shared = s->sums > SMALL || g->n < s->threads;
  s->direct = s->shared && s->ntaps == 1;
  s->tap = vt_calloc((size_t)s->ntaps, sizeof *s->tap);
  for (int64_t t = 0; s->tap && t < s->ntaps; t++) {
    struct tap *p = &s->tap[t];
    int64_t y = t / g->kw * g->dy - g->top, x = t % g->kw * g->dx - g->left;
    range(g->oh, g->h, g->sy, y, &p->y0, &p->ny);
    range(g->ow, g->w, g->sx, x, &p->x0, &p->nx);
    p->oy = y;
    p->ox = p->x0 * g->sx + x;
  }
  return s->tap ? VT_OK : VT_ENOMEM;
}

static int prepare_few(struct state *s)
{
  const struct geometry *g = &s->g;
  int64_t taps = g->kh * g->kw, all = taps * g->c, rows = s->f->rows;
  s->ntaps = (all + rows - 1) / rows * rows;
  s->sums = s->ntaps * g->m;
  s->border_w = VT_MAX(g->w + g->left, (g->ow - 1) * g->sx + (g->kw - 1) * g->dx + 1);
  s->border_h = VT_MAX(g->h + g->top, (g->oh - 1) * g->sy + (g->kh - 1) * g->dy + 1);
  s->border = g->c * s->border_w * s->border_h;
  s->under = vt_calloc((size_t)s->ntaps, sizeof *s->under);
  for (int64_t i = 0; s->under && i < s->ntaps; i++) { /* beyond the last tap: sums that nobody reads */
    int64_t k = VT_MIN(i, all - 1), c = k / taps, t = k % taps;
    s->under[i] = (c * s->border_h + t / g->kw * g->dy) * s->border_w + t % g->kw * g->dx;
  }
  return s->under ? VT_OK : VT_ENOMEM;
}

static void release(void *state)
{
  struct state *s = state;
  if (!s) return;
  vt_free(s->tap);
  vt_free(s->under);
  vt_free(s);
}

static int prepare(const struct vt_plan_node *n, void **out, size_t *scratch, struct vt_err *e)
{
  struct state *s = vt_calloc(1, sizeof *s);
  if (!s) return vt_fail(e, VT_ENOMEM, "gradient of a convolution");
  struct geometry *g = &s->g;
  s->f = vt__outer_for(n->isa);
  s->threads = VT_MAX(n->threads, 1);
  if (!s->f || !describe(g, n)) {
    release(s);
    return vt_fail(e, VT_EUNSUPPORTED, "gradient of a convolution: shapes out of range");
  }
  s->few = g->c < FEW;
  s->ymap = g->oh * g->ow * s->f->lanes;
  if (s->few ? prepare_few(s) : prepare_many(s)) {
    release(s);
    return vt_fail(e, VT_ENOMEM, "gradient of a convolution");
  }
  int64_t copies = s->direct ? 0 : s->shared ? 1 : s->threads;
  *scratch = (size_t)(copies * s->sums + s->threads * s->border) * sizeof(float);
  *out = s;
  return VT_OK;
}

/* A job: images [n0, n1), output channels [m0, m1), into `sums`. */
struct job {
  int64_t n0, n1, m0, m1;
  float *sums;
};

/* Streams of a register tile, the last ones balanced: 4 is 2 + 2. */
static int next_vectors(int64_t left)
{
  return left == 4 ? 2 : (int)VT_MIN(left, V);
}

/* ---- many channels ---- */

/* Part of the map that one register tile sums over: images n0 .. n0 + images, output rows y0 .. y0 + rows. */
struct part {
  int64_t n0, images, y0, rows;
};

/* The sums of one tap, some vectors of c from block cb on and the tile's rows of m. */
static void add_tap(const struct state *s, const struct part *p, int64_t t, int64_t cb, int vectors,
                    int64_t m, const float *x, const float *dy, float *sums)
{
  const struct geometry *g = &s->g;
  const struct tap *tap = &s->tap[t];
  int64_t lanes = s->f->lanes, y0 = VT_MAX(tap->y0, p->y0), y1 = VT_MIN(tap->y0 + tap->ny, p->y0 + p->rows);
  if (y1 <= y0 || tap->nx <= 0) return;
  struct vt__outer_span span = {p->images,
                                y1 - y0,
                                tap->nx,
                                g->c * (g->h * g->w),
                                g->sy * g->w * lanes,
                                g->sx * lanes,
                                g->m * (g->oh * g->ow),
                                g->ow * lanes,
                                lanes};
  const float *vec[V], *sc[VT__OUTER_ROWS];
  x += cb * s->xmap + ((y0 * g->sy + tap->oy) * g->w + tap->ox) * lanes;
  dy += (y0 * g->ow + tap->x0) * lanes;
  for (int v = 0; v < vectors; v++) vec[v] = x + v * s->xmap;
  for (int r = 0; r < s->f->rows; r++) sc[r] = dy + r;
  s->f->add(&span, vectors, vec, sc, sums + (t * g->m + m) * g->c + cb * lanes, g->c);
}

static void add_part(const struct state *s, const struct part *p, const struct job *j, const float *x,
                     const float *dy)
{
  const struct geometry *g = &s->g;
  int64_t lanes = s->f->lanes, blocks = g->c / lanes;
  x += p->n0 * (g->c * (g->h * g->w));
  dy += p->n0 * (g->m * (g->oh * g->ow));
  for (int64_t cb = 0; cb < blocks;) {
    int vectors = next_vectors(blocks - cb);
    for (int64_t t = 0; t < s->ntaps; t++)
      for (int64_t m = j->m0; m < j->m1; m += s->f->rows)
        add_tap(s, p, t, cb, vectors, m, x, dy + m / lanes * s->ymap + m % lanes, j->sums);
    cb += vectors;
  }
}

/* Whole images while they are small, else rows of one. */
static void add_many(const struct state *s, const struct job *j, const float *x, const float *dy)
{
  const struct geometry *g = &s->g;
  int64_t positions =
      g->sx > 1 ? POSITIONS / 2 : POSITIONS; /* then half of each line of the cache is not used */
  int64_t images = VT_CLAMP(positions / (g->oh * g->ow), 1, j->n1 - j->n0);
  int64_t rows = VT_CLAMP(positions / g->ow, 1, g->oh);
  for (int64_t n = j->n0; n < j->n1; n += images)
    for (int64_t y = 0; y < g->oh; y += rows) {
      struct part p = {n, VT_MIN(images, j->n1 - n), y, VT_MIN(rows, g->oh - y)};
      add_part(s, &p, j, x, dy);
    }
}

/* ---- few channels ---- */

static void copy_with_border(const struct state *s, const float *x, float *to)
{
  const struct geometry *g = &s->g;
  memset(to, 0, (size_t)s->border * sizeof *to);
  for (int64_t c = 0; c < g->c; c++)
    for (int64_t y = 0; y < g->h; y++)
      memcpy(to + (c * s->border_h + y + g->top) * s->border_w + g->left, x + (c * g->h + y) * g->w,
             (size_t)g->w * sizeof *to);
}

/* One row of outputs of one image: all taps, m by m. */
static void add_row(const struct state *s, const float *x, const float *dy, float *sums)
{
  const struct geometry *g = &s->g;
  int64_t lanes = s->f->lanes, blocks = g->m / lanes;
  struct vt__outer_span span = {1, 1, g->ow, 0, 0, lanes, 0, 0, g->sx};
  for (int64_t mb = 0; mb < blocks;) {
    int vectors = next_vectors(blocks - mb);
    const float *vec[V], *sc[VT__OUTER_ROWS];
    for (int v = 0; v < vectors; v++) vec[v] = dy + (mb + v) * s->ymap;
    for (int64_t t = 0; t < s->ntaps; t += s->f->rows) {
      for (int r = 0; r < s->f->rows; r++) sc[r] = x + s->under[t + r];
      s->f->add(&span, vectors, vec, sc, sums + t * g->m + mb * lanes, g->m);
    }
    mb += vectors;
  }
}

static void add_few(const struct state *s, const struct job *j, const float *x, const float *dy, float *copy)
{
  const struct geometry *g = &s->g;
  for (int64_t n = j->n0; n < j->n1; n++) {
    copy_with_border(s, x + n * g->c * g->h * g->w, copy);
    for (int64_t y = 0; y < g->oh; y++)
      add_row(s, copy + y * g->sy * s->border_w, dy + n * g->m * g->oh * g->ow + y * g->ow * s->f->lanes,
              j->sums);
  }
}

/* ---- both ---- */

/* Output channels m0 .. m1 of dw (M, C, taps) from the sums. */
static void bring_out(const struct state *s, const float *sums, int64_t m0, int64_t m1, float *dw)
{
  const struct geometry *g = &s->g;
  int64_t taps = g->kh * g->kw;
  for (int64_t m = m0; m < m1; m++)
    for (int64_t c = 0; c < g->c; c++)
      for (int64_t t = 0; t < taps; t++)
        dw[(m * g->c + c) * taps + t] =
            s->few ? sums[(c * taps + t) * g->m + m] : sums[(t * g->m + m) * g->c + c];
}

static int run(const void *state, const struct vt_run_args *a, struct vt_err *e)
{
  (void)e;
  const struct state *s = state;
  const struct geometry *g = &s->g;
  int64_t tiles = g->m / s->f->rows, rows = s->f->rows, taps = g->kh * g->kw;
  float *all = s->direct ? a->out[0] : a->scratch;
  float *copies = (float *)a->scratch + (s->direct ? 0 : s->shared ? 1 : s->threads) * s->sums;
#pragma omp parallel num_threads(s->threads)
  {
    int rank = omp_get_thread_num(), size = omp_get_num_threads();
    int64_t first = tiles * rank / size * rows, last = tiles * (rank + 1) / size * rows;
    struct job j = {0, g->n, first, last, all};
    if (s->shared) {
      for (int64_t t = 0; t < taps; t++)
        memset(all + (t * g->m + first) * g->c, 0, (size_t)((last - first) * g->c) * sizeof *all);
    } else {
      j = (struct job){g->n * rank / size, g->n * (rank + 1) / size, 0, g->m, all + rank * s->sums};
      memset(j.sums, 0, (size_t)s->sums * sizeof *all);
    }
    if (s->few)
      add_few(s, &j, a->in[0], a->in[1], copies + rank * s->border);
    else
      add_many(s, &j, a->in[0], a->in[1]);
#pragma omp barrier
    if (!s->shared) { /* the threads' sums, in their order */
      for (int k = 1; k < size; k++)
        for (int64_t i = s->sums * rank / size; i < s->sums * (rank + 1) / size; i++)
          all[i] += all[k * s->sums + i];
#pragma omp barrier
    }
    if (!s->direct) bring_out(s, all, first, last, a->out[0]);
  }
  return VT_OK;
}

static const struct vt_kernel_desc weight = {
    "outer products", "ai.vitrine:ConvGradWeight", accepts, prepare, run, release};
const struct vt_kernel_desc *const vt_kernels_conv_outer[] = {&weight, NULL};
