/* Trousers, shorts, skirts, socks and tights: everything below the waist. */
#include <math.h>
#include "data/synth_internal.h"

/* Outer edge of leg i at share t of the leg (0 hip, 1 ankle), inner edge with side < 0 of `out`. */
static struct pt leg_edge(const struct body *b, int i, double t, double half, double out)
{
  struct pt a = vt__limb_at(b->leg[i], t);
  double side = i ? 1 : -1;
  return (struct pt){a.x + side * out * half, a.y};
}

static double leg_half(const struct body *b, const struct product *g, double t)
{
  double w =
      t < .5 ? vt__lerp(b->leg_w[0], b->leg_w[1], t * 2) : vt__lerp(b->leg_w[1], b->leg_w[2], t * 2 - 1);
  double knee = g->ease + .004, ankle = g->ease + g->flare;
  return w + (t < .5 ? vt__lerp(g->ease * .6, knee, t * 2) : vt__lerp(knee, ankle, t * 2 - 1));
}

/* One contour round both legs: waist, outer edge down, inner edge up to the crotch, and the same mirrored. */
static void two_legs(struct pen *p, const struct body *b, const struct product *g, double end)
{
  enum { SIDE = 7, ALL = 2 * SIDE + 1 };
  struct pt v[ALL];
  bool corner[ALL] = {false};
  const double stops[] = {.12, .5, 1};
  for (int i = 0; i < 2; i++) {
    struct pt half[SIDE];
    double side = i ? 1 : -1;
    half[0] = vt__torso(b, side * (b->waist + .004), b->y_waist);
    half[1] = vt__torso(b, side * (b->hip + .004 + g->ease * .5), b->y_hip);
    for (int k = 0; k < 3; k++) {
      double t = VT_MIN(stops[k], 1) * end;
      half[2 + k] = leg_edge(b, i, t, leg_half(b, g, t), 1);
    }
    half[5] = leg_edge(b, i, end, leg_half(b, g, end), -1);
    half[6] = leg_edge(b, i, end * .5, leg_half(b, g, end * .5) * .9, -1);
    if (i == 0) half[6].x = VT_MIN(half[6].x, -.003);
    if (i == 1) half[6].x = VT_MAX(half[6].x, .003);
    for (int k = 0; k < SIDE; k++) v[i == 1 ? k : ALL - 1 - k] = half[k];
    corner[i == 1 ? 0 : ALL - 1] = corner[i == 1 ? 4 : ALL - 5] = corner[i == 1 ? 5 : ALL - 6] = true;
  }
  v[SIDE] = (struct pt){(b->leg[0][0].x + b->leg[1][0].x) / 2, b->y_crotch + .012 + g->ease * .4};
  corner[SIDE] = true;
  cairo_new_path(p->cr);
  vt__smooth(p->cr, v, corner, ALL, true);
  vt__dress(p, &g->look);
}

static void waistband(struct pen *p, const struct body *b, const struct product *g)
{
  struct pt a = vt__torso(b, -b->waist - .004, b->y_waist + .008),
            c = vt__torso(b, b->waist + .004, b->y_waist + .008);
  cairo_new_path(p->cr);
  cairo_move_to(p->cr, a.x + .001, a.y);
  cairo_line_to(p->cr, c.x - .001, c.y);
  cairo_set_line_cap(p->cr, CAIRO_LINE_CAP_BUTT);
  vt__source(p->cr, vt__tone(g->look.base, .72), 1);
  cairo_set_line_width(p->cr, .014);
  cairo_stroke(p->cr);
}

static void leg_line(struct pen *p, const struct body *b, const struct product *g, double end, double out,
                     struct rgb c, double alpha, double width)
{
  for (int i = 0; i < 2; i++) {
    for (double t = .06; t <= end - .02; t += .05) {
      struct pt q = leg_edge(b, i, t, leg_half(b, g, t), out);
      cairo_line_to(p->cr, q.x, q.y);
    }
    vt__line(p, c, alpha, width);
  }
}

static void details(struct pen *p, const struct body *b, const struct product *g, double end)
{
  struct rgb dark = vt__tone(g->look.base, .5);
  if (g->variant % 3 == 1) leg_line(p, b, g, end, .82, g->trim, 1, .01); /* side stripe */
  if (g->variant % 3 == 2) leg_line(p, b, g, end, .05, dark, .35, .003); /* crease */
  if (g->look.texture == TEX_DENIM) leg_line(p, b, g, end, .9, vt__rgb(0xc98f3c), .8, .0025);
  struct pt a = vt__torso(b, 0, b->y_waist + .015);
  cairo_move_to(p->cr, a.x, a.y);
  cairo_curve_to(p->cr, a.x + .012, a.y + .03, a.x + .012, a.y + .07, a.x, b->y_crotch);
  vt__line(p, dark, .5, .003);
  for (double side = -1; side <= 1; side += 2) { /* pockets */
    struct pt q = vt__torso(b, side * b->waist * .9, b->y_waist + .02),
              r = vt__torso(b, side * b->hip, b->y_hip - .015);
    cairo_move_to(p->cr, q.x - side * .02, q.y);
    cairo_curve_to(p->cr, q.x - side * .02, q.y + .03, r.x - side * .02, r.y - .01, r.x, r.y);
    vt__line(p, dark, .55, .003);
  }
  if (g->shape[1] > .7) /* turned-up or trimmed hem */
    for (int i = 0; i < 2; i++) {
      struct pt q = leg_edge(b, i, end * .985, leg_half(b, g, end), 1),
                r = leg_edge(b, i, end * .985, leg_half(b, g, end), -1);
      cairo_move_to(p->cr, q.x, q.y);
      cairo_line_to(p->cr, r.x, r.y);
      cairo_set_line_cap(p->cr, CAIRO_LINE_CAP_BUTT);
      vt__source(p->cr, g->trim, 1);
      cairo_set_line_width(p->cr, .016);
      cairo_stroke(p->cr);
    }
}

