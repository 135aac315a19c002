/* Polygons to run-length masks, pixel for pixel as COCO's tools do it.
 *
 * Their rule: coordinates are multiplied by 5 and rounded; each edge is walked in steps of one unit along its
 * longer axis, the other coordinate rounded; wherever the walk passes the centre line of a pixel column (5x +
 * 2 to 5x + 3) the picture changes colour from row ceil((y + .5) / 5 - .5) on, y the smaller of the two
 * steps'. All changes, in order of column and row, are the runs' boundaries: pixels inside an odd number of
 * times are set. Several polygons of one object are united.
 *
 * The walk is not made here: the step that passes a centre line is computed and then corrected with the
 * rule's own expression, so an edge costs as many operations as it passes columns. Phase 1 collects the
 * changes of all edges, phase 2 sorts them by column (counting) and row (insertion, for a column has few;
 * qsort where it has many), phase 3 makes runs. Many polygons are united two by two, then by fours, and so
 * on, so that no run is walked more often than log n times. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "mask/runs.h"

enum { SCALE = 5, MAX_COORDINATE = 10 * 1000 * 1000, MAX_POINTS = 1 << 20, FEW = 48, MAX_PILE = 32 };

struct change {
  int x, y;
};
struct changes {
  struct change *v, *sorted;
  int n, cap, cap_sorted;
  int *column; // (W + 1)
  int width, height;
  bool failed;
};

static void add_change(struct changes *c, int x, int v)
{
  if (c->n == c->cap) {
    int cap = c->cap ? 2 * c->cap : 256;
    struct change *p = cap < (1 << 28) ? vt_reallocarray(c->v, (size_t)cap, sizeof *p) : NULL;
    if (!p) {
      c->failed = true;
      return;
    }
    c->v = p;
    c->cap = cap;
  }
  double y = ((double)v + .5) / SCALE - .5;
  y = ceil(VT_CLAMP(y, 0, (double)c->height));
  c->v[c->n++] = (struct change){x, (int)y};
}

/* The rounded other coordinate after t steps. */
static int step(int start, double slope, int t)
{
  return (int)(start + slope * t + .5);
}

/* Edge (x0, y0) - (x1, y1) in fifths of a pixel. */
static void add_edge(struct changes *c, int x0, int y0, int x1, int y1)
{
  const int dx = abs(x1 - x0), dy = abs(y1 - y0);
  const bool flat = dx >= dy;
  if (flat ? x0 > x1 : y0 > y1) {
    int t = x0;
    x0 = x1;
    x1 = t;
    t = y0;
    y0 = y1;
    y1 = t;
  }
  if (!dx) return;
  const double slope = flat ? (double)(y1 - y0) / dx : (double)(x1 - x0) / dy;
  /* Columns whose centre line the edge may pass: 5x + 2 >= the left end, 5x + 3 <= the right end. */
  const int left = VT_MIN(x0, x1), right = VT_MAX(x0, x1);
  const int from = left <= 2 ? 0 : (left - 2 + SCALE - 1) / SCALE;
  const int to = right < 3 ? -1 : VT_MIN((right - 3) / SCALE, c->width - 1);
  for (int x = from; x <= to && !c->failed; x++) {
    const int line = SCALE * x + 2;
    if (flat) {
      int a = step(y0, slope, line - x0), b = step(y0, slope, line + 1 - x0);
      add_change(c, x, VT_MIN(a, b));
      continue;
    }
    int t = (int)VT_CLAMP((line + .5 - x0) / slope, 0, (double)(dy - 1)); /* last step on this side */
    if (slope > 0) {
      while (t > 0 && step(x0, slope, t) > line) t--;
      while (t + 1 < dy && step(x0, slope, t + 1) <= line) t++;
    } else {
      while (t > 0 && step(x0, slope, t) <= line) t--;
      while (t + 1 < dy && step(x0, slope, t + 1) > line) t++;
    }
    add_change(c, x, y0 + t);
  }
}

static int check(const double *xy, int points, int number, struct vt_err *e)
{
  if (points < 3 || points > MAX_POINTS)
    return vt_fail(e, VT_EFORMAT, "polygon %d has %d points, expected 3 to %d", number, points, MAX_POINTS);
  for (int i = 0; i < 2 * points; i++) {
    if (!(fabs(xy[i]) <= MAX_COORDINATE))
      return vt_fail(e, VT_EFORMAT, "polygon %d: coordinate %d is %g, expected a number of at most %d",
                     number, i, xy[i], MAX_COORDINATE);
  }
  return 0;
}

int vt_polygons_check(const struct vt_polygons *p, struct vt_err *e)
{
  int rc = 0;
  for (int i = 0; i < p->n && !rc; i++)
    rc = check(p->xy + 2 * (size_t)p->start[i], p->start[i + 1] - p->start[i], i, e);
  return rc;
}

