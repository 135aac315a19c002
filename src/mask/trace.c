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
  uint8_t *px;       // (H + 2, W + 2): 1 where set, with a clear border
  uint8_t *steps;    // (H + 1, W + 1): bit d: a step in direction d starts here
  struct vt_polygons *out;
  int points, cap_points, cap_rings;
  bool failed;
};

static void mark_steps(struct tracer *t)
{
  const int w = t->width, row = w + 1, stride = w + 2;
  for (int y = 0; y < t->height; y++) {
    const uint8_t *px = t->px + (size_t)(y + 1) * (size_t)stride + 1, *up = px - stride, *down = px + stride;
    uint8_t *restrict s = t->steps + (size_t)y * (size_t)row, *restrict below = s + row;
#pragma omp simd
    for (int x = 0; x < w; x++) s[x] |= (uint8_t)((px[x] & (up[x] ^ 1)) << RIGHT);
#pragma omp simd
    for (int x = 0; x < w; x++) s[x + 1] |= (uint8_t)((px[x] & (px[x + 1] ^ 1)) << DOWN);
#pragma omp simd
    for (int x = 0; x < w; x++) below[x + 1] |= (uint8_t)((px[x] & (down[x] ^ 1)) << LEFT);
#pragma omp simd
    for (int x = 0; x < w; x++) below[x] |= (uint8_t)((px[x] & (px[x - 1] ^ 1)) << UP);
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

/* The ring that starts at (x, y) to the right: there an outer ring has its topmost left corner, a hole's the
 * left end of its topmost edge along the bottom. Where a pixel of another ring touches the start diagonally,
 * a step remains there; this ring's end comes up along its own pixel. */
static void take_ring(struct tracer *t, int x, int y, double x0, double y0)
{
  const int row = t->width + 1, start_x = x, start_y = y;
  int d = -1;
  for (;;) {
    uint8_t *s = t->steps + (size_t)y * (size_t)row + x;
    if (!*s || (d == UP && x == start_x && y == start_y)) break; /* back at the start */
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
  uint64_t eight, rights;
  memset(&rights, 1 << RIGHT, sizeof rights);
  for (int y = 0; y <= t->height; y++) {
    const uint8_t *s = t->steps + (size_t)y * ((size_t)t->width + 1);
    for (int x = 0; x < t->width && !t->failed; x++) {
      for (; x + 8 <= t->width; x += 8) { /* most corners start nothing */
        memcpy(&eight, s + x, sizeof eight);
        if (eight & rights) break;
      }
      while (s[x] >> RIGHT & 1) take_ring(t, x, y, x0, y0);
    }
  }
}

/* The mask's pixels within its box. Runs go down the columns. */
static void fill_box(const struct tracer *t, const struct vt_mask *m, int x0, int y0)
{
  const size_t stride = (size_t)t->width + 2;
  const uint32_t height = (uint32_t)m->height;
  uint64_t at = 0;
  for (int i = 0; i < m->n; at += m->runs[i++]) {
    if (i % 2 == 0) continue;
    uint32_t x = (uint32_t)(at / height), y = (uint32_t)(at % height);
    for (uint32_t left = m->runs[i], n; left; left -= n, x++, y = 0) {
      n = VT_MIN(left, height - y);
      uint8_t *px = t->px + ((size_t)y - (size_t)y0 + 1) * stride + (x - (size_t)x0 + 1);
      for (uint32_t k = 0; k < n; k++) px[k * stride] = 1;
    }
  }
}

int vt_mask_trace(struct vt_polygons *out, const struct vt_mask *m, struct vt_err *e)
{
  *out = (struct vt_polygons){0};
  struct vt_box b = vt_mask_box(m);
  struct tracer t = {.width = (int)b.w, .height = (int)b.h, .out = out};
  if (!t.width) return 0;
  t.px = vt_calloc((size_t)t.width + 2, (size_t)t.height + 2);
  t.steps = vt_calloc((size_t)t.width + 1, (size_t)t.height + 1);
  t.failed = !t.px || !t.steps;
  if (!t.failed) {
    fill_box(&t, m, (int)b.x, (int)b.y);
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
