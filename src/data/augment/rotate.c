/* Rotation about the middle. The canvas grows to hold all of the picture, or keeps its size and loses the
 * corners. */
#include "data/policy/op.h"

struct opts {
  double degrees;
  int canvas;
};
static const struct vt_opt rows[] = {
    VT_AUG_FLOAT(degrees, "10", 0, 180, "DEGREES", "largest angle, either way"),
    VT_AUG_ENUM(canvas, "grow", "grow|keep", "grow: nothing is lost; keep: the corners are"),
};

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  v[0] = vt__between(rng, -o->degrees, o->degrees);
}

static void move(const void *opts, const double *v, int w, int h, struct vt_aug_move *g)
{
  const struct opts *o = opts;
  double a = v[0] * M_PI / 180, c = cos(a), s = sin(a);
  vt__about_middle(g, c, -s, s, c, w, h, o->canvas == 0);
}

const struct vt_aug_op vt_aug_op_rotate = {
    .name = "rotate",
    .what = "turned about the middle",
    VT_AUG_OPTS,
    .safe = {{"degrees", 0, 30}},
    .draw = draw,
    .move = move,
};
