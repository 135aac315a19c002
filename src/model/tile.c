/* Overlap-tile inference (Ronneberger 2015, figure 2): a picture of any size through a convolutional network
 * in tiles. A tile's result needs the pixels around it that its receptive field reaches; windows begin at
 * multiples of the network's total stride, so that every layer's grid lies as it does over the whole picture.
 * Then the parts equal the whole: what a window's own border spoils is beyond the context and cut off.
 *
 * Along each axis: the domain is the picture (borders are the network's own padding), or the picture with its
 * mirror image around it, wide enough that no network padding shows. */
#include "model/model.h"

#include <string.h>

enum { MAX_ALIGN = 4096, MAX_SHAPES = 9 };

/* One axis of the network: windows begin at multiples of `align`, pixels [a, b) of the result need pixels
 * [a - before, b + after). */
struct grid {
  int64_t align, before, after;
};
struct side {
  struct grid grid;
  int64_t from, to;   /* the domain */
  int64_t size, core; /* of the picture; of a tile */
};
struct tiling {
  const struct vt_graph *g;
  const struct vt_tile_opts *o;
  const struct vt_tensor *x; // (N, C, H, W)
  struct vt_tensor *out;     // each (N, C', H', W')
  struct vt_eval *eval;
  struct side side[2];
  int64_t (*each)[2];             /* by output: positions per `align` pixels */
  int64_t checked[MAX_SHAPES][2]; /* windows for which the fields are known to be the same */
  int nchecked;
};

static int64_t floor_to(int64_t v, int64_t step)
{
  int64_t r = v % step;
  return v - (r < 0 ? r + step : r);
}

static int64_t ceil_to(int64_t v, int64_t step)
{
  return floor_to(v + step - 1, step);
}

static int64_t gcd(int64_t a, int64_t b)
{
  while (b) {
    int64_t t = a % b;
    a = b;
    b = t;
  }
  return a;
}

static bool fits(const struct vt_field *f)
{
  return f->kind == VT_FIELD_NONE || (f->kind == VT_FIELD_LOCAL && !f->uneven);
}

/* Names the first node that makes of local inputs what tiles cannot compute. */
static int refuse(const struct vt_receptive *r, struct vt_err *e)
{
  for (int i = 0; i < r->graph->nnodes; i++) {
    const struct vt_node *n = r->graph->nodes[i];
    const struct vt_field *f = n->out[0] ? r->field[n->out[0]->id] : NULL;
    if (!f || (fits(&f[0]) && fits(&f[1]))) continue;
    bool whole = f[0].kind == VT_FIELD_WHOLE || f[1].kind == VT_FIELD_WHOLE;
    return vt_fail(e, VT_EARG,
                   "tiles: node '%s' (%s) %s, so parts of a picture do not give the whole's result", n->name,
                   n->op->name, whole ? "depends on the whole picture" : "depends on where the picture ends");
  }
  return vt_fail(e, VT_EARG, "tiles: an output does not lie over the picture");
}

/* Stride and context of the outputs for a picture of this size. */
static int analyse(const struct tiling *t, const int64_t size[2], struct vt_receptive **r,
                   struct grid grid[2], struct vt_err *e)
{
  struct vt_shape shape = {4, {t->x->dim[0], t->x->dim[1], size[0], size[1]}};
  int rc = vt_receptive_new(r, t->g, &(struct vt_receptive_opts){.shapes = &shape, .cells = true}, e);
  if (rc) return rc;
  const struct vt_graph *g = (*r)->graph;
  for (int i = 0; i < g->noutputs; i++) {
    const struct vt_field *f = (*r)->field[g->outputs[i]->id];
    for (int a = 0; a < 2; a++)
      if (f[a].kind != VT_FIELD_LOCAL || f[a].uneven || f[a].axis != 2 + a || g->outputs[i]->rank != 4)
        return refuse(*r, e);
  }
  for (int a = 0; a < 2; a++) {
    grid[a] = (struct grid){.align = 1};
    for (int i = 0; i < g->nvalues; i++) {
      const struct vt_field *f = &(*r)->field[i][a];
      if (f->kind != VT_FIELD_LOCAL || f->step < 1) continue;
      int64_t both = gcd(grid[a].align, f->step);
      if (both > 1) grid[a].align /= both;
      grid[a].align *= f->step;
      if (grid[a].align > MAX_ALIGN)
        return vt_fail(e, VT_EARG, "tiles: value '%s' repeats only every %lld pixels, more than %d",
                       g->values[i]->name, (long long)f->step, MAX_ALIGN);
    }
    for (int i = 0; i < g->noutputs; i++) {
      const struct vt_field *f = &(*r)->field[g->outputs[i]->id][a];
      for (int64_t k = 0; k < f->period; k++) {
        grid[a].before = VT_MAX(grid[a].before, k * f->step / f->period - f->first[k]);
        grid[a].after = VT_MAX(grid[a].after, f->last[k] + 1 - (k + 1) * f->step / f->period);
      }
    }
  }
  return 0;
}

