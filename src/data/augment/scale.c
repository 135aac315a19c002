/* The whole picture larger or smaller, canvas included; the two sides may be stretched differently. */
#include "data/policy/op.h"

struct opts {
  double min, max, aspect;
};
static const struct vt_opt rows[] = {
    VT_AUG_FLOAT(min, "0.8", 0.05, 10, "FACTOR", "smallest factor, log-uniform"),
    VT_AUG_FLOAT(max, "1.25", 0.05, 10, "FACTOR", "largest factor"),
    VT_AUG_FLOAT(aspect, "0", 0, 1, "LOG", "width / height changes by a factor of up to e to this"),
};

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  double k = vt__log_between(rng, o->min, o->max), a = exp(vt__between(rng, -o->aspect, o->aspect) / 2);
  v[0] = k * a;
  v[1] = k / a;
}

static void move(const void *opts, const double *v, int w, int h, struct vt_aug_move *g)
{
  vt__stretch(g, 0, 0, w, h, (int)VT_CLAMP(round(w * v[0]), 1, VT_MAX_SIDE),
              (int)VT_CLAMP(round(h * v[1]), 1, VT_MAX_SIDE));
}

const struct vt_aug_op vt_aug_op_scale = {
    .name = "scale",
    .what = "larger or smaller, the canvas with it",
    VT_AUG_OPTS,
    .safe = {{"min", .5, 1}, {"max", 1, 2}, {"aspect", 0, .3}},
    .draw = draw,
    .move = move,
};
