/* Belts, scarves, ties, necklaces, watches, gloves: things that follow the body. */
#include <math.h>
#include "data/synth_internal.h"

enum { ACC_TIE, ACC_NECKLACE, ACC_WATCH, ACC_GLOVES };

void vt__draw_belt(struct pen *p, const struct body *b, const struct product *g)
{
  double w = b->waist + .009, h = .016 + .014 * g->shape[0], y = b->y_waist + .002;
  struct pt l = vt__torso(b, -w, y), r = vt__torso(b, w, y), m = vt__torso(b, 0, y + .004);
  cairo_t *cr = p->cr;
  p->group = G_BELT;
  cairo_new_path(cr);
  cairo_move_to(cr, l.x, l.y - h / 2);
  cairo_curve_to(cr, m.x - w * .4, m.y - h / 2, m.x + w * .4, m.y - h / 2, r.x, r.y - h / 2);
  cairo_line_to(cr, r.x, r.y + h / 2);
  cairo_curve_to(cr, m.x + w * .4, m.y + h / 2, m.x - w * .4, m.y + h / 2, l.x, l.y + h / 2);
  cairo_close_path(cr);
  vt__dress(p, &g->look);
  struct rgb metal = g->trim;
  double s = h * (.75 + .2 * g->shape[1]);
  cairo_new_path(cr);
  switch (g->variant % 3) {
  case 0: cairo_rectangle(cr, m.x - s, m.y - s * .9, 2 * s, 1.8 * s); break;
  case 1: cairo_arc(cr, m.x, m.y, s * 1.05, 0, 2 * M_PI); break;
  default:
    cairo_move_to(cr, m.x - s * 1.4, m.y);
    cairo_line_to(cr, m.x, m.y - s);
    cairo_line_to(cr, m.x + s * 1.4, m.y);
    cairo_line_to(cr, m.x, m.y + s);
    cairo_close_path(cr);
  }
  vt__fill(p, metal, .6);
  cairo_new_path(cr);
  cairo_arc(cr, m.x, m.y, s * .4, 0, 2 * M_PI);
  vt__source(cr, vt__tone(g->look.base, .8), 1);
  cairo_fill(cr);
}

static void scarf_tail(struct pen *p, const struct body *b, const struct product *g, double side,
                       double length)
{
  double w = .03 + .022 * g->shape[1], x = side * .028, top = b->y_shoulder + .01;
  struct pt a = vt__torso(b, x, top), c = vt__torso(b, x + side * .012, top + length);
  cairo_t *cr = p->cr;
  cairo_new_path(cr);
  cairo_move_to(cr, a.x - w * .7, a.y);
  cairo_curve_to(cr, a.x - w * .9, a.y + length * .5, c.x - w, c.y - length * .2, c.x - w, c.y);
  cairo_line_to(cr, c.x + w, c.y);
  cairo_curve_to(cr, c.x + w, c.y - length * .2, a.x + w * .9, a.y + length * .5, a.x + w * .7, a.y);
  cairo_close_path(cr);
  vt__dress(p, &g->look);
  if (g->variant % 2) { /* fringe */
    for (double u = -.9; u <= .91; u += .2) {
      cairo_move_to(cr, c.x + u * w, c.y);
      cairo_line_to(cr, c.x + u * w, c.y - .014);
    }
    vt__line(p, g->trim, .9, .003);
  } else {
    cairo_move_to(cr, c.x - w * .95, c.y - .022);
    cairo_line_to(cr, c.x + w * .95, c.y - .022);
    vt__line(p, g->trim, .9, .01);
  }
}

void vt__draw_scarf(struct pen *p, const struct body *b, const struct product *g)
{
  p->group = G_SCARF;
  double length = .16 + .2 * g->shape[0];
  if (g->kind == 0) scarf_tail(p, b, g, 1, length * .8);
  scarf_tail(p, b, g, -1, length);
  if (g->kind == 1) scarf_tail(p, b, g, 1, length * 1.05);
  double thick = .026 + .014 * g->shape[2], y = b->y_shoulder - .012;
  struct pt l = vt__torso(b, -.062, y), r = vt__torso(b, .062, y);
  cairo_t *cr = p->cr;
  cairo_new_path(cr); /* the loop */
  cairo_move_to(cr, l.x, l.y);
  cairo_curve_to(cr, l.x + .005, l.y - thick * 1.6, r.x - .005, r.y - thick * 1.6, r.x, r.y);
  cairo_curve_to(cr, r.x, r.y + thick * 2.4, l.x, l.y + thick * 2.4, l.x, l.y);
  cairo_close_path(cr);
  vt__dress(p, &g->look);
  cairo_move_to(cr, l.x + .008, l.y + .002);
  cairo_curve_to(cr, l.x + .03, l.y + thick, r.x - .03, r.y + thick, r.x - .008, r.y + .002);
  vt__line(p, vt__tone(g->look.base, .5), .45, .005);
}