static bool same_grid(const struct grid *a, const struct grid *b)
{
  return a->align == b->align && a->before == b->before && a->after == b->after;
}

/* Domain and tile size; out gets its shapes. With mirrored borders the network sees aligned sizes only. */
static int plan(struct tiling *t, struct vt_err *e)
{
  enum { ROUND = 64 };
  struct vt_receptive *r = NULL;
  struct grid grid[2];
  int64_t size[2];
  for (int a = 0; a < 2; a++) {
    t->side[a].size = t->side[a].to = t->x->dim[2 + a];
    size[a] = t->o->mirror ? ceil_to(t->side[a].size, ROUND) + 4 * ROUND : t->side[a].size;
  }
  int rc = analyse(t, size, &r, grid, e);
  for (int a = 0; a < 2 && !rc; a++) {
    struct side *s = &t->side[a];
    s->grid = grid[a];
    s->core = ceil_to(t->o->tile, grid[a].align);
    if (!t->o->mirror) continue;
    s->from = -ceil_to(grid[a].before, grid[a].align);
    s->to = ceil_to(s->size, grid[a].align) + ceil_to(grid[a].after, grid[a].align);
  }
  for (int i = 0; i < t->g->noutputs && !rc; i++) {
    int64_t dim[4];
    const struct vt_value *v = r->graph->outputs[i];
    memcpy(dim, v->dim, sizeof dim);
    for (int a = 0; a < 2 && t->o->mirror; a++) {
      const struct vt_field *f = &r->field[v->id][a];
      dim[2 + a] = (t->side[a].size * f->period + f->step - 1) / f->step;
    }
    for (int a = 0; a < 2; a++) {
      const struct vt_field *f = &r->field[v->id][a];
      t->each[i][a] = grid[a].align / f->step * f->period;
    }
    if (v->dtype != VT_F32)
      rc = vt_fail(e, VT_EARG, "tiles: output '%s' is %s, not f32", v->name, vt_dtype_name(v->dtype));
    if (!rc) rc = vt_tensor_init(&t->out[i], VT_F32, 4, dim, e);
  }
  vt_receptive_free(r);
  return rc;
}

/* The window that pixels [c0, c1) need, no shorter than the others where the domain has room: each length is
 * a program of its own. */
static void window(const struct side *s, int64_t c0, int64_t c1, int64_t *w0, int64_t *w1)
{
  const struct grid *g = &s->grid;
  int64_t length = s->core + ceil_to(g->before, g->align) + ceil_to(g->after, g->align);
  *w0 = VT_MAX(floor_to(c0 - g->before, g->align), s->from);
  *w1 = VT_MIN(VT_MAX(*w0 + length, ceil_to(c1, g->align) + ceil_to(g->after, g->align)), s->to);
  if (*w1 - *w0 < length) *w0 = VT_MAX(floor_to(*w1 - length, g->align), s->from);
}

/* Entry i of a line of n that goes on as its mirror image, the ends once. */
static int64_t mirrored(int64_t i, int64_t n)
{
  if (n == 1) return 0;
  int64_t period = 2 * (n - 1), k = (i % period + period) % period;
  return k < n ? k : period - k;
}

static void cut(const struct tiling *t, const int64_t w0[2], struct vt_tensor *in)
{
  int64_t planes = in->dim[0] * in->dim[1], h = in->dim[2], w = in->dim[3], H = t->x->dim[2],
          W = t->x->dim[3];
  float *to = in->data;
  for (int64_t p = 0; p < planes; p++)
    for (int64_t y = 0; y < h; y++) {
      const float *row = (const float *)t->x->data + (p * H + mirrored(w0[0] + y, H)) * W;
      for (int64_t x = 0; x < w; x++) *to++ = row[mirrored(w0[1] + x, W)];
    }
}

/* Fields of a window must be those of the whole: a network may resize to sizes that do not divide evenly. */
static int check_window(struct tiling *t, const int64_t size[2], struct vt_err *e)
{
  struct vt_receptive *r = NULL;
  struct grid grid[2];
  for (int i = 0; i < t->nchecked; i++)
    if (!memcmp(t->checked[i], size, sizeof t->checked[i])) return 0;
  int rc = analyse(t, size, &r, grid, e);
  vt_receptive_free(r);
  if (rc) return rc;
  if (!same_grid(&grid[0], &t->side[0].grid) || !same_grid(&grid[1], &t->side[1].grid))
    return vt_fail(e, VT_EARG, "tiles: layers of this network lie otherwise over a part of %lldx%lld",
                   (long long)size[1], (long long)size[0]);
  memcpy(t->checked[t->nchecked++ % MAX_SHAPES], size, sizeof t->checked[0]);
  t->nchecked = VT_MIN(t->nchecked, MAX_SHAPES);
  return 0;
}

