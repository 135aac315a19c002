/* A mosaic of labelled pictures: each with its masks, boxes and names; in columns behind it the same picture
 * after single augmentations, or as a policy makes it, its instances moved along. */
#include "app/mosaic.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { GAP = 8, NAME_H = 22, OUTSIDE = 255, MAX_NAMES = 256, LETTER_W = 6, LINE_H = 13, MAX_NAME_W = 110 };
static const double halo[8][2] = {{-1, -1}, {0, -1}, {1, -1}, {-1, 0}, {1, 0}, {-1, 1}, {0, 1}, {1, 1}};
static const uint32_t paper = 0xffffff, ink = 0x1f2328, shade = 0x000000, fault_colour = 0xb3261e;

struct mosaic {
  struct vt_canvas *canvas;
  const struct vt_labels *l;
  const struct vt_mosaic_opts *o;
  struct vt_aug_source source;
  int drawn;   /* pictures */
  int draws;   /* cells behind each */
  int columns; /* cells side by side */
};

/* Shrunk or enlarged to the cell. */
static int fit(const struct mosaic *m, struct vt_aug_sample *s, struct vt_err *e)
{
  const struct vt_aug_env env = {.fill = 255, .label_fill = OUTSIDE};
  double k = VT_MIN((double)m->o->cell / s->image.width, (double)m->o->cell / s->image.height);
  int w = (int)VT_MAX(lround(s->image.width * k), 1), h = (int)VT_MAX(lround(s->image.height * k), 1);
  const struct vt_aug_move g = {
      {(double)w / s->image.width, 0, 0, 0, (double)h / s->image.height, 0, 0, 0, 1}, w, h};
  return vt_aug_sample_move(s, &g, &env, e);
}

static int draw_object(struct mosaic *m, double x, double y, const struct vt_aug_sample *s,
                       const struct vt_aug_object *o, double tint, struct vt_err *e)
{
  uint32_t colour = vt_palette(o->cls + 1);
  struct vt_mask mask = {0};
  if (!o->mask.n && o->polygons.n) {
    int rc = vt_mask_from_polygons(&mask, &o->polygons, s->image.width, s->image.height, e);
    if (rc) return rc;
  }
  const struct vt_mask *shape = o->mask.n ? &o->mask : &mask;
  if (shape->n) vt_canvas_mask(m->canvas, shape, x, y, 1, colour, tint, 1.5);
  struct vt_box b = shape->n ? vt_mask_box(shape) : o->box;
  if (b.w > 0 && (m->o->boxes || !shape->n))
    vt_canvas_rect(m->canvas, x + b.x, y + b.y, b.w, b.h, colour, 1.5);
  vt_mask_clear(&mask);
  return 0;
}

static bool overlap(const struct vt_box *a, const struct vt_box *b)
{
  return a->x < b->x + b->w && b->x < a->x + a->w && a->y < b->y + b->h && b->y < a->y + a->h;
}

/* Names stand at the top of their objects, or on the next free line below; where there is none in the cell,
 * the name is left out. */
static void draw_names(struct mosaic *m, double x, double y, const struct vt_aug_sample *s)
{
  struct vt_box used[MAX_NAMES];
  int n = 0;
  for (int i = 0; i < s->nobjects && n < MAX_NAMES; i++) {
    const struct vt_aug_object *o = &s->object[i];
    const char *name = m->l->classes.v[o->cls].name;
    const double width = VT_MIN(LETTER_W * (double)strlen(name) + 4, MAX_NAME_W);
    struct vt_box at = {VT_CLAMP(o->box.x, 0, VT_MAX(s->image.width - width, 0)), VT_MAX(o->box.y, 0), width,
                        LINE_H};
    for (int k = 0; k < n; k++)
      if (overlap(&at, &used[k])) {
        at.y = used[k].y + LINE_H;
        k = -1; /* from the first again */
      }
    if (at.y + LINE_H > s->image.height) continue;
    used[n++] = at;
    for (int k = 0; k < 8; k++)
      vt_canvas_text(m->canvas, x + at.x + 2 + halo[k][0], y + at.y + 11 + halo[k][1], 11, shade, width,
                     name);
    vt_canvas_text(m->canvas, x + at.x + 2, y + at.y + 11, 11, paper, width, name);
  }
}

