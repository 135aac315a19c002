/* Polygons cut to their picture (Sutherland, Hodgman, "Reentrant Polygon Clipping", 1974). */
#include "data/labels_internal.h"

#include <math.h>
#include <string.h>

static double area_of(const double *xy, int n)
{
  double sum = 0;
  for (int i = 0; i < n; i++) {
    const double *a = xy + 2 * (size_t)i, *b = xy + 2 * (size_t)((i + 1) % n);
    sum += a[0] * b[1] - b[0] * a[1];
  }
  return sum / 2;
}

/* Keeps what lies on the inner side of one edge: axis 0 or 1, sign * (p - at) >= 0. Returns the points. */
static int cut(double *to, const double *xy, int n, int axis, double at, double sign)
{
  int k = 0;
  for (int i = 0; i < n; i++) {
    const double *a = xy + 2 * (size_t)i, *b = xy + 2 * (size_t)((i + 1) % n);
    double da = sign * (a[axis] - at), db = sign * (b[axis] - at);
    if (da >= 0) memcpy(to + 2 * (size_t)k++, a, 2 * sizeof *a);
    if ((da >= 0) == (db >= 0)) continue;
    double t = da / (da - db);
    to[2 * k] = a[0] + t * (b[0] - a[0]);
    to[2 * k + 1] = a[1] + t * (b[1] - a[1]);
    to[2 * k++ + axis] = at;
  }
  return k;
}

int vt__polygons_cut(struct vt_polygons *p, int w, int h, double *before, double *after, struct vt_err *e)
{
  int most = 0, rc = 0;
  int64_t total = 0;
  *before = *after = 0;
  for (int i = 0; i < p->n; i++) {
    most = VT_MAX(most, p->start[i + 1] - p->start[i]);
    total += 2 * (p->start[i + 1] - p->start[i]) + 8;
  }
  /* A cut of n points leaves at most 3/2 n, four cuts 5.1 n. */
  double *a = vt_calloc(12 * (size_t)most + 16, sizeof *a), *b = vt_calloc(12 * (size_t)most + 16, sizeof *b);
  struct vt_polygons out = {0};
  out.start = vt_calloc((size_t)p->n + 1, sizeof *out.start);
  struct vt_buf points = {0};
  if (!a || !b || !out.start) rc = vt_fail(e, VT_ENOMEM, "out of memory for %lld points", (long long)total);
  for (int i = 0; i < p->n && !rc; i++) {
    int n = p->start[i + 1] - p->start[i];
    memcpy(a, p->xy + 2 * (size_t)p->start[i], 2 * (size_t)n * sizeof *a);
    double whole = area_of(a, n);
    n = cut(b, a, n, 0, 0, 1);
    n = cut(a, b, n, 0, w, -1);
    n = cut(b, a, n, 1, 0, 1);
    n = cut(a, b, n, 1, h, -1);
    double part = area_of(a, n);
    *before += fabs(whole);
    if (n < 3 || part == 0) continue;
    *after += fabs(part);
    vt_buf_add(&points, a, 2 * (size_t)n * sizeof *a);
    out.start[out.n + 1] = out.start[out.n] + n;
    out.n++;
  }
  if (!rc && points.failed) rc = vt_fail(e, VT_ENOMEM, "out of memory for %lld points", (long long)total);
  if (!rc) {
    vt_polygons_clear(p);
    *p = out;
    p->xy = (double *)(void *)vt_buf_take(&points, NULL);
    out.start = NULL;
  }
  vt_buf_clear(&points);
  vt_free(out.start);
  vt_free(a);
  vt_free(b);
  return rc;
}
