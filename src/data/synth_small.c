/* Shoes, bags, hats, glasses: small things in their own unit square, placed by the caller. */
#include <math.h>
#include "data/synth_internal.h"

/* Kinds of each group, in the order of the articles of synth_catalogue.c. */
enum { SHOE_SNEAKER, SHOE_FORMAL, SHOE_HEELS, SHOE_BOOTS, SHOE_FLATS, SHOE_SANDALS };
enum { BAG_HAND, BAG_CLUTCH, BAG_MESSENGER, BAG_DUFFEL };
enum { HAT_CAP, HAT_BRIM, HAT_BEANIE };

static void sole(struct pen *p, const struct product *g, double heel, double thick)
{
  cairo_t *cr = p->cr;
  cairo_new_path(cr);
  cairo_move_to(cr, -.02, -heel - thick);
  cairo_curve_to(cr, .3, -heel - thick, .4, -thick * 1.2, .62, -thick);
  cairo_line_to(cr, 1.0, -thick * 1.3);
  cairo_curve_to(cr, 1.04, -thick * .6, 1.02, 0, .96, 0);
  cairo_line_to(cr, .55, 0);
  if (heel > .05) {
    cairo_curve_to(cr, .4, -thick * .2, .3, -heel * .6, vt__lerp(.1, .26, g->shape[2]), -heel);
    cairo_line_to(cr, vt__lerp(.05, .24, g->shape[2]), 0);
    cairo_line_to(cr, -.0, 0);
  } else {
    cairo_line_to(cr, .02, 0);
  }
  cairo_close_path(cr);
  struct look l = {.base = g->trim, .shade = .5};
  vt__dress(p, &l);
}

/* Upper: from the heel over the opening to the toe. high: top of the heel, low: where the opening meets the
 * instep. */
static void upper(struct pen *p, const struct product *g, double heel, double thick, double high,
                  double instep)
{
  cairo_t *cr = p->cr;
  double base = -thick * .9;
  cairo_new_path(cr);
  cairo_move_to(cr, -.01, base - heel);
  cairo_curve_to(cr, -.05, base - heel - high * .5, .01, base - heel - high * .8, .0, base - heel - high);
  cairo_curve_to(cr, .12, base - heel - high * .82, .2, base - heel - high * .86, .3,
                 base - heel * .8 - instep);
  double toe = .17 + .1 * g->shape[1];
  cairo_curve_to(cr, .5, base - heel * .5 - instep * .85, .62, base - toe * 1.05, .8, base - toe);
  cairo_curve_to(cr, .95, base - toe * .9, 1.02, base - toe * .3, 1.0, base);
  cairo_line_to(cr, .6, base);
  cairo_curve_to(cr, .4, base, .3, base - heel, -.01, base - heel);
  cairo_close_path(cr);
  vt__dress(p, &g->look);
}

static void laces(struct pen *p, const struct product *g, double heel, double thick, double instep)
{
  struct rgb c = g->shape[3] > .5 ? vt__rgb(0xf4f2ec) : g->trim;
  for (int i = 0; i < 4; i++) {
    double t = i / 3., x = vt__lerp(.36, .62, t),
           y = -thick - vt__lerp(heel * .7 + instep * .9, heel * .3 + instep * .45, t);
    cairo_move_to(p->cr, x - .03, y + .02);
    cairo_line_to(p->cr, x + .03, y + .06);
    vt__line(p, c, 1, .022);
  }
}

static void boot(struct pen *p, const struct product *g, double heel, double thick)
{
  double shaft = .7 + .9 * g->shape[0], w = .2 + .05 * g->shape[3];
  cairo_t *cr = p->cr;
  double base = -thick * .9 - heel;
  cairo_new_path(cr);
  cairo_move_to(cr, 0, base);
  cairo_curve_to(cr, -.06, base - .3, .0, base - .3, .15 - w, base - shaft);
  cairo_curve_to(cr, .1, base - shaft + .04, .2, base - shaft + .04, .15 + w, base - shaft);
  cairo_curve_to(cr, .34, base - .5, .34, base - .4, .44, base - .33 + heel * .3);
  cairo_curve_to(cr, .6, base - .24 + heel * .6, .98, -thick - .3, 1.0, -thick * .9);
  cairo_line_to(cr, .6, -thick * .9);
  cairo_curve_to(cr, .4, -thick * .9, .3, base, 0, base);
  cairo_close_path(cr);
  vt__dress(p, &g->look);
  cairo_move_to(cr, .15 - w, base - shaft + .03);
  cairo_line_to(cr, .15 + w, base - shaft + .03);
  vt__line(p, g->trim, .9, .05);
  if (g->variant % 2) laces(p, g, heel + .1, thick, .3);
}

