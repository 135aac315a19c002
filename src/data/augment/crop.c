/* A random part of fixed size; a picture too small for it is padded round the middle. */
#include "data/policy/op.h"

struct opts {
  int64_t width, height;
};
static const struct vt_opt rows[] = {
    VT_AUG_INT(width, "224", 1, 20000, "PIXELS", "width of the part"),
    VT_AUG_INT(height, "224", 1, 20000, "PIXELS", "height of the part"),
};

static int64_t place(struct vt_rng *rng, int64_t side, int part)
{
  return side >= part ? (int64_t)vt_rng_below(rng, (uint32_t)(side - part + 1)) : -((part - side) / 2);
}

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  v[0] = (double)place(rng, w, (int)o->width);
  v[1] = (double)place(rng, h, (int)o->height);
}

static void move(const void *opts, const double *v, int w, int h, struct vt_aug_move *g)
{
  const struct opts *o = opts;
  vt__stretch(g, v[0], v[1], (double)o->width, (double)o->height, (int)o->width, (int)o->height);
}

const struct vt_aug_op vt_aug_op_crop = {
    .name = "crop",
    .what = "a random part of this size, in the picture's own pixels",
    VT_AUG_OPTS,
    .draw = draw,
    .move = move,
};
