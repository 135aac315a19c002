/* Split and merge (Horowitz and Pavlidis, "Picture segmentation by a tree traversal algorithm", 1976).
 *
 * Split: a rectangle in which some pixel is further than the tolerance from the mean becomes its four
 * quarters. Merge: leaves are nodes, pairs of leaves that touch are edges, taken by rising distance of the
 * leaves' means; an edge joins its two regions if the means of the regions, as they are by then, are within
 * the tolerance. */
#include "image/plain_internal.h"

#include <stdlib.h>

struct leaf {
  double sum[3];
  int64_t area;
  int32_t parent; /* union-find: the smaller number is the root */
};
struct edge {
  float d2;
  int32_t a, b;
};
struct splitter {
  const float *lab;
  int width, height;
  double tolerance;
  int32_t *region; // (H, W) leaf of each pixel
  struct leaf *leaf;
  int64_t n, cap, nedges, cap_edges;
  struct edge *edge;
};

static int add_leaf(struct splitter *s, struct leaf leaf, struct vt_err *e)
{
  if (s->n == s->cap) {
    int64_t cap = s->cap ? 2 * s->cap : 256;
    struct leaf *v = vt_reallocarray(s->leaf, (size_t)cap, sizeof *v);
    if (!v) return vt_fail(e, VT_ENOMEM, "out of memory");
    s->leaf = v;
    s->cap = cap;
  }
  leaf.parent = (int32_t)s->n;
  s->leaf[s->n++] = leaf;
  return 0;
}

static int split(struct splitter *s, int x0, int y0, int w, int h, struct vt_err *e)
{
  struct leaf leaf = {.area = (int64_t)w * h};
  float mean[3], limit = (float)(s->tolerance * s->tolerance);
  bool even = true;
  for (int y = y0; y < y0 + h; y++)
    for (int x = x0; x < x0 + w; x++)
      for (int c = 0; c < 3; c++) leaf.sum[c] += s->lab[3 * ((int64_t)y * s->width + x) + c];
  for (int c = 0; c < 3; c++) mean[c] = (float)(leaf.sum[c] / (double)leaf.area);
  for (int y = y0; even && y < y0 + h; y++)
    for (int x = x0; even && x < x0 + w; x++)
      even = vt__lab_distance2(s->lab + 3 * ((int64_t)y * s->width + x), mean) <= limit;
  if (even || (w == 1 && h == 1)) {
    for (int y = y0; y < y0 + h; y++)
      for (int x = x0; x < x0 + w; x++) s->region[(int64_t)y * s->width + x] = (int32_t)s->n;
    return add_leaf(s, leaf, e);
  }
  int w0 = (w + 1) / 2, h0 = (h + 1) / 2;
  int rc = split(s, x0, y0, w0, h0, e);
  if (!rc && w > w0) rc = split(s, x0 + w0, y0, w - w0, h0, e);
  if (!rc && h > h0) rc = split(s, x0, y0 + h0, w0, h - h0, e);
  if (!rc && w > w0 && h > h0) rc = split(s, x0 + w0, y0 + h0, w - w0, h - h0, e);
  return rc;
}

static float mean_distance2(const struct splitter *s, int32_t a, int32_t b)
{
  float x[3], y[3];
  for (int c = 0; c < 3; c++) {
    x[c] = (float)(s->leaf[a].sum[c] / (double)s->leaf[a].area);
    y[c] = (float)(s->leaf[b].sum[c] / (double)s->leaf[b].area);
  }
  return vt__lab_distance2(x, y);
}

static int add_edge(struct splitter *s, int32_t a, int32_t b, struct vt_err *e)
{
  if (a == b) return 0;
  if (s->nedges && s->edge[s->nedges - 1].a == a && s->edge[s->nedges - 1].b == b)
    return 0; /* a longer border */
  if (s->nedges == s->cap_edges) {
    int64_t cap = s->cap_edges ? 2 * s->cap_edges : 1024;
    struct edge *v = vt_reallocarray(s->edge, (size_t)cap, sizeof *v);
    if (!v) return vt_fail(e, VT_ENOMEM, "out of memory");
    s->edge = v;
    s->cap_edges = cap;
  }
  s->edge[s->nedges++] = (struct edge){mean_distance2(s, a, b), a, b};
  return 0;
}

static int by_distance(const void *p, const void *q)
{
  const struct edge *a = p, *b = q;
  if (a->d2 != b->d2) return a->d2 < b->d2 ? -1 : 1;
  if (a->a != b->a) return a->a < b->a ? -1 : 1;
  return a->b < b->b ? -1 : a->b > b->b;
}

static int32_t root(struct splitter *s, int32_t i)
{
  while (s->leaf[i].parent != i) i = s->leaf[i].parent = s->leaf[s->leaf[i].parent].parent;
  return i;
}

static int merge(struct splitter *s, struct vt_err *e)
{
  const int w = s->width, h = s->height;
  const float limit = (float)(s->tolerance * s->tolerance);
  int rc = 0;
  for (int y = 0; y < h && !rc; y++)
    for (int x = 0; x + 1 < w && !rc; x++)
      rc = add_edge(s, s->region[(int64_t)y * w + x], s->region[(int64_t)y * w + x + 1], e);
  for (int y = 0; y + 1 < h && !rc; y++)
    for (int x = 0; x < w && !rc; x++)
      rc = add_edge(s, s->region[(int64_t)y * w + x], s->region[(int64_t)(y + 1) * w + x], e);
  if (rc) return rc;
  if (s->nedges) qsort(s->edge, (size_t)s->nedges, sizeof *s->edge, by_distance);
  for (int64_t i = 0; i < s->nedges; i++) {
    int32_t a = root(s, s->edge[i].a), b = root(s, s->edge[i].b);
    if (a == b || mean_distance2(s, a, b) > limit) continue;
    int32_t into = VT_MIN(a, b), gone = VT_MAX(a, b);
    for (int c = 0; c < 3; c++) s->leaf[into].sum[c] += s->leaf[gone].sum[c];
    s->leaf[into].area += s->leaf[gone].area;
    s->leaf[gone].parent = into;
  }
  return 0;
}

/* Regions in order of first pixel. */
static int number(struct splitter *s, int *n, struct vt_err *e)
{
  int32_t *name = vt_calloc((size_t)s->n + 1, sizeof *name);
  if (!name) return vt_fail(e, VT_ENOMEM, "out of memory");
  *n = 0;
  for (int64_t i = 0; i < (int64_t)s->width * s->height; i++) {
    int32_t r = root(s, s->region[i]);
    if (!name[r]) name[r] = ++*n;
    s->region[i] = name[r] - 1;
  }
  vt_free(name);
  return 0;
}

int vt_split_merge(int32_t **region, int *n, const struct vt_image *im, double tolerance, struct vt_err *e)
{
  struct splitter s = {.width = im->width, .height = im->height, .tolerance = tolerance};
  float *lab = NULL;
  *region = NULL;
  if (!(tolerance >= 0)) return vt_fail(e, VT_EARG, "split and merge: tolerance %g", tolerance);
  int rc = vt_image_lab(&lab, im, e);
  s.lab = lab;
  if (!rc && !(s.region = vt_reallocarray(NULL, (size_t)im->width * (size_t)im->height, sizeof *s.region)))
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) rc = split(&s, 0, 0, im->width, im->height, e);
  if (!rc) rc = merge(&s, e);
  if (!rc) rc = number(&s, n, e);
  if (rc)
    vt_free(s.region);
  else
    *region = s.region;
  vt_free(lab);
  vt_free(s.leaf);
  vt_free(s.edge);
  return rc;
}
