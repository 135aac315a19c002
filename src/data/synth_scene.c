/* Backgrounds of the drawn photos: walls, bricks, streets, parks, lights out of focus, rooms, shapes. */
#include <math.h>
#include "data/synth_internal.h"

static struct rgb any_colour(struct vt_rng *r, double lo, double hi)
{
  double v = vt__between(r, lo, hi), s = vt__between(r, .02, .3);
  double h = vt_rng_unit(r) * 6;
  double c[3];
  for (int i = 0; i < 3; i++) {
    double d = fabs(fmod(h + (i == 0 ? 0 : i == 1 ? 4 : 2), 6) - 3) - 1;
    c[i] = v * (1 - s + s * VT_CLAMP(d, 0., 1.));
  }
  return (struct rgb){c[0], c[1], c[2]};
}

static void slope(cairo_t *cr, double x, double y, double w, double h, struct rgb a, struct rgb b)
{
  cairo_pattern_t *g = cairo_pattern_create_linear(x, y, x, y + h);
  cairo_pattern_add_color_stop_rgb(g, 0, a.r, a.g, a.b);
  cairo_pattern_add_color_stop_rgb(g, 1, b.r, b.g, b.b);
  cairo_set_source(cr, g);
  cairo_rectangle(cr, x, y, w, h);
  cairo_fill(cr);
  cairo_pattern_destroy(g);
}

static void box(cairo_t *cr, double x, double y, double w, double h, struct rgb c)
{
  vt__source(cr, c, 1);
  cairo_rectangle(cr, x, y, w, h);
  cairo_fill(cr);
}

static void pavement(cairo_t *cr, double w, double h, double y, struct vt_rng *r)
{
  struct rgb c = any_colour(r, .42, .7);
  slope(cr, 0, y, w, h - y, vt__tone(c, .85), vt__tone(c, 1.08));
  vt__source(cr, vt__tone(c, .7), .6);
  cairo_set_line_width(cr, w * .004);
  for (double u = -1.5; u <= 2.5; u += .25) {
    cairo_move_to(cr, w * (.5 + (u - .5) * .5), y);
    cairo_line_to(cr, w * (.5 + (u - .5) * 1.5), h);
  }
  for (double t = .15; t < 1; t += .25) {
    cairo_move_to(cr, 0, y + (h - y) * t * t);
    cairo_line_to(cr, w, y + (h - y) * t * t);
  }
  cairo_stroke(cr);
}

static void wall(cairo_t *cr, double w, double h, struct vt_rng *r)
{
  struct rgb c = any_colour(r, .55, .95);
  double floor_y = h * vt__between(r, .78, .9);
  slope(cr, 0, 0, w, floor_y, vt__tone(c, 1.05), vt__tone(c, .85));
  struct rgb f = vt_rng_below(r, 2) ? vt__tone(c, .75) : any_colour(r, .35, .7);
  slope(cr, 0, floor_y, w, h - floor_y, vt__tone(f, .9), f);
}

static void bricks(cairo_t *cr, double w, double h, struct vt_rng *r)
{
  static const uint32_t clay[] = {0x9c4f3a, 0x7d4032, 0xb87a5a, 0xc9b8a0, 0x8a8a88, 0xe3ddd2};
  struct rgb c = vt__rgb(clay[vt_rng_below(r, VT_COUNT(clay))]);
  double floor_y = h * vt__between(r, .8, .9), bh = h * vt__between(r, .018, .03), bw = bh * 2.6;
  box(cr, 0, 0, w, floor_y, vt__tone(c, 1.35));
  int row = 0;
  for (double y = 0; y < floor_y; y += bh, row++)
    for (double x = row % 2 ? -bw / 2 : 0; x < w; x += bw)
      box(cr, x, y, bw * .94, bh * .86, vt__tone(c, vt__between(r, .82, 1.12)));
  pavement(cr, w, h, floor_y, r);
}