static int draw_cell(struct mosaic *m, double x, double y, const char *title, const struct vt_aug_sample *s,
                     bool names, struct vt_err *e)
{
  int rc = 0;
  vt_canvas_text(m->canvas, x, y + 15, 13, ink, m->o->cell, title);
  y += NAME_H;
  vt_canvas_image(m->canvas, &s->image, x, y, s->image.width, s->image.height);
  for (int i = 0; i < s->nobjects && !rc; i++)
    rc = draw_object(m, x, y, s, &s->object[i], m->draws ? .12 : .4, e);
  if (names && !rc) draw_names(m, x, y, s);
  return rc;
}

/* Each operation by itself with its defaults. */
static int run_one(const struct vt_aug_op *op, const struct vt_aug_env *env, struct vt_rng *rng,
                   struct vt_aug_sample *s, struct vt_err *e)
{
  struct vt_arena a;
  vt_arena_init(&a);
  void *opts = vt_arena_alloc(&a, op->opts_size + 1);
  int rc = opts ? vt_opt_defaults(op->opt, op->nopt, opts, &a, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) rc = vt_aug_op_run(op, opts, env, rng, s, e);
  vt_arena_clear(&a);
  return rc;
}

static int draw_variant(struct mosaic *m, double x, double y, int v, int32_t image,
                        const struct vt_aug_sample *from, struct vt_err *e)
{
  struct vt_aug_others others = {&m->source, image};
  const struct vt_aug_env env = {
      .epoch = m->o->epoch, .fill = 114, .label_fill = OUTSIDE, .other = vt_aug_source_other, .ctx = &others};
  struct vt_aug_sample s;
  struct vt_rng rng;
  char title[40];
  vt_rng_init(&rng, m->o->seed, (uint64_t)image, (uint64_t)v);
  int rc = vt_aug_sample_copy(&s, from, e);
  if (rc) return rc;
  if (m->o->policy) {
    snprintf(title, sizeof title, "%d", v + 1);
    rc = vt_policy_apply(m->o->policy, &env, &rng, &s, e);
  } else {
    snprintf(title, sizeof title, "%s", vt_aug_ops[v]->name);
    rc = run_one(vt_aug_ops[v], &env, &rng, &s, e);
  }
  if (!rc) rc = fit(m, &s, e);
  if (!rc) rc = draw_cell(m, x, y, title, &s, false, e);
  vt_aug_sample_clear(&s);
  return rc;
}

/* Where cell k is. */
static double across(const struct mosaic *m, int k)
{
  return GAP + (double)(k % m->columns) * (m->o->cell + GAP);
}
static double down(const struct mosaic *m, int k)
{
  const int line = k / m->columns;
  return GAP + (double)line * (m->o->cell + GAP + NAME_H);
}

/* What is wrong with a picture, in its place: the message in lines as wide as the cell. */
static int draw_fault(struct mosaic *m, int k, int32_t image, struct vt_err *e)
{
  enum { LINES = 6, MAX_LINE = 200 };
  const char *file = m->l->image[image].file, *named = *file ? strstr(e->msg, file) : NULL,
             *text = named ? strstr(named, ": ") : NULL;
  const size_t letters = (size_t)VT_CLAMP(m->o->cell / (LETTER_W + 1) - 1, 1, MAX_LINE);
  const double x = across(m, k), y = down(m, k);
  char line[MAX_LINE + 1];
  text = text ? text + 2 : e->msg;
  vt_canvas_rect(m->canvas, x, y + NAME_H, m->o->cell, m->o->cell, fault_colour, 1);
  vt_canvas_text(m->canvas, x, y + 15, 13, ink, m->o->cell, file);
  for (int i = 0; i < LINES && *text; i++, text += strspn(text, " ")) {
    size_t n = VT_MIN(strlen(text), letters);
    if (text[n])
      while (n > letters / 2 && text[n] != ' ') n--;
    snprintf(line, sizeof line, "%.*s", (int)n, text);
    vt_canvas_text(m->canvas, x + 4, y + NAME_H + 16 + i * 14, 12, fault_colour, m->o->cell - 8, line);
    text += n;
  }
  int rc = vt_problems_add(m->o->problems, 0, e->msg, e);
  if (!rc) *e = (struct vt_err){0};
  return rc;
}

