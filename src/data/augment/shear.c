/* Slanted along both axes; the canvas grows to hold all of the picture, or keeps its size. */
#include "data/policy/op.h"

struct opts {
  double x, y;
  int canvas;
};
static const struct vt_opt rows[] = {
    VT_AUG_FLOAT(x, "10", 0, 60, "DEGREES", "largest slant of upright lines, either way"),
    VT_AUG_FLOAT(y, "0", 0, 60, "DEGREES", "largest slant of level lines, either way"),
    VT_AUG_ENUM(canvas, "grow", "grow|keep", "grow: nothing is lost; keep: the corners are"),
};

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  v[0] = tan(vt__between(rng, -o->x, o->x) * M_PI / 180);
  v[1] = tan(vt__between(rng, -o->y, o->y) * M_PI / 180);
}

/* Slants that undo each other flatten the picture: what is left of its area is kept at a tenth. */
static void move(const void *opts, const double *v, int w, int h, struct vt_aug_move *g)
{
  const struct opts *o = opts;
  double y = v[0] * v[1] > .9 ? .9 / v[0] : v[1];
  vt__about_middle(g, 1, v[0], y, 1, w, h, o->canvas == 0);
}

const struct vt_aug_op vt_aug_op_shear = {
    .name = "shear",
    .what = "slanted",
    VT_AUG_OPTS,
    .safe = {{"x", 0, 20}, {"y", 0, 10}},
    .draw = draw,
    .move = move,
};