static void sandal(struct pen *p, const struct product *g, double heel)
{
  static const double strap[3][2] = {{.06, .16}, {.38, .5}, {.66, .82}};
  for (int i = 0; i < 3; i++) {
    double x0 = strap[i][0], x1 = strap[i][1], y0 = -.05 - heel * (1 - x0), h = i == 0 ? .38 : .24 - .06 * i;
    cairo_new_path(p->cr);
    cairo_move_to(p->cr, x0, y0);
    cairo_curve_to(p->cr, x0, y0 - h, x1 + .06, y0 - h, x1 + .02, -.05 - heel * (1 - x1) * .6);
    cairo_close_path(p->cr);
    vt__dress(p, &g->look);
  }
}

void vt__draw_shoe(struct pen *p, const struct product *g)
{
  double heel = g->kind == SHOE_HEELS     ? .22 + .2 * g->shape[0]
                : g->kind == SHOE_SANDALS ? .12 * g->shape[0]
                                          : .0;
  double thick = g->kind == SHOE_SNEAKER ? .09 + .05 * g->shape[0] : .05 + .03 * g->shape[0];
  p->group = G_FOOTWEAR;
  if (g->kind == SHOE_BOOTS) {
    heel = .04 + .12 * g->shape[2];
    boot(p, g, heel, thick);
    sole(p, g, heel, thick);
    return;
  }
  sole(p, g, heel, thick);
  switch (g->kind) {
  case SHOE_SANDALS: sandal(p, g, heel); return;
  case SHOE_HEELS: upper(p, g, heel, thick, .26, .12); return;
  case SHOE_FLATS: upper(p, g, 0, thick, .22, .12); break;
  case SHOE_FORMAL: upper(p, g, .02, thick, .34, .3); break;
  default: upper(p, g, .02, thick, .34 + .2 * g->shape[3], .36);
  }
  if (g->kind == SHOE_FLATS) {
    cairo_new_path(p->cr);
    cairo_arc(p->cr, .78, -thick - .17, .07, 0, 2 * M_PI);
    vt__source(p->cr, g->trim, 1);
    cairo_fill(p->cr);
    return;
  }
  if (g->kind == SHOE_SNEAKER) { /* side mark and toe cap */
    cairo_new_path(p->cr);
    cairo_move_to(p->cr, .2, -thick - .06);
    cairo_curve_to(p->cr, .35, -thick - .1, .45, -thick - .22, .5, -thick - .26);
    vt__line(p, g->look.second, 1, .06);
    cairo_move_to(p->cr, .84, -thick - .02);
    cairo_curve_to(p->cr, .82, -thick - .1, .84, -thick - .14, .86, -thick - .19);
    vt__line(p, vt__tone(g->look.base, .6), .6, .025);
  }
  laces(p, g, .02, thick, .34);
}

void vt__draw_shoes(struct pen *p, const struct body *b, const struct product *g)
{
  for (int i = 0; i < 2; i++) {
    double side = i ? 1 : -1;
    struct pt a = b->leg[i][2], knee = b->leg[i][1];
    vt__pen_save(p);
    vt__pen_move(p, a.x - side * b->foot * .2, a.y + .045);
    vt__pen_scale(p, side * b->foot, b->foot);
    if (g->kind == SHOE_BOOTS) { /* lean with the shin */
      cairo_matrix_t m = {1, 0, side * (a.x - knee.x) / (knee.y - a.y), 1, 0, 0};
      cairo_transform(p->cr, &m);
      cairo_transform(p->lab, &m);
    }
    vt__draw_shoe(p, g);
    vt__pen_restore(p);
  }
}

static void handle(struct pen *p, const struct product *g, double x0, double x1, double y, double top,
                   double width)
{
  p->group = G_BAG;
  cairo_new_path(p->cr);
  cairo_move_to(p->cr, x0, y);
  cairo_curve_to(p->cr, x0, top * 1.3, x1, top * 1.3, x1, y);
  cairo_line_to(p->cr, x1 - width, y);
  cairo_curve_to(p->cr, x1 - width, top * 1.3 + width * 1.4, x0 + width, top * 1.3 + width * 1.4, x0 + width,
                 y);
  cairo_close_path(p->cr);
  vt__fill(p, g->shape[1] > .5 ? g->trim : vt__tone(g->look.base, .8), .6);
}