static void facade(cairo_t *cr, double x, double top, double w, double bottom, struct vt_rng *r)
{
  struct rgb c = any_colour(r, .45, .88), glass = any_colour(r, .2, .55);
  slope(cr, x, top, w, bottom - top, c, vt__tone(c, .85));
  int columns = 2 + (int)vt_rng_below(r, 3);
  double cell = w / columns, tall = cell * vt__between(r, 1.1, 1.6);
  for (double y = top + cell * .3; y + tall < bottom; y += tall)
    for (int i = 0; i < columns; i++) {
      double wx = x + cell * (i + .22), ww = cell * .56, wh = tall * .62;
      box(cr, wx - ww * .08, y - wh * .05, ww * 1.16, wh * 1.1, vt__tone(c, 1.3));
      slope(cr, wx, y, ww, wh, vt__tone(glass, vt__between(r, .8, 1.5)), glass);
      box(cr, wx + ww * .48, y, ww * .05, wh, vt__tone(c, 1.3));
    }
}

static void street(cairo_t *cr, double w, double h, struct vt_rng *r)
{
  double floor_y = h * vt__between(r, .76, .86);
  slope(cr, 0, 0, w, floor_y, vt__rgb(0x8fb6dc), vt__rgb(0xe4eaf0));
  for (double x = -w * .1 * vt_rng_unit(r); x < w;) {
    double fw = w * vt__between(r, .28, .5);
    facade(cr, x, h * vt__between(r, -.1, .3), fw, floor_y, r);
    x += fw;
  }
  pavement(cr, w, h, floor_y, r);
}

static void tree(cairo_t *cr, double x, double base, double size, struct vt_rng *r)
{
  struct rgb leaf = vt__mix(vt__rgb(0x2f6b2c), vt__rgb(0x9aa83a), vt_rng_unit(r));
  if (vt_rng_below(r, 5) == 0) leaf = vt__mix(vt__rgb(0xc9762a), vt__rgb(0xb23a2a), vt_rng_unit(r));
  box(cr, x - size * .05, base - size * .8, size * .1, size * .8, vt__rgb(0x5b4330));
  for (int i = 0; i < 16; i++) {
    double a = 2 * M_PI * vt_rng_unit(r), d = size * .36 * sqrt(vt_rng_unit(r));
    vt__source(cr, vt__tone(leaf, vt__between(r, .7, 1.25)), 1);
    cairo_arc(cr, x + d * cos(a), base - size * 1.05 + d * sin(a), size * vt__between(r, .12, .24), 0,
              2 * M_PI);
    cairo_fill(cr);
  }
}

static void park(cairo_t *cr, double w, double h, struct vt_rng *r)
{
  double horizon = h * vt__between(r, .48, .66);
  slope(cr, 0, 0, w, horizon, vt__rgb(0x79aee0), vt__rgb(0xdcebf5));
  for (int i = 0; i < 5; i++) {
    const double size = h * vt__between(r, .14, .24), x = w * vt_rng_unit(r);
    tree(cr, x, horizon + h * .02, size, r);
  }
  slope(cr, 0, horizon, w, h - horizon, vt__rgb(0x6f9a45), vt__rgb(0x4e7c33));
  for (int i = 0; i < 3; i++) {
    const double size = h * vt__between(r, .3, .5), base = h * vt__between(r, .7, .85),
                 x = w * (i % 2 ? vt__between(r, .75, 1.1) : vt__between(r, -.1, .25));
    tree(cr, x, base, size, r);
  }
  double c = w * vt__between(r, .35, .65);
  vt__source(cr, vt__rgb(0xc8b48c), 1);
  cairo_move_to(cr, c - w * .04, horizon + h * .02);
  cairo_curve_to(cr, c - w * .1, h * .75, c - w * .4, h * .85, c - w * .5, h);
  cairo_line_to(cr, c + w * .5, h);
  cairo_curve_to(cr, c + w * .3, h * .85, c + w * .1, h * .75, c + w * .04, horizon + h * .02);
  cairo_fill(cr);
}

