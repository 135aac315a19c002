/* Minimum cut of a grid by augmenting paths (Boykov and Kolmogorov, "An experimental comparison of
 * min-cut/max-flow algorithms for energy minimization in vision", 2004).
 *
 * Two trees grow from the terminals over edges with capacity left. Growth: an active node takes in free
 * neighbours; where it meets the other tree there is a path. Augmentation: the path's bottleneck flows; nodes
 * whose edge to their parent is used up become orphans. Adoption: an orphan looks for a new parent whose way
 * to the terminal is whole, or becomes free. Each node remembers its distance from the terminal and when that
 * was known to be true, so that a way is followed only as far as the first node checked in this step. */
#include "image/plain_internal.h"

#include <limits.h>
#include <string.h>

enum { FREE, SOURCE, SINK };             /* trees */
enum { TERMINAL = 8, NONE = 9, ORPHAN }; /* parents that are no direction */

struct cutter {
  struct vt__grid *g;
  uint8_t *tree, *parent; // (n)
  int32_t *seen, *dist;   // (n)
  int64_t *next;          // (n) in the queue of active nodes; -1: not in it; itself: last
  int64_t first, last;
  int64_t *orphan; // stack
  int64_t norphans, cap_orphans;
  int32_t now;
  double flow;
};

int vt__grid_new(struct vt__grid *g, int width, int height, struct vt_err *e)
{
  const int64_t w = width + 2;
  *g = (struct vt__grid){.width = width, .height = height, .n = w * (height + 2)};
  static const int dx[] = {1, 1, 0, -1}, dy[] = {0, 1, 1, 1};
  for (int d = 0; d < 4; d++) {
    g->step[d] = dy[d] * w + dx[d];
    g->step[d + 4] = -g->step[d];
  }
  g->edge = vt_calloc((size_t)g->n, VT__DIRECTIONS * sizeof *g->edge);
  g->terminal = vt_calloc((size_t)g->n, sizeof *g->terminal);
  return g->edge && g->terminal ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
}

void vt__grid_clear(struct vt__grid *g)
{
  vt_free(g->edge);
  vt_free(g->terminal);
  *g = (struct vt__grid){0};
}

static float *edge(const struct cutter *c, int64_t from, int direction)
{
  return &c->g->edge[direction * c->g->n + from];
}

/* What is left between a node and its neighbour in the direction in which the node's tree flows: away from
 * the source, towards the sink. `outwards`: from node to neighbour in the source's tree. */
static float left(const struct cutter *c, int64_t at, int direction, bool outwards)
{
  int64_t other = at + c->g->step[direction];
  return (c->tree[at] == SOURCE) == outwards ? *edge(c, at, direction) : *edge(c, other, direction ^ 4);
}

static void activate(struct cutter *c, int64_t at)
{
  if (c->next[at] >= 0) return;
  c->next[at] = at;
  if (c->last >= 0)
    c->next[c->last] = at;
  else
    c->first = at;
  c->last = at;
}

static int64_t take_active(struct cutter *c)
{
  int64_t at = c->first;
  c->first = c->next[at] == at ? -1 : c->next[at];
  if (c->first < 0) c->last = -1;
  c->next[at] = -1;
  return at;
}

static int add_orphan(struct cutter *c, int64_t at, struct vt_err *e)
{
  if (c->norphans == c->cap_orphans) {
    int64_t cap = c->cap_orphans ? 2 * c->cap_orphans : 1024;
    int64_t *v = vt_reallocarray(c->orphan, (size_t)cap, sizeof *v);
    if (!v) return vt_fail(e, VT_ENOMEM, "out of memory");
    c->orphan = v;
    c->cap_orphans = cap;
  }
  c->parent[at] = ORPHAN;
  c->orphan[c->norphans++] = at;
  return 0;
}

/* The edge through which flow passes between a node and its parent. */
static float *to_parent(const struct cutter *c, int64_t at, bool source)
{
  int d = c->parent[at];
  return source ? edge(c, at + c->g->step[d], d ^ 4) : edge(c, at, d);
}

static float bottleneck(const struct cutter *c, int64_t at, bool source, float least)
{
  while (c->parent[at] != TERMINAL) {
    least = VT_MIN(least, *to_parent(c, at, source));
    at += c->g->step[c->parent[at]];
  }
  float t = c->g->terminal[at];
  return VT_MIN(least, source ? t : -t);
}

static int push(struct cutter *c, int64_t at, bool source, float flow, struct vt_err *e)
{
  int rc = 0;
  while (c->parent[at] != TERMINAL && !rc) {
    int d = c->parent[at];
    float *f = to_parent(c, at, source);
    *f -= flow;
    *(source ? edge(c, at, d) : edge(c, at + c->g->step[d], d ^ 4)) += flow;
    int64_t up = at + c->g->step[d];
    if (*f <= 0) {
      *f = 0;
      rc = add_orphan(c, at, e);
    }
    at = up;
  }
  if (rc) return rc;
  c->g->terminal[at] -= source ? flow : -flow;
  return (source ? c->g->terminal[at] <= 0 : c->g->terminal[at] >= 0) ? add_orphan(c, at, e) : 0;
}

