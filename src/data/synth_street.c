/* The street photo: a figure wearing products before a background, with its exact label map.
 *
 * Layers are drawn from the back to the front, each into picture and label map, so a label is what is
 * visible. Turning, shearing and zooming happen in the drawing's transform and light and colour only in the
 * picture: nothing is resampled and the map stays exact. */
#include <math.h>
#include "data/synth_internal.h"

enum { WIDTH = 400, HEIGHT = 600 };

static bool chance(struct vt_rng *r, double p)
{
  return vt_rng_unit(r) < p;
}

struct outfit {
  const struct product *g[G_COUNT]; /* NULL: not worn */
  bool tucked, boots_over;
  double open;
};

static void wear(struct outfit *o, int group, const struct choice *c, const struct product *all,
                 struct vt_rng *r)
{
  if (c->n[group] < 1) return;
  int64_t i = c->v[group][vt_rng_u64(r) % (uint64_t)c->n[group]];
  o->g[group] = &all[i];
}

static void choose_outfit(struct outfit *o, const struct choice *c, const struct product *all,
                          struct vt_rng *r)
{
  *o = (struct outfit){0};
  if (c->n[G_DRESS] && (chance(r, .33) || !c->n[G_TOP])) {
    wear(o, G_DRESS, c, all, r);
  } else {
    static const int bottoms[] = {G_PANTS, G_PANTS, G_PANTS, G_SHORTS, G_SKIRT, G_SKIRT};
    wear(o, G_TOP, c, all, r);
    wear(o, bottoms[vt_rng_below(r, VT_COUNT(bottoms))], c, all, r);
  }
  o->tucked = o->g[G_TOP] && (chance(r, .45) || o->g[G_SKIRT]);
  if (chance(r, .97)) wear(o, G_FOOTWEAR, c, all, r);
  if (!o->g[G_PANTS] && chance(r, .42)) wear(o, G_LEGWEAR, c, all, r);
  if (chance(r, .42)) wear(o, G_OUTERWEAR, c, all, r);
  if (chance(r, .5)) wear(o, G_BAG, c, all, r);
  if (chance(r, .36)) wear(o, G_HAT, c, all, r);
  if (chance(r, .36)) wear(o, G_EYEWEAR, c, all, r);
  if ((o->tucked || o->g[G_DRESS]) && chance(r, .5)) wear(o, G_BELT, c, all, r);
  if (chance(r, .25)) wear(o, G_SCARF, c, all, r);
  if (chance(r, .4)) wear(o, G_ACCESSORY, c, all, r);
  o->open = chance(r, .78) ? vt__between(r, .2, .5) : 0;
  o->boots_over = chance(r, .5);
}

static void draw_glasses_and_hat(struct pen *p, const struct body *b, const struct outfit *o)
{
  vt__pen_save(p);
  vt__pen_move(p, b->head.x, b->head.y);
  vt__pen_turn(p, b->head_tilt);
  if (o->g[G_EYEWEAR]) {
    vt__pen_save(p);
    vt__pen_move(p, 0, b->head_h * .03);
    vt__pen_scale(p, 2.05 * b->head_w, 2.05 * b->head_w);
    vt__draw_eyewear(p, o->g[G_EYEWEAR]);
    vt__pen_restore(p);
  }
  if (o->g[G_HAT]) {
    vt__pen_save(p);
    vt__pen_move(p, 0, -b->head_h * .38);
    vt__pen_scale(p, 2.2 * b->head_w, 2.2 * b->head_w);
    vt__draw_hat(p, o->g[G_HAT]);
    vt__pen_restore(p);
  }
  vt__pen_restore(p);
}

static void draw_bag(struct pen *p, const struct body *b, const struct product *g, struct vt_rng *r)
{
  enum { CLUTCH = 1, MESSENGER = 2, DUFFEL = 3 };
  int i = b->arm[0][2].y > b->arm[1][2].y ? 0 : 1; /* the lower hand carries */
  struct pt w = b->arm[i][2], e = b->arm[i][1];
  double len = hypot(w.x - e.x, w.y - e.y), size = g->kind == DUFFEL ? .24 : .15 + .05 * g->shape[2];
  struct pt hand = {w.x + (w.x - e.x) / len * .038, w.y + (w.y - e.y) / len * .038};
  double side = i ? 1 : -1;
  vt__pen_save(p);
  if (g->kind == MESSENGER) {
    double x = side * (b->hip + .035);
    struct pt s = vt__torso(b, -side * b->shoulder * .55, b->y_shoulder + .002);
    p->group = G_BAG;
    cairo_new_path(p->cr);
    cairo_move_to(p->cr, s.x, s.y);
    cairo_curve_to(p->cr, s.x * .4, b->y_chest + .04, x * .6, b->y_waist, x, b->y_hip - .02);
    vt__stroke(p, g->shape[1] > .5 ? g->trim : vt__tone(g->look.base, .75), .013);
    vt__pen_move(p, x, b->y_hip - .02);
    vt__pen_scale(p, size, size);
    vt__draw_bag(p, g, false);
  } else if (g->kind == CLUTCH) {
    vt__pen_move(p, hand.x + side * .01, hand.y - .012);
    vt__pen_turn(p, side * vt__between(r, -.2, .35));
    vt__pen_scale(p, size, size);
    vt__draw_bag(p, g, false);
  } else {
    vt__pen_move(p, hand.x, hand.y + size * .27);
    vt__pen_turn(p, vt__between(r, -.05, .05));
    vt__pen_scale(p, size, size);
    vt__draw_bag(p, g, true);
  }
  vt__pen_restore(p);
}