static int add_polygon(struct changes *c, const double *xy, int points, int number, struct vt_err *e)
{
  int rc = check(xy, points, number, e);
  if (rc) return rc;
  int px = (int)(SCALE * xy[0] + .5), py = (int)(SCALE * xy[1] + .5), first_x = px, first_y = py;
  for (int i = 1; i < points; i++) {
    int x = (int)(SCALE * xy[2 * i] + .5), y = (int)(SCALE * xy[2 * i + 1] + .5);
    add_edge(c, px, py, x, y);
    px = x;
    py = y;
  }
  add_edge(c, px, py, first_x, first_y);
  return c->failed ? vt_fail(e, VT_ENOMEM, "out of memory for polygon %d", number) : 0;
}

static int compare_rows(const void *a, const void *b)
{
  const struct change *x = a, *y = b;
  return (x->y > y->y) - (x->y < y->y);
}

static void sort_column(struct change *v, int n)
{
  if (n > FEW) {
    qsort(v, (size_t)n, sizeof *v, compare_rows);
    return;
  }
  for (int i = 1; i < n; i++) {
    const struct change t = v[i];
    int k = i;
    for (; k > 0 && v[k - 1].y > t.y; k--) v[k] = v[k - 1];
    v[k] = t;
  }
}

static int sort_changes(struct changes *c)
{
  if (c->cap_sorted < c->n) {
    struct change *p = vt_reallocarray(c->sorted, (size_t)c->cap, sizeof *p);
    if (!p) return VT_ENOMEM;
    c->sorted = p;
    c->cap_sorted = c->cap;
  }
  int lo = c->width, hi = -1; /* columns in use */
  for (int i = 0; i < c->n; i++) {
    lo = VT_MIN(lo, c->v[i].x);
    hi = VT_MAX(hi, c->v[i].x);
  }
  if (hi < lo) return 0;
  memset(c->column + lo, 0, (size_t)(hi - lo + 2) * sizeof *c->column);
  for (int i = 0; i < c->n; i++) c->column[c->v[i].x + 1]++;
  for (int x = lo; x <= hi; x++) c->column[x + 1] += c->column[x];
  for (int i = 0; i < c->n; i++) {
    c->sorted[c->column[c->v[i].x]++] = c->v[i];
  }
  for (int x = lo, from = 0; x <= hi; from = c->column[x++]) /* each holds its end by now */
    sort_column(c->sorted + from, c->column[x] - from);
  return 0;
}

static int one_polygon(struct changes *c, struct vt_mask *m, const double *xy, int points, int number,
                       struct vt_err *e)
{
  c->n = 0;
  int rc = add_polygon(c, xy, points, number, e);
  if (rc) return rc;
  if ((rc = sort_changes(c))) return vt_fail(e, rc, "out of memory for polygon %d", number);
  struct vt__runs r = {0};
  int64_t at = 0;
  for (int i = 0; i < c->n; i++) {
    int64_t to = (int64_t)c->sorted[i].x * c->height + c->sorted[i].y;
    vt__runs_add(&r, i % 2, (uint32_t)(to - at));
    at = to;
  }
  vt__runs_add(&r, c->n % 2, (uint32_t)((int64_t)c->width * c->height - at));
  return vt__runs_finish(&r, m, c->width, c->height, e);
}

/* Unites the last two of n masks. */
static int unite_two(struct vt_mask *pile, int *n, struct vt_err *e)
{
  struct vt_mask *a = &pile[*n - 2], *b = &pile[*n - 1], sum;
  int rc = vt_mask_merge(&sum, (const struct vt_mask *const[]){a, b}, 2, false, e);
  if (rc) return rc;
  vt_mask_clear(a);
  vt_mask_clear(b);
  *a = sum;
  --*n;
  return 0;
}

int vt_mask_from_polygons(struct vt_mask *m, const struct vt_polygons *p, int width, int height,
                          struct vt_err *e)
{
  *m = (struct vt_mask){0};
  int rc = vt__mask_check_size(width, height, e);
  if (rc) return rc;
  if (p->n < 1) return vt_fail(e, VT_EFORMAT, "no polygon");
  struct changes c = {.width = width, .height = height};
  struct vt_mask pile[MAX_PILE]; /* of 2^k polygons each, fewer and fewer */
  int n = 0;
  c.column = vt_malloc(((size_t)width + 2) * sizeof *c.column);
  if (!c.column) return vt_fail(e, VT_ENOMEM, "out of memory for %d polygons", p->n);
  for (int i = 0; i < p->n && !rc; i++) {
    rc = one_polygon(&c, &pile[n], p->xy + 2 * (size_t)p->start[i], p->start[i + 1] - p->start[i], i, e);
    if (!rc) n++;
    for (int k = i + 1; k % 2 == 0 && !rc; k /= 2) rc = unite_two(pile, &n, e);
  }
  while (n > 1 && !rc) rc = unite_two(pile, &n, e);
  if (!rc) *m = pile[--n];
  while (n > 0) vt_mask_clear(&pile[--n]);
  vt_free(c.v);
  vt_free(c.sorted);
  vt_free(c.column);
  return rc;
}

void vt_polygons_clear(struct vt_polygons *p)
{
  vt_free(p->start);
  vt_free(p->xy);
  *p = (struct vt_polygons){0};
}
