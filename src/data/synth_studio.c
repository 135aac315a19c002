/* The studio picture: one product on white, fitted to the frame.
 *
 * It is drawn twice: small, to see from the label map how much room it takes, then to size. */
#include <math.h>
#include "data/synth_internal.h"

enum { WIDTH = 180, HEIGHT = 240, TRIAL = 160 };

/* Everything in lengths of the standard figure, wherever it lands. */
static void draw_product(struct pen *p, const struct product *g)
{
  struct body b;
  vt__body_studio(&b);
  switch (g->group) {
  case G_TOP:
  case G_DRESS:
  case G_OUTERWEAR:
    vt__draw_torso(p, &b, g, g->group == G_OUTERWEAR && g->shape[2] > .75 ? .14 : 0, true);
    vt__draw_sleeves(p, &b, g);
    break;
  case G_PANTS:
  case G_SHORTS:
  case G_SKIRT: vt__draw_bottom(p, &b, g); break;
  case G_LEGWEAR: vt__draw_legwear(p, &b, g); break;
  case G_BELT: vt__draw_belt(p, &b, g); break;
  case G_SCARF: vt__draw_scarf(p, &b, g); break;
  case G_ACCESSORY: vt__draw_accessory(p, &b, g); break;
  default:
    vt__pen_save(p);
    vt__pen_move(p, 0, .5);
    vt__pen_scale(p, .3, .3);
    if (g->group == G_FOOTWEAR) {
      vt__pen_save(p);
      vt__pen_move(p, -.35, -.3);
      vt__draw_shoe(p, g);
      vt__pen_restore(p);
      vt__draw_shoe(p, g);
    }
    if (g->group == G_BAG) vt__draw_bag(p, g, true);
    if (g->group == G_HAT) vt__draw_hat(p, g);
    if (g->group == G_EYEWEAR) vt__draw_eyewear(p, g);
    vt__pen_restore(p);
  }
}

struct pair { /* picture and label map */
  struct vt_canvas *picture, *labels;
};

static int open_pair(struct pair *c, struct pen *p, int width, int height, struct vt_err *e)
{
  int rc = vt_canvas_new(&c->picture, width, height, 0xffffff, e);
  if (!rc) rc = vt_canvas_new(&c->labels, width, height, 0, e);
  if (rc) return rc;
  p->cr = vt_canvas_cairo(c->picture);
  p->lab = vt_canvas_cairo(c->labels);
  cairo_set_antialias(p->lab, CAIRO_ANTIALIAS_NONE);
  return 0;
}

static void close_pair(struct pair *c)
{
  vt_canvas_free(c->picture);
  vt_canvas_free(c->labels);
}

/* Box of what was drawn, in lengths of the figure. */
static int measure(struct vt_box *box, const struct product *g, const struct vt_rng *rng, struct vt_err *e)
{
  struct pair c = {0};
  struct vt_image labels = {0};
  struct vt_mask m = {0};
  struct pen p = {.rng = *rng};
  const double scale = TRIAL / 1.3;
  int rc = open_pair(&c, &p, TRIAL, TRIAL, e);
  if (rc) goto out;
  vt__pen_move(&p, TRIAL / 2., TRIAL * .08);
  vt__pen_scale(&p, scale, scale);
  draw_product(&p, g);
  rc = vt_canvas_take(c.labels, &labels, e);
  if (rc) goto out;
  for (int i = 0; i < TRIAL * TRIAL; i++) labels.px[i] = labels.px[3 * i];
  rc = vt_mask_from_bitmap(&m, labels.px, TRIAL, TRIAL, TRIAL, e);
  if (rc) goto out;
  struct vt_box x = vt_mask_box(&m);
  *box = (struct vt_box){(x.x - TRIAL / 2.) / scale, (x.y - TRIAL * .08) / scale, VT_MAX(x.w, 1) / scale,
                         VT_MAX(x.h, 1) / scale};
out:
  vt_mask_clear(&m);
  vt_image_clear(&labels);
  close_pair(&c);
  return rc;
}

static void backdrop(cairo_t *cr, const struct vt_box *box, double scale, int group)
{
  cairo_pattern_t *g = cairo_pattern_create_linear(0, 0, 0, HEIGHT);
  cairo_pattern_add_color_stop_rgb(g, .6, 1, 1, 1);
  cairo_pattern_add_color_stop_rgb(g, 1, .955, .955, .96);
  cairo_set_source(cr, g);
  cairo_paint(cr);
  cairo_pattern_destroy(g);
  if (group != G_FOOTWEAR && group != G_BAG) return;
  cairo_save(cr); /* the floor's shadow */
  cairo_translate(cr, WIDTH / 2., HEIGHT / 2. + box->h * scale / 2);
  cairo_scale(cr, box->w * scale * .56, 7);
  g = cairo_pattern_create_radial(0, 0, 0, 0, 0, 1);
  cairo_pattern_add_color_stop_rgba(g, 0, 0, 0, 0, .3);
  cairo_pattern_add_color_stop_rgba(g, 1, 0, 0, 0, 0);
  cairo_set_source(cr, g);
  cairo_arc(cr, 0, 0, 1, 0, 2 * M_PI);
  cairo_fill(cr);
  cairo_restore(cr);
  cairo_pattern_destroy(g);
}

int vt__studio_draw(struct vt_image *out, struct vt_image *truth, const struct product *g, uint64_t seed,
                    struct vt_err *e)
{
  struct pair c = {0};
  struct pen p = {.group = 0};
  struct vt_box box = {0};
  *out = (struct vt_image){0};
  if (truth) *truth = (struct vt_image){0};
  vt_rng_init(&p.rng, seed, 2, (uint64_t)g->index);
  int rc = measure(&box, g, &p.rng, e);
  if (!rc) rc = open_pair(&c, &p, WIDTH, HEIGHT, e);
  if (!rc) {
    double scale = VT_MIN(WIDTH * .86 / box.w, HEIGHT * .88 / box.h);
    backdrop(p.cr, &box, scale, g->group);
    vt__pen_move(&p, WIDTH / 2. - (box.x + box.w / 2) * scale, HEIGHT / 2. - (box.y + box.h / 2) * scale);
    vt__pen_scale(&p, scale, scale);
    draw_product(&p, g);
    rc = vt_canvas_take(c.picture, out, e);
  }
  if (!rc && truth) rc = vt_canvas_take(c.labels, truth, e);
  close_pair(&c);
  return rc;
}
