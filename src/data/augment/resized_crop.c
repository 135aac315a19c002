/* A random part of random area and aspect, stretched to one size (Szegedy et al., "Going Deeper with
 * Convolutions", 2015, section 6). */
#include "data/policy/op.h"

struct opts {
  double area_min, area_max, aspect;
  int64_t width, height;
};
static const struct vt_opt rows[] = {
    VT_AUG_INT(width, "224", 1, 20000, "PIXELS", "width of the result"),
    VT_AUG_INT(height, "224", 1, 20000, "PIXELS", "height of the result"),
    VT_AUG_FLOAT(area_min, "0.4", 0.01, 1, "SHARE", "smallest part of the picture's area"),
    VT_AUG_FLOAT(area_max, "1", 0.01, 1, "SHARE", "largest part of the picture's area"),
    VT_AUG_FLOAT(aspect, "0.2877", 0, 1.5, "LOG",
                 "width / height of the part differs from the result's by up to e to this"),
};

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  const double result = (double)o->width / (double)o->height;
  for (int attempt = 0; attempt < 10; attempt++) {
    double area = vt__between(rng, o->area_min, o->area_max) * w * h;
    double aspect = result * exp(vt__between(rng, -o->aspect, o->aspect));
    v[2] = sqrt(area * aspect);
    v[3] = sqrt(area / aspect);
    if (v[2] <= w && v[3] <= h) break;
    v[2] = VT_MIN(w, h * result); /* the largest part of the result's aspect */
    v[3] = v[2] / result;
  }
  v[0] = vt_rng_unit(rng) * (w - v[2]);
  v[1] = vt_rng_unit(rng) * (h - v[3]);
}

static void move(const void *opts, const double *v, int w, int h, struct vt_aug_move *g)
{
  const struct opts *o = opts;
  vt__stretch(g, v[0], v[1], v[2], v[3], (int)o->width, (int)o->height);
}

const struct vt_aug_op vt_aug_op_resized_crop = {
    .name = "resized-crop",
    .what = "a random part, stretched to one size",
    VT_AUG_OPTS,
    .safe = {{"area_min", .25, 1}, {"aspect", 0, .3}},
    .draw = draw,
    .move = move,
};