static void tie(struct pen *p, const struct body *b, const struct product *g)
{
  double top = b->y_shoulder + .012, w = .012 + .008 * g->shape[0], low = b->y_waist - .03;
  struct pt a = vt__torso(b, 0, top), c = vt__torso(b, 0, low);
  cairo_t *cr = p->cr;
  cairo_new_path(cr);
  cairo_move_to(cr, a.x - w * .45, a.y + .012);
  cairo_line_to(cr, a.x + w * .45, a.y + .012);
  cairo_line_to(cr, c.x + w * 1.3, c.y - .03);
  cairo_line_to(cr, c.x, c.y);
  cairo_line_to(cr, c.x - w * 1.3, c.y - .03);
  cairo_close_path(cr);
  vt__dress(p, &g->look);
  cairo_new_path(cr);
  cairo_move_to(cr, a.x - w * .9, a.y - .008);
  cairo_line_to(cr, a.x + w * .9, a.y - .008);
  cairo_line_to(cr, a.x + w * .5, a.y + .016);
  cairo_line_to(cr, a.x - w * .5, a.y + .016);
  cairo_close_path(cr);
  vt__dress(p, &g->look);
}

static void necklace(struct pen *p, const struct body *b, const struct product *g)
{
  double depth = .05 + .07 * g->shape[0], bead = .005 + .0045 * g->shape[1];
  struct pt l = vt__torso(b, -.042, b->y_shoulder - .012), r = vt__torso(b, .042, b->y_shoulder - .012);
  cairo_t *cr = p->cr;
  int n = 9 + g->variant * 2;
  cairo_new_path(cr);
  for (int i = 0; i <= n; i++) {
    double t = (double)i / n, u = 1 - t;
    double x = u * u * u * l.x + 3 * u * t * (u * (l.x + .004) + t * (r.x - .004)) + t * t * t * r.x;
    double y = u * u * u * l.y + 3 * u * t * (l.y + depth) + t * t * t * r.y;
    cairo_new_sub_path(cr);
    cairo_arc(cr, x, y, bead, 0, 2 * M_PI);
  }
  vt__dress(p, &g->look);
  double x = (l.x + r.x) / 2, y = l.y + depth * .78;
  cairo_new_path(cr);
  cairo_arc(cr, x, y, .011 + .012 * g->shape[2], 0, 2 * M_PI);
  vt__fill(p, g->trim, .8);
}

static void watch(struct pen *p, const struct body *b, const struct product *g)
{
  cairo_t *cr = p->cr;
  const struct pt *arm = b->arm[1];
  struct pt at = vt__limb_at(arm, .955);
  double w = b->arm_w[2] + .003, face = .013 + .007 * g->shape[0];
  vt__pen_save(p);
  vt__pen_move(p, at.x, at.y);
  vt__pen_turn(p, atan2(arm[2].y - arm[1].y, arm[2].x - arm[1].x) - M_PI / 2);
  cairo_new_path(cr);
  cairo_rectangle(cr, -w, -.008, 2 * w, .016);
  vt__dress(p, &g->look);
  cairo_new_path(cr);
  if (g->variant % 2)
    cairo_arc(cr, 0, 0, face, 0, 2 * M_PI);
  else
    cairo_rectangle(cr, -face, -face, 2 * face, 2 * face);
  vt__fill(p, g->trim, .5);
  cairo_new_path(cr);
  cairo_arc(cr, 0, 0, face * .68, 0, 2 * M_PI);
  vt__source(cr, vt__rgb(g->shape[1] > .5 ? 0xf6f6f2 : 0x14161a), 1);
  cairo_fill(cr);
  vt__pen_restore(p);
}

static void gloves(struct pen *p, const struct body *b, const struct product *g)
{
  cairo_t *cr = p->cr;
  for (int i = 0; i < 2; i++) {
    struct pt e = b->arm[i][1], w = b->arm[i][2];
    double side = i ? 1 : -1, cuff = .01 + .04 * g->shape[0];
    vt__pen_save(p);
    vt__pen_move(p, w.x, w.y);
    vt__pen_turn(p, atan2(w.y - e.y, w.x - e.x) - M_PI / 2);
    cairo_new_path(cr);
    cairo_move_to(cr, -.021, -cuff);
    cairo_curve_to(cr, -.022, .02, -.022, .058, -.006, .062);
    cairo_curve_to(cr, .016, .064, .022, .03, .021, -cuff);
    cairo_close_path(cr);
    vt__dress(p, &g->look);
    cairo_new_path(cr); /* thumb */
    cairo_move_to(cr, -side * .014, .0);
    cairo_curve_to(cr, -side * .032, .012, -side * .032, .034, -side * .018, .036);
    cairo_line_to(cr, -side * .01, .018);
    cairo_close_path(cr);
    vt__dress(p, &g->look);
    cairo_move_to(cr, -.02, -cuff + .008);
    cairo_line_to(cr, .02, -cuff + .008);
    vt__line(p, g->trim, 1, .009);
    vt__pen_restore(p);
  }
}

void vt__draw_accessory(struct pen *p, const struct body *b, const struct product *g)
{
  p->group = G_ACCESSORY;
  switch (g->kind) {
  case ACC_TIE: tie(p, b, g); break;
  case ACC_NECKLACE: necklace(p, b, g); break;
  case ACC_WATCH: watch(p, b, g); break;
  default: gloves(p, b, g);
  }
}