static void lights(cairo_t *cr, double w, double h, struct vt_rng *r)
{
  struct rgb a = any_colour(r, .12, .6);
  slope(cr, 0, 0, w, h, a, vt__tone(a, .6));
  for (int i = 0; i < 40; i++) {
    const double alpha = vt__between(r, .15, .5);
    vt__source(cr, any_colour(r, .5, 1), alpha);
    const double radius = w * vt__between(r, .02, .11), y = h * vt_rng_unit(r) * .9, x = w * vt_rng_unit(r);
    cairo_arc(cr, x, y, radius, 0, 2 * M_PI);
    cairo_fill(cr);
  }
}

static void room(cairo_t *cr, double w, double h, struct vt_rng *r)
{
  double floor_y = h * vt__between(r, .76, .86);
  struct rgb c = any_colour(r, .6, .95), wood = vt__mix(vt__rgb(0xa87445), vt__rgb(0x6b4a30), vt_rng_unit(r));
  slope(cr, 0, 0, w, floor_y, c, vt__tone(c, .9));
  for (int i = 0; i < 4; i++) { /* pictures and shelves with things on them */
    double x = w * vt_rng_unit(r), y = h * vt__between(r, .05, .55), bw = w * vt__between(r, .12, .3),
           bh = h * vt__between(r, .08, .2);
    box(cr, x, y, bw, bh, vt__tone(wood, .8));
    box(cr, x + bw * .06, y + bh * .06, bw * .88, bh * .88, any_colour(r, .3, .95));
    for (int k = 0; k < 4; k++) {
      const struct rgb colour = any_colour(r, .2, .9);
      box(cr, x + bw * (.1 + .2 * k), y + bh * vt__between(r, .3, .6), bw * .14, bh * .34, colour);
    }
  }
  slope(cr, 0, floor_y, w, h - floor_y, vt__tone(wood, .8), wood);
  vt__source(cr, vt__tone(wood, .6), .7);
  cairo_set_line_width(cr, w * .003);
  for (double u = -1; u < 2; u += .12) {
    cairo_move_to(cr, w * (.5 + (u - .5) * .7), floor_y);
    cairo_line_to(cr, w * (.5 + (u - .5) * 1.4), h);
  }
  cairo_stroke(cr);
}

static void shapes(cairo_t *cr, double w, double h, struct vt_rng *r)
{
  struct rgb a = any_colour(r, .4, .9);
  slope(cr, 0, 0, w, h, a, any_colour(r, .4, .9));
  for (int i = 0; i < 14; i++) {
    double x = w * vt_rng_unit(r), y = h * vt_rng_unit(r), s = w * vt__between(r, .1, .4);
    const double alpha = vt__between(r, .4, .9);
    vt__source(cr, any_colour(r, .25, 1), alpha);
    if (i % 2) {
      cairo_arc(cr, x, y, s * .6, 0, 2 * M_PI);
    } else {
      cairo_move_to(cr, x, y);
      const double right_y = y + s * vt__between(r, -.5, .5), right_x = x + s * vt__between(r, .4, 1);
      const double low_y = y + s * vt__between(r, .4, 1.2), low_x = x + s * vt__between(r, -.5, .5);
      cairo_line_to(cr, right_x, right_y);
      cairo_line_to(cr, low_x, low_y);
      cairo_close_path(cr);
    }
    cairo_fill(cr);
  }
}

void vt__background(cairo_t *cr, int width, int height, struct vt_rng *r)
{
  static void (*const all[])(cairo_t *, double, double, struct vt_rng *) = {
      wall, bricks, street, street, park, park, lights, room, shapes};
  all[vt_rng_below(r, VT_COUNT(all))](cr, width, height, r);
}
