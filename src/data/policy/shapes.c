/* Maps of the plane, and boxes and polygons under them. */
#include "data/labels_internal.h"
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

int vt__polygons_move(struct vt_polygons *p, const double m[9], int w, int h, double *before, double *after,
                      struct vt_err *e)
{
  for (int i = 0; p->n && i < p->start[p->n]; i++) {
    double *xy = p->xy + 2 * (size_t)i;
    vt__map3_point(m, xy[0], xy[1], xy);
  }
  return vt__polygons_cut(p, w, h, before, after, e);
}