static void pleats(struct pen *p, const struct body *b, const struct product *g, double bottom, double half)
{
  int n = 6 + g->variant;
  for (int i = 1; i < n; i++) {
    double u = 2. * i / n - 1;
    struct pt a = vt__torso(b, u * b->waist, b->y_waist + .015);
    cairo_move_to(p->cr, a.x, a.y);
    cairo_line_to(p->cr, u * half, bottom);
    vt__line(p, vt__tone(g->look.base, .45), .4, .004);
  }
}

static void skirt(struct pen *p, const struct body *b, const struct product *g)
{
  double hem = g->length, half = b->hip + .006 + g->flare, sag = .012 + .02 * g->shape[2];
  struct pt l = vt__torso(b, -b->waist - .003, b->y_waist), r = vt__torso(b, b->waist + .003, b->y_waist);
  struct pt hl = vt__torso(b, -b->hip - .006 - g->flare * .35, b->y_hip),
            hr = vt__torso(b, b->hip + .006 + g->flare * .35, b->y_hip);
  cairo_new_path(p->cr);
  cairo_move_to(p->cr, l.x, l.y);
  cairo_line_to(p->cr, r.x, r.y);
  cairo_curve_to(p->cr, r.x + .01, r.y + .03, hr.x, hr.y - .04, hr.x, hr.y);
  cairo_curve_to(p->cr, hr.x + g->flare * .2, vt__lerp(hr.y, hem, .4), half, vt__lerp(hr.y, hem, .8), half,
                 hem);
  if (g->variant % 2) { /* wavy hem */
    int n = 7;
    for (int i = 1; i <= n; i++) {
      double x = half - 2 * half * i / n, y = hem + sag * (1 - fabs(x / half)) * .7;
      cairo_curve_to(p->cr, x + 1.4 * half / n, y + .016, x + .6 * half / n, y + .016, x, y);
    }
  } else {
    cairo_curve_to(p->cr, half * .5, hem + sag, -half * .5, hem + sag, -half, hem);
  }
  cairo_curve_to(p->cr, -half, vt__lerp(hl.y, hem, .8), hl.x - g->flare * .2, vt__lerp(hl.y, hem, .4), hl.x,
                 hl.y);
  cairo_curve_to(p->cr, hl.x, hl.y - .04, l.x - .01, l.y + .03, l.x, l.y);
  cairo_close_path(p->cr);
  vt__dress(p, &g->look);
  if (g->shape[0] > .5) pleats(p, b, g, hem, half);
  if (g->shape[1] > .6) {
    cairo_move_to(p->cr, half - .004, hem - .016);
    cairo_curve_to(p->cr, half * .5, hem - .016 + sag, -half * .5, hem - .016 + sag, -half + .004,
                   hem - .016);
    vt__line(p, g->trim, .9, .01);
  }
}

void vt__draw_bottom(struct pen *p, const struct body *b, const struct product *g)
{
  p->group = g->group;
  if (g->group == G_SKIRT) {
    skirt(p, b, g);
    waistband(p, b, g);
    return;
  }
  two_legs(p, b, g, g->length);
  details(p, b, g, g->length);
  waistband(p, b, g);
}

void vt__draw_legwear(struct pen *p, const struct body *b, const struct product *g)
{
  p->group = G_LEGWEAR;
  const double w[3] = {b->leg_w[0] + .003, b->leg_w[1] + .003, b->leg_w[2] + .004};
  double from = 1 - g->length;
  for (int i = 0; i < 2; i++) {
    struct pt a = b->leg[i][2];
    double side = i ? 1 : -1;
    cairo_new_path(p->cr); /* foot */
    cairo_move_to(p->cr, a.x - side * .022, a.y - .012);
    cairo_curve_to(p->cr, a.x - side * .03, a.y + .05, a.x + side * .03, a.y + .046, a.x + side * .062,
                   a.y + .042);
    cairo_curve_to(p->cr, a.x + side * .07, a.y + .02, a.x + side * .04, a.y + .006, a.x + side * .022,
                   a.y - .012);
    cairo_close_path(p->cr);
    struct look foot = g->look;
    foot.folds = 0;
    if (g->shape[1] > .4) foot.base = g->trim, foot.pattern = PAT_PLAIN;
    vt__dress(p, &foot);
    cairo_new_path(p->cr);
    vt__limb(p->cr, b->leg[i], w, from, 1);
    vt__dress(p, &g->look);
    if (from > .3) { /* cuff of the sock */
      struct look cuff = {.base = g->trim, .shade = .8, .texture = TEX_KNIT};
      cairo_new_path(p->cr);
      vt__limb(p->cr, b->leg[i], (const double[3]){w[0], w[1] + .003, w[2] + .003}, from, from + .05);
      vt__dress(p, &cuff);
    }
    if (g->look.pattern == PAT_LOGO) {
      struct pt q = vt__limb_at(b->leg[i], from + .12);
      vt__emblem(p->cr, &g->look, q.x, q.y, .012);
    }
  }
}