static int draw_row(struct mosaic *m, int k, int32_t image, struct vt_err *e)
{
  struct vt_aug_sample s;
  int rc = vt_interrupted() ? vt_fail(e, VT_EINTERRUPTED, "interrupted")
                            : vt_aug_source_get(&m->source, image, &s, e);
  if (rc && m->o->problems && vt_aug_source_fault(rc)) return draw_fault(m, k, image, e);
  if (rc) return rc;
  m->drawn++;
  /* A policy sees the picture as training would; single operations see it in the cell's size. */
  struct vt_aug_sample cell = {0};
  if (!m->o->policy) rc = fit(m, &s, e);
  if (!rc) rc = vt_aug_sample_copy(&cell, &s, e);
  if (!rc) rc = fit(m, &cell, e);
  if (!rc) rc = draw_cell(m, across(m, k), down(m, k), m->l->image[image].file, &cell, true, e);
  for (int v = 0; v < m->draws && !rc; v++)
    rc = draw_variant(m, across(m, k + v + 1), down(m, k + v + 1), v, image, &s, e);
  vt_aug_sample_clear(&s);
  vt_aug_sample_clear(&cell);
  return rc;
}

int vt_mosaic(struct vt_image *out, const struct vt_labels *l, const struct vt_mosaic_opts *o,
              struct vt_err *e)
{
  struct mosaic m = {.l = l, .o = o};
  struct vt_err own = {0};
  if (!e) e = &own;
  while (o->each && vt_aug_ops[m.draws]) m.draws++;
  if (o->policy) m.draws = o->columns;
  /* A policy's results stand in one line; all operations go on in the next lines, each picture on a new one.
   */
  m.columns = o->policy ? 1 + m.draws : VT_MAX(o->columns, 1);
  const int cells = m.draws ? (m.draws + m.columns) / m.columns * m.columns : 1; /* of one picture */
  int64_t *pick = vt_calloc((size_t)l->nimages + 1, sizeof *pick);
  int rc = pick ? vt_aug_source_init(&m.source, l, o->images, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  if (rc) goto out;
  m.source.lenient = o->problems != NULL;
  struct vt_rng rng;
  vt_rng_init(&rng, o->seed, 0, 0);
  for (int32_t i = 0; i < l->nimages; i++) pick[i] = i;
  vt_rng_shuffle(&rng, pick, l->nimages);
  const int n = (int)VT_MIN(o->n, l->nimages), lines = (n * cells + m.columns - 1) / m.columns;
  rc = n < 1 ? vt_fail(e, VT_EARG, "no picture to show")
             : vt_canvas_new(&m.canvas, GAP + VT_MIN(m.columns, n * cells) * (o->cell + GAP),
                             GAP + lines * (o->cell + NAME_H + GAP), paper, e);
  for (int k = 0; k < n && !rc; k++) rc = draw_row(&m, k * cells, (int32_t)pick[k], e);
  if (!rc && o->problems && !m.drawn)
    rc = vt_fail(e, VT_EFORMAT, "none of the pictures can be read; the last: %s",
                 o->problems->v[o->problems->n - 1].text);
  if (!rc) rc = vt_canvas_take(m.canvas, out, e);
out:
  vt_canvas_free(m.canvas);
  vt_aug_source_clear(&m.source);
  vt_free(pick);
  return rc;
}
