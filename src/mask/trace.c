/* Outlines of masks along pixel edges: rings of corners, and all rings of a mask as one closed line.
 *
 * Each edge between a set and a clear pixel is a step of length 1 with the set pixel to its right (y points
 * down), so outer rings run clockwise and holes the other way. Steps are bits of the corner that they start
 * from. At a corner where two set pixels touch diagonally the sharper right turn is taken: such pixels belong
 * to different rings. Phase 1 marks steps, phase 2 takes rings in row-major order of their first corner and
 * keeps the corners where the direction changes. Memory: two bytes per pixel of the mask's box. */
#include <string.h>
#include "mask/mask.h"

enum { RIGHT, DOWN, LEFT, UP };
static const int step_x[] = {1, 0, -1, 0}, step_y[] = {0, 1, 0, -1};

struct tracer {
  int width, height; /* of the box */
  uint8_t *px;       // (H, W): set or not
  uint8_t *steps;    // (H + 1, W + 1): bit d: a step in direction d starts here
  struct vt_polygons *out;
  int points, cap_points, cap_rings;
  bool failed;
};

static void mark_steps(struct tracer *t)
{
  const int w = t->width, h = t->height, row = w + 1;
  for (int y = 0; y < h; y++) {
    const uint8_t *px = t->px + (size_t)y * (size_t)w;
    uint8_t *s = t->steps + (size_t)y * (size_t)row;
    for (int x = 0; x < w; x++) {
      if (!px[x]) continue;
      if (!y || !px[x - w]) s[x] |= 1 << RIGHT;
      if (x + 1 == w || !px[x + 1]) s[x + 1] |= 1 << DOWN;
      if (y + 1 == h || !px[x + w]) s[x + 1 + row] |= 1 << LEFT;
      if (!x || !px[x - 1]) s[x + row] |= 1 << UP;
    }
  }
}

static void add_point(struct tracer *t, double x, double y)
{
  if (t->points == t->cap_points) {
    int cap = t->cap_points ? 2 * t->cap_points : 64;
    double *xy = cap < (1 << 29) ? vt_reallocarray(t->out->xy, 2 * (size_t)cap, sizeof *xy) : NULL;
    if (!xy) {
      t->failed = true;
      return;
    }
    t->out->xy = xy;
    t->cap_points = cap;
  }
  t->out->xy[2 * (size_t)t->points] = x;
  t->out->xy[2 * (size_t)t->points + 1] = y;
  t->points++;
}

static void end_ring(struct tracer *t)
{
  struct vt_polygons *o = t->out;
  if (o->n + 1 >= t->cap_rings) {
    int cap = t->cap_rings ? 2 * t->cap_rings : 8;
    int *start = vt_reallocarray(o->start, (size_t)cap, sizeof *start);
    if (!start) {
      t->failed = true;
      return;
    }
    o->start = start;
    t->cap_rings = cap;
  }
  if (!o->n) o->start[0] = 0;
  o->start[++o->n] = t->points;
}

/* The ring that starts at (x, y) to the right, which is an outer ring's or a hole's topmost left corner. */
static void take_ring(struct tracer *t, int x, int y, double x0, double y0)
{
  const int row = t->width + 1;
  int d = -1;
  for (;;) {
    uint8_t *s = t->steps + (size_t)y * (size_t)row + x;
    if (!*s) break; /* back at the start */
    int next = d < 0 ? RIGHT : (d + 1) % 4;
    while (!(*s >> next & 1)) next = (next + 3) % 4; /* right turn, ahead, left turn */
    if (next != d) add_point(t, x0 + x, y0 + y);
    *s &= (uint8_t) ~(1 << next);
    d = next;
    x += step_x[d];
    y += step_y[d];
    if (t->failed) return;
  }
  end_ring(t);
}

static void take_rings(struct tracer *t, double x0, double y0)
{
  for (int y = 0; y <= t->height; y++) {
    const uint8_t *s = t->steps + (size_t)y * ((size_t)t->width + 1);
    for (int x = 0; x < t->width && !t->failed; x++)
      while (s[x] >> RIGHT & 1) take_ring(t, x, y, x0, y0);
  }
}

/* The mask's pixels within its box, (h, w). */
static void fill_box(uint8_t *px, const struct vt_mask *m, int x0, int y0, int w)
{
  const uint32_t height = (uint32_t)m->height;
  uint32_t x = 0;
  uint64_t y = 0;
  for (int i = 0; i < m->n; i++) {
    for (uint32_t k = 0; i % 2 && k < m->runs[i]; k++) {
      uint64_t at = y + k;
      px[(size_t)(at % height - (uint64_t)y0) * (size_t)w + x + (size_t)(at / height) - (size_t)x0] = 1;
    }
    y += m->runs[i];
    x += (uint32_t)(y / height);
    y %= height;
  }
}

int vt_mask_trace(struct vt_polygons *out, const struct vt_mask *m, struct vt_err *e)
{
  *out = (struct vt_polygons){0};
  struct vt_box b = vt_mask_box(m);
  struct tracer t = {.width = (int)b.w, .height = (int)b.h, .out = out};
  if (!t.width) return 0;
  t.px = vt_calloc((size_t)t.width, (size_t)t.height);
  t.steps = vt_calloc((size_t)t.width + 1, (size_t)t.height + 1);
  t.failed = !t.px || !t.steps;
  if (!t.failed) {
    fill_box(t.px, m, (int)b.x, (int)b.y, t.width);
    mark_steps(&t);
    take_rings(&t, b.x, b.y);
  }
  vt_free(t.px);
  vt_free(t.steps);
  if (!t.failed) return 0;
  vt_polygons_clear(out);
  return vt_fail(e, VT_ENOMEM, "out of memory for the outline of a %d x %d mask", t.width, t.height);
}

/* Every further ring is reached from the first one's first corner by a seam, and left by the same seam:
 * passed twice, it encloses nothing. */
int vt_polygons_join(struct vt_polygons *p, struct vt_err *e)
{
  if (p->n < 2) return 0;
  size_t points = (size_t)p->start[p->n] + 2 * (size_t)p->n, at = 0;
  double *xy = points < (1 << 29) ? vt_reallocarray(NULL, 2 * points, sizeof *xy) : NULL;
  if (!xy) return vt_fail(e, VT_ENOMEM, "out of memory for an outline of %zu points", points);
  for (int i = 0; i < p->n; i++) {
    const double *ring = p->xy + 2 * (size_t)p->start[i];
    size_t n = (size_t)(p->start[i + 1] - p->start[i]);
    memcpy(xy + 2 * at, ring, 2 * n * sizeof *xy);
    at += n;
    memcpy(xy + 2 * at++, ring, 2 * sizeof *xy); /* closes the ring */
    if (i) memcpy(xy + 2 * at++, p->xy, 2 * sizeof *xy);
  }
  vt_free(p->xy);
  p->xy = xy;
  p->n = 1;
  p->start[1] = (int)at;
  return 0;
}