/* Along the path that the edge from `s` (source's tree) in direction d closes. */
static int augment(struct cutter *c, int64_t s, int d, struct vt_err *e)
{
  int64_t t = s + c->g->step[d];
  float flow = bottleneck(c, t, false, bottleneck(c, s, true, *edge(c, s, d)));
  *edge(c, s, d) -= flow;
  *edge(c, t, d ^ 4) += flow;
  c->flow += flow;
  int rc = push(c, s, true, flow, e);
  return rc ? rc : push(c, t, false, flow, e);
}

/* Length of a node's way to its terminal, INT_MAX if it is broken; nodes on the way are marked as known. */
static int32_t way(struct cutter *c, int64_t from)
{
  int32_t d = 0;
  int64_t at = from;
  for (;; at += c->g->step[c->parent[at]]) {
    if (c->seen[at] == c->now) {
      d += c->dist[at];
      break;
    }
    d++;
    if (c->parent[at] == TERMINAL) {
      c->seen[at] = c->now;
      c->dist[at] = 1;
      break;
    }
    if (c->parent[at] >= NONE) return INT_MAX;
  }
  int32_t k = d;
  for (at = from; c->seen[at] != c->now; at += c->g->step[c->parent[at]]) {
    c->seen[at] = c->now;
    c->dist[at] = k--;
  }
  return d;
}

static int adopt(struct cutter *c, int64_t at, struct vt_err *e)
{
  int32_t best = INT_MAX;
  int found = NONE, rc = 0;
  for (int d = 0; d < VT__DIRECTIONS; d++) {
    int64_t other = at + c->g->step[d];
    if (c->tree[other] != c->tree[at] || left(c, at, d, false) <= 0) continue;
    int32_t k = way(c, other);
    if (k >= best) continue;
    best = k;
    found = d;
  }
  c->parent[at] = (uint8_t)found;
  if (found != NONE) {
    c->seen[at] = c->now;
    c->dist[at] = best + 1;
    return 0;
  }
  for (int d = 0; d < VT__DIRECTIONS && !rc; d++) {
    int64_t other = at + c->g->step[d];
    if (c->tree[other] != c->tree[at]) continue;
    if (left(c, at, d, false) > 0) activate(c, other);
    if (c->parent[other] == (d ^ 4)) rc = add_orphan(c, other, e);
  }
  c->tree[at] = FREE;
  return rc;
}

/* The node takes in what it can; the direction in which it meets the other tree, or -1. */
static int grow(struct cutter *c, int64_t at)
{
  for (int d = 0; d < VT__DIRECTIONS; d++) {
    int64_t other = at + c->g->step[d];
    if (left(c, at, d, true) <= 0) continue;
    if (c->tree[other] == FREE) {
      c->tree[other] = c->tree[at];
      c->parent[other] = (uint8_t)(d ^ 4);
      c->seen[other] = c->seen[at];
      c->dist[other] = c->dist[at] + 1;
      activate(c, other);
    } else if (c->tree[other] != c->tree[at]) {
      return d;
    } else if (c->seen[other] <= c->seen[at] && c->dist[other] > c->dist[at] &&
               c->parent[other] != TERMINAL) {
      c->parent[other] = (uint8_t)(d ^ 4);
      c->seen[other] = c->seen[at];
      c->dist[other] = c->dist[at] + 1;
    }
  }
  return -1;
}

static int run(struct cutter *c, struct vt_err *e)
{
  int rc = 0;
  while (c->first >= 0 && !rc) {
    int64_t at = take_active(c);
    int d;
    while (!rc && c->tree[at] != FREE && (d = grow(c, at)) >= 0) {
      c->now++;
      bool source = c->tree[at] == SOURCE;
      rc = source ? augment(c, at, d, e) : augment(c, at + c->g->step[d], d ^ 4, e);
      while (!rc && c->norphans) rc = adopt(c, c->orphan[--c->norphans], e);
    }
  }
  return rc;
}

int vt__grid_cut(struct vt__grid *g, uint8_t *side, double *flow, struct vt_err *e)
{
  struct cutter c = {.g = g, .first = -1, .last = -1, .now = 1};
  const size_t n = (size_t)g->n;
  int rc = 0;
  c.tree = vt_calloc(n, 1);
  c.parent = vt_malloc(n);
  c.seen = vt_calloc(n, sizeof *c.seen);
  c.dist = vt_calloc(n, sizeof *c.dist);
  c.next = vt_reallocarray(NULL, n, sizeof *c.next);
  if (!c.tree || !c.parent || !c.seen || !c.dist || !c.next) {
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
    goto out;
  }
  memset(c.parent, NONE, n);
  memset(c.next, 255, n * sizeof *c.next);
  for (int y = 0; y < g->height; y++)
    for (int x = 0; x < g->width; x++) {
      int64_t at = vt__grid_at(g, x, y);
      if (g->terminal[at] == 0) continue;
      c.tree[at] = g->terminal[at] > 0 ? SOURCE : SINK;
      c.parent[at] = TERMINAL;
      c.dist[at] = 1;
      activate(&c, at);
    }
  rc = run(&c, e);
  for (int y = 0; y < g->height && !rc; y++)
    for (int x = 0; x < g->width; x++)
      side[(int64_t)y * g->width + x] = c.tree[vt__grid_at(g, x, y)] == SOURCE;
  *flow = c.flow;
out:
  vt_free(c.tree);
  vt_free(c.parent);
  vt_free(c.seen);
  vt_free(c.dist);
  vt_free(c.next);
  vt_free(c.orphan);
  return rc;
}
