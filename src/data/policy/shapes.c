/* Maps of the plane, and boxes and polygons under them. */
#include "data/policy/op.h"

void vt__map3(double out[9], const double a[9], const double b[9])
{
  double t[9];
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      t[3 * i + j] = a[3 * i] * b[j] + a[3 * i + 1] * b[3 + j] + a[3 * i + 2] * b[6 + j];
  memcpy(out, t, sizeof t);
}

bool vt__map3_invert(double out[9], const double m[9])
{
  double c[9], det;
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) {
      int a = (i + 1) % 3, b = (i + 2) % 3, p = (j + 1) % 3, q = (j + 2) % 3;
      c[3 * j + i] = m[3 * a + p] * m[3 * b + q] - m[3 * a + q] * m[3 * b + p]; /* the adjugate */
    }
  det = m[0] * c[0] + m[1] * c[3] + m[2] * c[6];
  if (!(fabs(det) > 1e-12)) return false;
  for (int i = 0; i < 9; i++) out[i] = c[i] / det;
  return true;
}

void vt__map3_point(const double m[9], double x, double y, double to[2])
{
  double w = m[6] * x + m[7] * y + m[8];
  to[0] = (m[0] * x + m[1] * y + m[2]) / w;
  to[1] = (m[3] * x + m[4] * y + m[5]) / w;
}

struct vt_box vt__map3_box(const double m[9], struct vt_box b)
{
  double lo[2] = {HUGE_VAL, HUGE_VAL}, hi[2] = {-HUGE_VAL, -HUGE_VAL}, p[2];
  for (int k = 0; k < 4; k++) {
    vt__map3_point(m, b.x + (k & 1 ? b.w : 0), b.y + (k & 2 ? b.h : 0), p);
    for (int i = 0; i < 2; i++) {
      lo[i] = VT_MIN(lo[i], p[i]);
      hi[i] = VT_MAX(hi[i], p[i]);
    }
  }
  return (struct vt_box){lo[0], lo[1], hi[0] - lo[0], hi[1] - lo[1]};
}

void vt__about_middle(struct vt_aug_move *g, double a, double b, double c, double d, int w, int h, bool grow)
{
  const double m[9] = {a, b, 0, c, d, 0, 0, 0, 1};
  memcpy(g->m, m, sizeof m);
  struct vt_box all = vt__map3_box(m, (struct vt_box){-w / 2.0, -h / 2.0, w, h});
  g->width = grow ? (int)VT_CLAMP(ceil(all.w - 1e-6), 1, VT_MAX_SIDE) : w;
  g->height = grow ? (int)VT_CLAMP(ceil(all.h - 1e-6), 1, VT_MAX_SIDE) : h;
  g->m[2] = g->width / 2.0 - (a * w + b * h) / 2;
  g->m[5] = g->height / 2.0 - (c * w + d * h) / 2;
}

void vt__stretch(struct vt_aug_move *g, double x, double y, double w, double h, int width, int height)
{
  const double sx = width / w, sy = height / h, m[9] = {sx, 0, -x * sx, 0, sy, -y * sy, 0, 0, 1};
  memcpy(g->m, m, sizeof m);
  g->width = width;
  g->height = height;
}

void vt__letterbox(struct vt_aug_move *g, int w, int h, int width, int height, bool enlarge)
{
  double k = VT_MIN((double)width / w, (double)height / h);
  if (!enlarge) k = VT_MIN(k, 1);
  int iw = (int)VT_CLAMP(lround(w * k), 1, width), ih = (int)VT_CLAMP(lround(h * k), 1, height);
  const int x = (width - iw) / 2, y = (height - ih) / 2;
  const double m[9] = {(double)iw / w, 0, x, 0, (double)ih / h, y, 0, 0, 1};
  memcpy(g->m, m, sizeof m);
  g->width = width;
  g->height = height;
}

struct vt_box vt__polygons_box(const struct vt_polygons *p)
{
  double lo[2] = {HUGE_VAL, HUGE_VAL}, hi[2] = {-HUGE_VAL, -HUGE_VAL};
  for (int i = 0; p->n && i < 2 * p->start[p->n]; i++) {
    lo[i & 1] = VT_MIN(lo[i & 1], p->xy[i]);
    hi[i & 1] = VT_MAX(hi[i & 1], p->xy[i]);
  }
  return hi[0] >= lo[0] ? (struct vt_box){lo[0], lo[1], hi[0] - lo[0], hi[1] - lo[1]} : (struct vt_box){0};
}

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

int vt__polygons_move(struct vt_polygons *p, const double m[9], int w, int h, double *before, double *after,
                      struct vt_err *e)
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
    for (int k = 0; k < n; k++) {
      const double *xy = p->xy + 2 * (size_t)(p->start[i] + k);
      vt__map3_point(m, xy[0], xy[1], a + 2 * (size_t)k);
    }
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