static void draw_bottoms(struct pen *p, const struct body *b, const struct outfit *o)
{
  const struct product *shoes = o->g[G_FOOTWEAR];
  bool over = shoes && shoes->kind == 3 && o->boots_over; /* boots over trousers */
  if (o->g[G_LEGWEAR]) vt__draw_legwear(p, b, o->g[G_LEGWEAR]);
  if (shoes && !over) vt__draw_shoes(p, b, shoes);
  if (o->tucked) { /* only as far as the waistband hides its end */
    struct product in = *o->g[G_TOP];
    in.length = VT_MIN(in.length, b->y_waist + .04);
    in.flare = 0;
    in.shape[1] = 0;
    vt__draw_torso(p, b, &in, 0, false);
  }
  for (int g = G_PANTS; g <= G_SKIRT; g++)
    if (o->g[g]) vt__draw_bottom(p, b, o->g[g]);
  if (over) vt__draw_shoes(p, b, shoes);
}

static void draw_figure(struct pen *p, const struct body *b, const struct outfit *o, struct vt_rng *r)
{
  enum { TIE = 0, NECKLACE = 1 };
  const struct product *acc = o->g[G_ACCESSORY];
  bool neck = acc && acc->kind <= NECKLACE;
  vt__draw_hair_back(p, b);
  vt__draw_skin_low(p, b);
  draw_bottoms(p, b, o);
  if (o->g[G_TOP] && !o->tucked) vt__draw_torso(p, b, o->g[G_TOP], 0, false);
  if (o->g[G_DRESS]) vt__draw_torso(p, b, o->g[G_DRESS], 0, false);
  if (o->g[G_BELT]) vt__draw_belt(p, b, o->g[G_BELT]);
  if (neck) vt__draw_accessory(p, b, acc);
  if (o->g[G_OUTERWEAR]) vt__draw_torso(p, b, o->g[G_OUTERWEAR], o->open, false);
  vt__draw_arms(p, b);
  if (o->g[G_TOP]) vt__draw_sleeves(p, b, o->g[G_TOP]);
  if (o->g[G_DRESS]) vt__draw_sleeves(p, b, o->g[G_DRESS]);
  if (o->g[G_OUTERWEAR]) vt__draw_sleeves(p, b, o->g[G_OUTERWEAR]);
  if (acc && !neck) vt__draw_accessory(p, b, acc);
  if (o->g[G_SCARF]) vt__draw_scarf(p, b, o->g[G_SCARF]);
  vt__draw_head(p, b);
  vt__draw_hair_front(p, b, o->g[G_HAT] != NULL);
  draw_glasses_and_hat(p, b, o);
  if (o->g[G_BAG]) draw_bag(p, b, o->g[G_BAG], r);
}

/* Drawn at half the size and enlarged: out of focus, and four times as fast. */
static int draw_backdrop(struct vt_canvas *c, struct vt_rng *r, struct vt_err *e)
{
  struct vt_canvas *small = NULL;
  struct vt_image im = {0}, big = {0};
  int rc = vt_canvas_new(&small, WIDTH / 2, HEIGHT / 2, 0xffffff, e);
  if (!rc) {
    vt__background(vt_canvas_cairo(small), WIDTH / 2, HEIGHT / 2, r);
    rc = vt_canvas_take(small, &im, e);
  }
  if (!rc && chance(r, .6)) rc = vt_image_blur(&im, vt__between(r, .6, 2.2), e);
  if (!rc) rc = vt_image_init(&big, WIDTH, HEIGHT, 3, e);
  if (!rc) rc = vt_image_resize(&big, &im, 0, 0, im.width, im.height, VT_BILINEAR, e);
  if (!rc) vt_canvas_image(c, &big, 0, 0, WIDTH, HEIGHT);
  vt_image_clear(&im);
  vt_image_clear(&big);
  vt_canvas_free(small);
  return rc;
}

/* The figure's place: mostly whole, sometimes nearer. */
static void place(struct pen *p, struct vt_rng *r)
{
  double height = HEIGHT * vt__between(r, .82, .93), feet = HEIGHT * vt__between(r, .945, .975),
         x = WIDTH * vt__between(r, .4, .6);
  double top = feet - height;
  if (chance(r, .15)) { /* upper or lower part */
    height *= vt__between(r, 1.25, 1.6);
    top = chance(r, .65) ? HEIGHT * vt__between(r, .08, .14) : feet - height;
  }
  vt__pen_move(p, x, top + height / 2);
  vt__pen_turn(p, vt__between(r, -.045, .045));
  vt__pen_scale(p, height * vt__between(r, .95, 1.05), height);
  const double yx = vt__between(r, -.02, .02), xy = vt__between(r, -.035, .035);
  const cairo_matrix_t shear = {1, yx, xy, 1, 0, 0};
  cairo_transform(p->cr, &shear);
  cairo_transform(p->lab, &shear);
  vt__pen_move(p, 0, -.5);
}

