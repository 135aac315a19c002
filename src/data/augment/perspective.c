/* Seen from aside: each corner of the picture moves inwards by chance. Nothing is lost. Up to 0.3 of the
 * sides the four corners stay convex, and so every point of the picture stays before the eye. */
#include "data/policy/op.h"

struct opts {
  double amount;
};
static const struct vt_opt rows[] = {
    VT_AUG_FLOAT(amount, "0.08", 0, 0.3, "SHARE", "farthest that a corner moves, as a share of the sides"),
};

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  for (int k = 0; k < 4; k++) {
    double dx = vt__between(rng, 0, o->amount) * w, dy = vt__between(rng, 0, o->amount) * h;
    v[2 * k] = k & 1 ? w - dx : dx;
    v[2 * k + 1] = k & 2 ? h - dy : dy;
  }
}

/* The map that takes the unit square's corners (0,0), (1,0), (0,1), (1,1) to v (Heckbert, "Fundamentals of
 * Texture Mapping", 1989, section 2.2.3), after shrinking the picture to that square. */
static void move(const void *opts, const double *v, int w, int h, struct vt_aug_move *g)
{
  double x0 = v[0], y0 = v[1], x1 = v[2], y1 = v[3], x2 = v[4], y2 = v[5], x3 = v[6], y3 = v[7];
  double sx = x0 - x1 + x3 - x2, sy = y0 - y1 + y3 - y2;
  double dx1 = x1 - x3, dx2 = x2 - x3, dy1 = y1 - y3, dy2 = y2 - y3, det = dx1 * dy2 - dx2 * dy1;
  double p = (sx * dy2 - dx2 * sy) / det, q = (dx1 * sy - sx * dy1) / det;
  const double m[9] = {
      x1 - x0 + p * x1, x2 - x0 + q * x2, x0, y1 - y0 + p * y1, y2 - y0 + q * y2, y0, p, q, 1};
  const double unit[9] = {1.0 / w, 0, 0, 0, 1.0 / h, 0, 0, 0, 1};
  vt__map3(g->m, m, unit);
  g->width = w;
  g->height = h;
}

const struct vt_aug_op vt_aug_op_perspective = {
    .name = "perspective",
    .what = "seen from aside: each corner moves inwards",
    VT_AUG_OPTS,
    .safe = {{"amount", 0, .15}},
    .draw = draw,
    .move = move,
};
