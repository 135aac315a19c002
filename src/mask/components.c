/* Connected components of a label map, by runs of rows.
 *
 * Phase 1 cuts every row into runs of the wanted value and joins each with the runs of the row above that it
 * touches (union-find, the smaller run number is the root, so roots rise in row-major order). Phase 2 numbers
 * the roots and paints. Memory: 16 bytes per run, besides the output. */
#include <string.h>
#include "mask/mask.h"

struct run {
  int y, x0, x1; /* pixels [x0, x1) of row y */
  int parent;    /* <= own number */
};
struct run_list {
  struct run *v;
  int n, cap;
};

static int find(struct run *v, int i)
{
  while (v[i].parent != i) i = v[i].parent = v[v[i].parent].parent;
  return i;
}

static void join(struct run *v, int a, int b)
{
  a = find(v, a);
  b = find(v, b);
  if (a < b) v[b].parent = a;
  if (b < a) v[a].parent = b;
}

static bool add_run(struct run_list *l, int y, int x0, int x1)
{
  if (l->n == l->cap) {
    int cap = l->cap ? 2 * l->cap : 256;
    struct run *v = l->cap < (1 << 29) ? vt_reallocarray(l->v, (size_t)cap, sizeof(*v)) : NULL;
    if (!v) return false;
    l->v = v;
    l->cap = cap;
  }
  l->v[l->n] = (struct run){y, x0, x1, l->n};
  l->n++;
  return true;
}

static bool cut_row(struct run_list *l, const uint8_t *row, int y, int width, uint8_t value)
{
  for (int x = 0; x < width;) {
    const uint8_t *first = memchr(row + x, value, (size_t)(width - x));
    if (!first) break;
    int x0 = (int)(first - row), x1 = x0 + 1;
    while (x1 < width && row[x1] == value) x1++;
    if (!add_run(l, y, x0, x1)) return false;
    x = x1;
  }
  return true;
}

/* Joins the runs [from, to) of a row with those of the row above, [above, from). */
static void join_rows(struct run *v, int above, int from, int to, int reach)
{
  int a = above;
  for (int b = from; b < to; b++) {
    while (a < from && v[a].x1 + reach <= v[b].x0) a++;
    for (int k = a; k < from && v[k].x0 < v[b].x1 + reach; k++) join(v, k, b);
  }
}

int vt_components(const uint8_t *labels, int width, int height, int64_t stride, uint8_t value, bool eight,
                  int32_t *comp, int64_t **areas, struct vt_err *e)
{
  struct run_list l = {0};
  int rc = 0, above = 0, from = 0, *number = NULL;
  int64_t *area = NULL;
  *areas = NULL;
  memset(comp, 0, (size_t)width * (size_t)height * sizeof(*comp));
  for (int y = 0; y < height; y++) {
    if (!cut_row(&l, labels + y * stride, y, width, value)) goto memory;
    join_rows(l.v, above, from, l.n, eight);
    above = from;
    from = l.n;
  }
  number = vt_calloc((size_t)l.n + 1, sizeof(*number));
  area = vt_calloc((size_t)l.n + 1, sizeof(*area));
  if (!number || !area) goto memory;
  int n = 0;
  for (int i = 0; i < l.n; i++) {
    int root = find(l.v, i);
    if (root == i) number[i] = ++n;
    number[i] = number[root];
    area[number[i]] += l.v[i].x1 - l.v[i].x0;
    int32_t *row = comp + (size_t)l.v[i].y * (size_t)width;
    for (int x = l.v[i].x0; x < l.v[i].x1; x++) row[x] = number[i];
  }
  *areas = area;
  area = NULL;
  rc = n;
  goto out;
memory:
  rc = vt_fail(e, VT_ENOMEM, "out of memory for the components of a %d x %d label map", width, height);
out:
  vt_free(area);
  vt_free(number);
  vt_free(l.v);
  return rc;
}