/* Positions of the tile's own result out of a window's into the whole. */
static int paste(const struct tiling *t, int output, const int64_t c0[2], const int64_t w0[2],
                 const struct vt_tensor *part, struct vt_err *e)
{
  const struct vt_tensor *whole = &t->out[output];
  int64_t from[2], to[2], shift[2];
  for (int a = 0; a < 2; a++) {
    const struct side *s = &t->side[a];
    int64_t each = t->each[output][a], align = s->grid.align, end = c0[a] + s->core;
    from[a] = c0[a] / align * each;
    to[a] = end >= s->size ? whole->dim[2 + a] : VT_MIN(end / align * each, whole->dim[2 + a]);
    shift[a] = w0[a] / align * each;
    if (to[a] > from[a] && (from[a] < shift[a] || to[a] - shift[a] > part->dim[2 + a]))
      return vt_fail(e, VT_ESHAPE, "tiles: output '%s' of a part has %lld positions, %lld to %lld are wanted",
                     t->g->outputs[output]->name, (long long)part->dim[2 + a],
                     (long long)(from[a] - shift[a]), (long long)(to[a] - shift[a]));
  }
  int64_t planes = whole->dim[0] * whole->dim[1], n = to[1] - from[1];
  for (int64_t p = 0; p < planes && n > 0; p++)
    for (int64_t y = from[0]; y < to[0]; y++) {
      int64_t at = (p * part->dim[2] + y - shift[0]) * part->dim[3] + from[1] - shift[1];
      memcpy((float *)whole->data + (p * whole->dim[2] + y) * whole->dim[3] + from[1],
             (const float *)part->data + at, (size_t)n * sizeof(float));
    }
  return 0;
}

static int run_tile(struct tiling *t, const int64_t c0[2], struct vt_tensor *part, struct vt_err *e)
{
  int64_t w0[2], w1[2], size[2];
  struct vt_tensor in = {0};
  for (int a = 0; a < 2; a++) {
    window(&t->side[a], c0[a], VT_MIN(c0[a] + t->side[a].core, t->side[a].size), &w0[a], &w1[a]);
    size[a] = w1[a] - w0[a];
  }
  int64_t dim[4] = {t->x->dim[0], t->x->dim[1], size[0], size[1]}; // (N, C, h, w)
  int rc = check_window(t, size, e);
  if (!rc) rc = vt_tensor_init(&in, VT_F32, 4, dim, e);
  if (!rc) cut(t, w0, &in);
  if (!rc) rc = vt_eval_run(t->eval, &in, part, 0, e);
  for (int i = 0; i < t->g->noutputs; i++) {
    if (!rc) rc = paste(t, i, c0, w0, &part[i], e);
    vt_tensor_clear(&part[i]);
  }
  vt_tensor_clear(&in);
  return rc;
}

static int check(const struct vt_graph *g, const struct vt_tensor *x, const struct vt_tile_opts *o,
                 struct vt_err *e)
{
  if (g->ninputs != 1 || x->rank != 4 || x->dtype != VT_F32 || vt_tensor_count(x) < 1)
    return vt_fail(e, VT_EARG, "tiles: the model must have one input, a picture (N, C, H, W) of f32");
  if (o->tile < 1) return vt_fail(e, VT_EARG, "tiles of %d pixels", o->tile);
  return 0;
}

int vt_tiles_run(const struct vt_graph *g, const struct vt_tensor *x, struct vt_tensor *out,
                 const struct vt_tile_opts *o, struct vt_err *e)
{
  struct tiling t = {.g = g, .o = o, .x = x, .out = out};
  struct vt_tensor *part = NULL;
  for (int i = 0; i < g->noutputs; i++) out[i] = (struct vt_tensor){0};
  int rc = check(g, x, o, e);
  if (rc) return rc;
  t.each = vt_calloc((size_t)g->noutputs + 1, sizeof *t.each);
  part = vt_calloc((size_t)g->noutputs + 1, sizeof *part);
  if (!t.each || !part) rc = vt_fail(e, VT_ENOMEM, "tiles: out of memory");
  if (!rc) rc = plan(&t, e);
  if (!rc) rc = vt_eval_new(&t.eval, g, &o->compile, e);
  for (int64_t y = 0; y < t.side[0].size && !rc; y += t.side[0].core)
    for (int64_t c = 0; c < t.side[1].size && !rc; c += t.side[1].core)
      rc = run_tile(&t, (int64_t[2]){y, c}, part, e);
  vt_eval_free(t.eval);
  vt_free(t.each);
  vt_free(part);
  for (int i = 0; i < g->noutputs && rc; i++) vt_tensor_clear(&out[i]);
  return rc;
}