static void bag_body(cairo_t *cr, const struct product *g, double height)
{
  double top = .5 - .16 * g->shape[0], r = .06 + .16 * g->shape[2];
  cairo_new_path(cr);
  cairo_move_to(cr, -top, .0);
  cairo_line_to(cr, top, .0);
  cairo_line_to(cr, .5, height - r);
  cairo_curve_to(cr, .5, height, .5 - r * .4, height, .5 - r, height);
  cairo_line_to(cr, -.5 + r, height);
  cairo_curve_to(cr, -.5 + r * .4, height, -.5, height, -.5, height - r);
  cairo_close_path(cr);
}

void vt__draw_bag(struct pen *p, const struct product *g, bool strap)
{
  double height = g->kind == BAG_CLUTCH ? .5 : g->kind == BAG_DUFFEL ? .55 : .62 + .3 * g->shape[3];
  cairo_t *cr = p->cr;
  p->group = G_BAG;
  if (strap && g->kind == BAG_HAND) handle(p, g, -.26, .26, .03, -.4, .06);
  if (strap && g->kind == BAG_DUFFEL) handle(p, g, -.3, .3, .05, -.3, .06);
  bag_body(cr, g, height);
  vt__dress(p, &g->look);
  if (g->look.pattern == PAT_LOGO) vt__emblem(cr, &g->look, 0, height * .6, .11);
  if (g->kind == BAG_MESSENGER || g->kind == BAG_CLUTCH || g->variant % 3 == 0) { /* flap */
    struct look l = g->look;
    l.base = g->shape[1] > .5 ? g->trim : vt__tone(l.base, .9);
    if (g->shape[1] > .5) l.pattern = PAT_PLAIN;
    double top = .5 - .16 * g->shape[0];
    cairo_new_path(cr);
    cairo_move_to(cr, -top, 0);
    cairo_line_to(cr, top, 0);
    cairo_line_to(cr, top + .02, height * .3);
    if (g->variant % 2)
      cairo_line_to(cr, 0, height * .62);
    else
      cairo_curve_to(cr, top, height * .55, -top, height * .55, -top - .02, height * .3);
    cairo_line_to(cr, -top - .02, height * .3);
    cairo_close_path(cr);
    vt__dress(p, &l);
  }
  cairo_new_path(cr); /* clasp */
  cairo_arc(cr, 0, height * .42, .035, 0, 2 * M_PI);
  vt__source(cr, vt__rgb(g->variant % 2 ? 0xd8b45a : 0xc9ccd2), 1);
  cairo_fill(cr);
}

static void crown(struct pen *p, const struct product *g, double h)
{
  cairo_t *cr = p->cr;
  cairo_new_path(cr);
  cairo_move_to(cr, -.56, .02);
  if (g->kind == HAT_BRIM) {
    double dent = h * (1 - .14 * g->shape[1]);
    cairo_curve_to(cr, -.54, -h * .5, -.48, -h, -.3, -h);
    cairo_curve_to(cr, -.1, -dent, .1, -dent, .3, -h);
    cairo_curve_to(cr, .48, -h, .54, -h * .5, .56, .02);
  } else {
    cairo_curve_to(cr, -.62, -h * .9, -.3, -h * 1.12, 0, -h * 1.12);
    cairo_curve_to(cr, .3, -h * 1.12, .62, -h * .9, .56, .02);
  }
  cairo_curve_to(cr, .3, .08, -.3, .08, -.56, .02);
  cairo_close_path(cr);
  vt__dress(p, &g->look);
}

static void beanie_cuff(struct pen *p, const struct product *g, double h)
{
  const struct look cuff = {.base = g->trim, .shade = .8, .texture = TEX_KNIT};
  cairo_new_path(p->cr);
  cairo_rectangle(p->cr, -.59, -.18, 1.18, .26);
  vt__dress(p, &cuff);
  if (g->variant % 2) { /* bobble */
    cairo_new_path(p->cr);
    cairo_arc(p->cr, 0, -h * 1.18, .17, 0, 2 * M_PI);
    vt__dress(p, &cuff);
  }
}

static void brim_and_band(struct pen *p, const struct product *g)
{
  const struct look band = {.base = g->trim, .shade = .8};
  cairo_t *cr = p->cr;
  cairo_new_path(cr);
  cairo_save(cr);
  cairo_translate(cr, 0, .04);
  cairo_scale(cr, .85 + .35 * g->shape[2], .13 + .05 * g->shape[3]);
  cairo_arc(cr, 0, 0, 1, 0, 2 * M_PI);
  cairo_restore(cr);
  vt__dress(p, &g->look);
  cairo_new_path(cr);
  cairo_move_to(cr, -.55, -.14);
  cairo_curve_to(cr, -.3, -.06, .3, -.06, .55, -.14);
  cairo_line_to(cr, .55, .0);
  cairo_curve_to(cr, .3, .08, -.3, .08, -.55, .0);
  cairo_close_path(cr);
  vt__dress(p, &band);
}

