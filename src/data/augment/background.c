/* Another background: white, one colour, a ramp between two, or another picture, wherever there is no object
 * (no mask, or label 0), with a soft edge of one pixel. A picture without objects and label map stays. */
#include "data/policy/op.h"
#include "data/data.h"

struct opts {
  int with;
};
static const struct vt_opt rows[] = {
    VT_AUG_ENUM(with, "drawn", "drawn|white|colour|ramp|picture",
                "drawn: white, colour or ramp, a third each"),
};
enum { DRAWN, WHITE, COLOUR, RAMP, PICTURE };

static void draw(const void *opts, int w, int h, struct vt_rng *rng, double *v)
{
  const struct opts *o = opts;
  v[0] = o->with == DRAWN ? WHITE + vt_rng_below(rng, 3) : (double)o->with;
  for (int i = 1; i < 7; i++) v[i] = vt_rng_below(rng, 256);
}

static int make_ramp(struct vt_image *im, const double *v, int height, struct vt_err *e)
{
  const int kind = (int)v[0], rc = vt_image_init(im, 1, height, 3, e);
  for (int y = 0; !rc && y < height; y++)
    for (int k = 0; k < 3; k++) {
      double t = kind == RAMP && height > 1 ? (double)y / (height - 1) : 0;
      im->px[y * im->stride + k] = kind == WHITE ? 255 : vt__byte(v[1 + k] * (1 - t) + v[4 + k] * t);
    }
  return rc;
}

static int apply(const void *opts, struct vt_aug_draw *d, const struct vt_aug_env *env,
                 struct vt_aug_sample *s, struct vt_err *e)
{
  struct vt_aug_sample b = {0};
  struct vt_image shape = {0};
  int rc = 0;
  if (!s->labels.px && !s->nobjects) return 0;
  if ((int)d->v[0] == PICTURE)
    rc = vt__aug_other(&b, s->image.width, s->image.height, env, &d->rng, e);
  else
    rc = make_ramp(&b.image, d->v, s->image.height, e);
  if (!rc && !s->labels.px) rc = vt_image_init(&shape, s->image.width, s->image.height, 1, e);
  for (int i = 0; i < s->nobjects && !rc && shape.px; i++)
    rc = vt__aug_draw_object(s, &s->object[i], &shape, 1, e);
  if (!rc) vt_augment_background(&s->image, shape.px ? &shape : &s->labels, &b.image);
  vt_image_clear(&shape);
  vt_aug_sample_clear(&b);
  return VT_MIN(rc, 0);
}

const struct vt_aug_op vt_aug_op_background = {
    .name = "background",
    .what = "another background round the objects",
    VT_AUG_OPTS,
    .draw = draw,
    .apply = apply,
};
