/* Copy-paste (Ghiasi et al., "Simple Copy-Paste is a Strong Data Augmentation Method for Instance
 * Segmentation", 2021): objects of another picture, cut out by their masks, are laid over this one; what they
 * hide is hidden in masks, boxes and label map. The other picture is zoomed and shifted first. */
#include "data/policy/op.h"

struct opts {
  double share, min, max;
};
static const struct vt_opt rows[] = {
    VT_AUG_FLOAT(share, "0.5", 0, 1, "SHARE", "probability of each object of the other picture"),
    VT_AUG_FLOAT(min, "0.5", 0.05, 10, "FACTOR",
                 "smallest zoom of the other picture, log-uniform; 1 covers this one"),
    VT_AUG_FLOAT(max, "1.25", 0.05, 10, "FACTOR", "largest zoom"),
};

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  v[0] = vt__log_between(rng, o->min, o->max);
  v[1] = vt_rng_unit(rng);
  v[2] = vt_rng_unit(rng);
}

/* Keeps objects by lot, and draws them. Objects without mask or polygons cannot be cut out. */
static int choose(const struct opts *o, struct vt_aug_sample *b, struct vt_image *cover, struct vt_rng *rng,
                  struct vt_err *e)
{
  int kept = 0, rc = 0;
  for (int i = 0; i < b->nobjects; i++) {
    struct vt_aug_object *ob = &b->object[i];
    bool in = vt_rng_unit(rng) < o->share && (ob->mask.n || ob->polygons.n) && !rc;
    if (in) {
      rc = vt__aug_draw_object(b, ob, cover, 1, e);
      b->object[kept++] = *ob;
    } else {
      vt__aug_object_clear(ob);
    }
  }
  b->nobjects = kept;
  return rc;
}

static int apply(const void *opts, struct vt_aug_draw *d, const struct vt_aug_env *env,
                 struct vt_aug_sample *s, struct vt_err *e)
{
  const struct opts *o = opts;
  const int w = s->image.width, h = s->image.height;
  struct vt_aug_sample b;
  struct vt_image cover = {0};
  int rc = vt__aug_other(&b, w, h, env, &d->rng, e);
  if (rc) return VT_MIN(rc, 0);
  const double k = d->v[0], room[2] = {w - k * w, h - k * h};
  const struct vt_aug_move g = {{k, 0, room[0] * d->v[1], 0, k, room[1] * d->v[2], 0, 0, 1}, w, h};
  rc = vt_aug_sample_move(&b, &g, env, e);
  if (!rc) rc = vt_image_init(&cover, w, h, 1, e);
  if (!rc) rc = choose(o, &b, &cover, &d->rng, e);
  if (!rc) rc = vt__aug_overlay(s, &b, &cover, env, e);
  vt_image_clear(&cover);
  vt_aug_sample_clear(&b);
  return rc;
}

const struct vt_aug_op vt_aug_op_copy_paste = {
    .name = "copy-paste",
    .what = "objects of another picture laid over this one, by their masks",
    VT_AUG_OPTS,
    .safe = {{"min", .25, 1}, {"max", 1, 2}},
    .mixes = true,
    .draw = draw,
    .apply = apply,
};
