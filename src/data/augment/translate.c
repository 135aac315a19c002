/* Shifted; what leaves the canvas is lost. */
#include "data/policy/op.h"

struct opts {
  double x, y;
};
static const struct vt_opt rows[] = {
    VT_AUG_FLOAT(x, "0.1", 0, 1, "SHARE", "largest shift, as a share of the width, either way"),
    VT_AUG_FLOAT(y, "0.1", 0, 1, "SHARE", "largest shift, as a share of the height, either way"),
};

/* Whole pixels, so that nothing is blurred. */
static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  v[0] = round(vt__between(rng, -o->x, o->x) * w);
  v[1] = round(vt__between(rng, -o->y, o->y) * h);
}

static void move(const void *opts, const double *v, int w, int h, struct vt_aug_move *g)
{
  vt__about_middle(g, 1, 0, 0, 1, w, h, false);
  g->m[2] = v[0];
  g->m[5] = v[1];
}

const struct vt_aug_op vt_aug_op_translate = {
    .name = "translate",
    .what = "shifted by whole pixels on the same canvas",
    VT_AUG_OPTS,
    .safe = {{"x", 0, .25}, {"y", 0, .25}},
    .draw = draw,
    .move = move,
};