static void ground_shadow(cairo_t *cr)
{
  cairo_save(cr);
  cairo_translate(cr, .03, .995);
  cairo_scale(cr, .26, .026);
  cairo_pattern_t *g = cairo_pattern_create_radial(0, 0, 0, 0, 0, 1);
  cairo_pattern_add_color_stop_rgba(g, 0, 0, 0, 0, .5);
  cairo_pattern_add_color_stop_rgba(g, 1, 0, 0, 0, 0);
  cairo_set_source(cr, g);
  cairo_arc(cr, 0, 0, 1, 0, 2 * M_PI);
  cairo_fill(cr);
  cairo_pattern_destroy(g);
  cairo_restore(cr);
}

/* Sun from one side, then exposure, contrast, saturation, a tint, and a little noise of the sensor. */
static void sunlight(cairo_t *cr, struct vt_rng *r)
{
  bool left = chance(r, .5);
  cairo_identity_matrix(cr);
  cairo_pattern_t *g = cairo_pattern_create_linear(left ? 0 : WIDTH, 0, left ? WIDTH : 0, HEIGHT * .6);
  cairo_pattern_add_color_stop_rgba(g, 0, 1, .95, .82, vt__between(r, 0, .2));
  cairo_pattern_add_color_stop_rgba(g, .5, 0, 0, 0, 0);
  cairo_pattern_add_color_stop_rgba(g, 1, .02, .03, .12, vt__between(r, 0, .25));
  cairo_set_source(cr, g);
  cairo_paint(cr);
  cairo_pattern_destroy(g);
}

static void expose(struct vt_image *im, struct vt_rng *r)
{
  const float hue = vt_rng_range(r, -.012f, .012f), saturation = vt_rng_range(r, .8f, 1.15f),
              contrast = vt_rng_range(r, .88f, 1.15f), brightness = vt_rng_range(r, .82f, 1.15f);
  vt_image_jitter(im, brightness, contrast, saturation, hue);
  uint64_t state = vt_rng_u64(r) | 1;
  int64_t n = im->stride * im->height;
  int strength = 1 + (int)vt_rng_below(r, 3);
  for (int64_t i = 0; i < n; i++) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    int v = im->px[i] + ((int)(state >> 60) - 7) * strength / 4;
    im->px[i] = (uint8_t)VT_CLAMP(v, 0, 255);
  }
}

/* The red channel of the label canvas, as one channel. */
static int take_labels(struct vt_image *out, struct vt_canvas *c, struct vt_err *e)
{
  struct vt_image rgb = {0};
  int rc = vt_canvas_take(c, &rgb, e);
  if (!rc) rc = vt_image_init(out, rgb.width, rgb.height, 1, e);
  if (!rc)
    for (int64_t i = 0; i < (int64_t)rgb.width * rgb.height; i++) out->px[i] = rgb.px[3 * i];
  vt_image_clear(&rgb);
  return rc;
}

int vt__street_draw(struct vt_image *photo, struct vt_image *labels, struct worn *w, const struct choice *c,
                    const struct product *products, uint64_t seed, int64_t index, struct vt_err *e)
{
  struct vt_canvas *picture = NULL, *map = NULL;
  struct vt_rng r;
  struct outfit o;
  struct body b;
  *photo = *labels = (struct vt_image){0};
  vt_rng_init(&r, seed, 3, (uint64_t)index);
  choose_outfit(&o, c, products, &r);
  vt__body_random(&b, &r);
  for (int g = 0; g < G_COUNT; g++) w->product[g] = o.g[g] ? o.g[g]->index : -1;
  int rc = vt_canvas_new(&picture, WIDTH, HEIGHT, 0xffffff, e);
  if (!rc) rc = vt_canvas_new(&map, WIDTH, HEIGHT, 0, e);
  if (!rc) rc = draw_backdrop(picture, &r, e);
  if (rc) goto out;
  struct pen p = {.cr = vt_canvas_cairo(picture), .lab = vt_canvas_cairo(map)};
  vt_rng_init(&p.rng, seed, 4, (uint64_t)index);
  cairo_set_antialias(p.lab, CAIRO_ANTIALIAS_NONE);
  place(&p, &r);
  ground_shadow(p.cr);
  draw_figure(&p, &b, &o, &r);
  sunlight(p.cr, &r);
  rc = vt_canvas_take(picture, photo, e);
  if (!rc) rc = take_labels(labels, map, e);
  if (!rc) expose(photo, &r);
out:
  vt_canvas_free(picture);
  vt_canvas_free(map);
  return rc;
}