static void peak(struct pen *p, const struct product *g)
{
  const struct look l = {.base = g->shape[1] > .5 ? g->trim : vt__tone(g->look.base, .8), .shade = .8};
  cairo_t *cr = p->cr;
  cairo_new_path(cr);
  cairo_move_to(cr, -.56, .0);
  cairo_curve_to(cr, -.5, -.14, .5, -.14, .56, .0);
  cairo_curve_to(cr, .68, .12, .62, .2, .5, .2);
  cairo_curve_to(cr, .3, .1, -.3, .1, -.5, .2);
  cairo_curve_to(cr, -.62, .2, -.68, .12, -.56, .0);
  cairo_close_path(cr);
  vt__dress(p, &l);
}

void vt__draw_hat(struct pen *p, const struct product *g)
{
  double h = g->kind == HAT_BRIM ? .62 + .3 * g->shape[0] : .62 + .15 * g->shape[0];
  p->group = G_HAT;
  crown(p, g, h);
  if (g->look.pattern == PAT_LOGO) vt__emblem(p->cr, &g->look, 0, -h * .5, .16);
  if (g->kind == HAT_BEANIE)
    beanie_cuff(p, g, h);
  else if (g->kind == HAT_BRIM)
    brim_and_band(p, g);
  else
    peak(p, g);
}

static void lens_path(cairo_t *cr, const struct product *g, double x, double w, double h)
{
  cairo_new_sub_path(cr);
  switch ((int)(g->shape[0] * 3.999)) {
  case 0: /* round */
    cairo_save(cr);
    cairo_translate(cr, x, 0);
    cairo_scale(cr, w * .9, h * 1.15);
    cairo_arc(cr, 0, 0, 1, 0, 2 * M_PI);
    cairo_restore(cr);
    break;
  case 1: cairo_rectangle(cr, x - w, -h * .75, 2 * w, h * 1.5); break;
  case 2: { /* cat's eye */
    double s = x < 0 ? -1 : 1;
    cairo_move_to(cr, x - s * w, -h * .5);
    cairo_line_to(cr, x + s * w * 1.1, -h * 1.1);
    cairo_curve_to(cr, x + s * w, h * .8, x, h * 1.1, x - s * w * .8, h * .7);
    cairo_close_path(cr);
    break;
  }
  default: /* aviator */
    cairo_move_to(cr, x - w, -h * .9);
    cairo_line_to(cr, x + w, -h * .9);
    cairo_curve_to(cr, x + w * 1.1, h * .6, x + w * .3, h * 1.3, x, h * 1.25);
    cairo_curve_to(cr, x - w * .3, h * 1.3, x - w * 1.1, h * .6, x - w, -h * .9);
    cairo_close_path(cr);
  }
}

void vt__draw_eyewear(struct pen *p, const struct product *g)
{
  double w = .2 + .03 * g->shape[1], h = .14 + .05 * g->shape[2], thick = .03 + .04 * g->shape[3];
  cairo_t *cr = p->cr;
  p->group = G_EYEWEAR;
  cairo_new_path(cr); /* bridge and temples, as a bar behind the lenses */
  cairo_rectangle(cr, -.52, -h * .6, 1.04, VT_MAX(thick, .05));
  vt__fill(p, g->look.base, .2);
  for (double x = -.26; x < .5; x += .52) {
    cairo_new_path(cr);
    lens_path(cr, g, x, w, h);
    struct look lens = {.base = g->kind == 0 ? vt__mix(g->trim, vt__rgb(0x101418), .45) : vt__rgb(0xdfeaf0),
                        .glass = g->kind == 0 ? .12 : .7};
    if (g->kind == 0 && g->variant % 2) lens.pattern = PAT_GRADIENT, lens.second = vt__tone(g->trim, 1.35);
    vt__dress(p, &lens);
    lens_path(cr, g, x, w, h);
    vt__stroke(p, g->look.base, thick);
    cairo_move_to(cr, x - w * .5, h * .2);
    cairo_line_to(cr, x + w * .1, -h * .5);
    vt__line(p, vt__rgb(0xffffff), .35, .03);
  }
}
