/* Tops, outerwear and dresses: everything that hangs from the shoulders.
 *
 * One contour for all: neck point, shoulder tip, armhole, then the body's width plus ease down to the hem,
 * mirrored. Outerwear worn open is that contour without a strip down the middle. */
#include <math.h>
#include "data/synth_internal.h"

enum { N = 9 };
struct side { /* right edge, from the neck down */
  struct pt v[N];
  int n;
};

static double neck_half(const struct product *g)
{
  switch (g->neck) {
  case NECK_BOAT: return .066;
  case NECK_STRAPS: return .058;
  case NECK_SQUARE: return .05;
  case NECK_HIGH: return .03;
  default: return .036 + .012 * g->shape[3];
  }
}

static double neck_depth(const struct product *g)
{
  switch (g->neck) {
  case NECK_V: return .07 + .05 * g->shape[3];
  case NECK_SQUARE: return .062;
  case NECK_BOAT: return .014;
  case NECK_STRAPS: return .07;
  case NECK_HIGH: return .004;
  case NECK_COLLAR: return .03;
  default: return .026 + .025 * g->shape[3];
  }
}

static struct side make_side(const struct body *b, const struct product *g)
{
  struct side s = {.n = 0};
  double nw = neck_half(g), ease = g->ease, hem = g->length;
  bool straps = g->neck == NECK_STRAPS;
  double tip = straps ? nw + .018 : b->shoulder + (g->sleeve > 0 ? ease * .15 : -.012);
  s.v[s.n++] = (struct pt){nw, b->y_shoulder - .014};
  s.v[s.n++] = (struct pt){tip, b->y_shoulder + (straps ? -.008 : g->sleeve > 0 ? .016 : .008)};
  s.v[s.n++] = (struct pt){b->chest + ease * .8 + .004, b->y_shoulder + .07};
  s.v[s.n++] = (struct pt){b->chest + ease, b->y_chest + .02};
  double waist = b->waist + ease * (1 - .7 * g->shape[0]);
  s.v[s.n++] = (struct pt){waist, b->y_waist};
  if (hem > b->y_hip + .015) {
    double below = hem > b->y_hip + .06;
    s.v[s.n++] = (struct pt){b->hip + ease * .8 + (below ? g->flare * .25 : 0), b->y_hip};
  }
  if (hem > b->y_crotch + .08)
    s.v[s.n++] = (struct pt){b->hip + ease + g->flare * .65, vt__lerp(b->y_hip, hem, .6)};
  double last = hem > b->y_hip ? b->hip + ease
                               : vt__lerp(waist, b->hip + ease, (hem - b->y_waist) / (b->y_hip - b->y_waist));
  s.v[s.n++] = (struct pt){last + g->flare, hem};
  return s;
}

static struct pt at(const struct body *b, struct pt v, double side)
{
  return vt__torso(b, side * v.x, v.y);
}

/* Down one side with curves between points; corners at shoulder tip and hem. */
static void edge(cairo_t *cr, const struct body *b, const struct side *s, double side, bool up)
{
  struct pt v[N];
  bool corner[N] = {false};
  for (int i = 0; i < s->n; i++) v[i] = at(b, s->v[up ? s->n - 1 - i : i], side);
  for (int i = 0; i < s->n; i++) corner[i] = up ? i >= s->n - 2 || i == 0 : i <= 1 || i == s->n - 1;
  if (!up) vt__smooth(cr, v, corner, s->n, false);
  if (up)
    for (int i = 0; i + 1 < s->n; i++) {
      struct pt ta = {0, 0}, tb = {0, 0};
      if (!corner[i]) ta = (struct pt){v[i + 1].x - v[i - 1].x, v[i + 1].y - v[i - 1].y};
      if (!corner[i + 1]) tb = (struct pt){v[i + 2].x - v[i].x, v[i + 2].y - v[i].y};
      if (!i) cairo_line_to(cr, v[0].x, v[0].y);
      cairo_curve_to(cr, v[i].x + ta.x / 6, v[i].y + ta.y / 6, v[i + 1].x - tb.x / 6, v[i + 1].y - tb.y / 6,
                     v[i + 1].x, v[i + 1].y);
    }
}

/* From the left neck point to the right one, along the neckline. */
static void neckline(cairo_t *cr, const struct body *b, const struct product *g)
{
  double w = neck_half(g), top = b->y_shoulder - .014, d = neck_depth(g);
  struct pt r = vt__torso(b, w, top), low = vt__torso(b, 0, top + d), l = vt__torso(b, -w, top);
  switch (g->neck) {
  case NECK_V:
  case NECK_COLLAR: cairo_line_to(cr, low.x, low.y); break;
  case NECK_SQUARE: {
    struct pt a = vt__torso(b, -w * .9, top + d), c = vt__torso(b, w * .9, top + d);
    cairo_line_to(cr, a.x, a.y);
    cairo_line_to(cr, c.x, c.y);
    break;
  }
  default: cairo_curve_to(cr, l.x + .006, l.y + d * 1.25, r.x - .006, r.y + d * 1.25, r.x, r.y); return;
  }
  cairo_line_to(cr, r.x, r.y);
}

/* The hem, from right to left, sagging a little in the middle. */
static void hemline(cairo_t *cr, const struct body *b, const struct side *s, double from, double to)
{
  double y = s->v[s->n - 1].y;
  struct pt e = vt__torso(b, to, y), m = vt__torso(b, (from + to) / 2, y + .012);
  cairo_curve_to(cr, m.x + (from - to) * .15, m.y, m.x - (from - to) * .15, m.y, e.x, e.y);
}

static void body_path(cairo_t *cr, const struct body *b, const struct product *g, const struct side *s)
{
  double w = s->v[s->n - 1].x;
  cairo_new_path(cr);
  edge(cr, b, s, 1, false);
  hemline(cr, b, s, w, -w);
  edge(cr, b, s, -1, true);
  neckline(cr, b, g);
  cairo_close_path(cr);
}

/* The back's inner side, seen through neck and open front of an empty garment. */
static void lining(struct pen *p, const struct body *b, const struct product *g, const struct side *s,
                   double gap)
{
  struct product back = *g;
  if (gap <= 0 && (g->neck == NECK_STRAPS || g->neck == NECK_SQUARE)) return;
  back.neck = NECK_HIGH;
  struct side narrow = *s;
  if (gap <= 0) narrow.n = 4; /* only the yoke can be seen */
  narrow.v[0].x = neck_half(g);
  cairo_new_path(p->cr);
  body_path(p->cr, b, &back, &narrow);
  vt__fill(p, vt__tone(g->look.base, .5), .3);
}

/* Two panels; gap: half width of the strip left out at the hem, narrowing to the neck. */
static void open_body(struct pen *p, const struct body *b, const struct product *g, const struct side *s,
                      double gap)
{
  double w = s->v[s->n - 1].x, y = s->v[s->n - 1].y, nw = neck_half(g);
  for (double side = -1; side <= 1; side += 2) {
    cairo_new_path(p->cr);
    edge(p->cr, b, s, side, false);
    hemline(p->cr, b, s, side * w, side * gap);
    struct pt mid = vt__torso(b, side * gap * .75, b->y_chest),
              low = vt__torso(b, side * gap, vt__lerp(b->y_chest, y, .5));
    struct pt neck = vt__torso(b, side * nw, b->y_shoulder - .014);
    cairo_curve_to(p->cr, low.x, low.y, mid.x, mid.y, neck.x, neck.y);
    cairo_close_path(p->cr);
    vt__dress(p, &g->look);
  }
}

/* Lapels or collar flaps: triangles from the neck point. */
static void flaps(struct pen *p, const struct body *b, const struct product *g, double wide, double low,
                  double gap)
{
  struct look l = g->look;
  l.folds = 0;
  if (g->shape[1] > .6) {
    l.base = g->trim;
    l.pattern = PAT_PLAIN;
  }
  for (double side = -1; side <= 1; side += 2) {
    double nw = neck_half(g), top = b->y_shoulder - .02;
    struct pt a = vt__torso(b, side * nw, top), c = vt__torso(b, side * (nw + wide), top + low * .45);
    struct pt d = vt__torso(b, side * (.002 + gap), top + low),
              m = vt__torso(b, side * (nw + wide * .35), top + low * .5);
    cairo_new_path(p->cr);
    cairo_move_to(p->cr, a.x, a.y);
    cairo_line_to(p->cr, c.x, c.y);
    cairo_line_to(p->cr, m.x + side * .004, m.y);
    cairo_line_to(p->cr, d.x, d.y);
    cairo_close_path(p->cr);
    vt__dress(p, &l);
  }
}

static void high_collar(struct pen *p, const struct body *b, const struct product *g)
{
  struct look l = g->look;
  l.folds = 0;
  if (g->shape[1] > .6) l.base = g->trim;
  struct pt a = vt__torso(b, -.036, b->y_shoulder - .006), c = vt__torso(b, .036, b->y_shoulder - .006);
  cairo_new_path(p->cr);
  cairo_move_to(p->cr, a.x, a.y);
  cairo_curve_to(p->cr, a.x + .004, a.y - .02, a.x + .006, a.y - .03, a.x + .008, a.y - .036);
  cairo_curve_to(p->cr, a.x + .025, a.y - .028, c.x - .025, c.y - .028, c.x - .008, c.y - .036);
  cairo_curve_to(p->cr, c.x - .006, c.y - .03, c.x - .004, c.y - .02, c.x, c.y);
  cairo_curve_to(p->cr, c.x - .02, c.y + .022, a.x + .02, a.y + .022, a.x, a.y);
  cairo_close_path(p->cr);
  vt__dress(p, &l);
}

static void hood(struct pen *p, const struct body *b, const struct product *g)
{
  struct look l = g->look;
  l.pattern = PAT_PLAIN;
  l.base = vt__tone(l.base, .85);
  for (double side = -1; side <= 1; side += 2) {
    struct pt a = vt__torso(b, side * .03, b->y_shoulder - .05),
              c = vt__torso(b, side * .085, b->y_shoulder - .008);
    struct pt d = vt__torso(b, side * .004, b->y_shoulder + .05);
    cairo_new_path(p->cr);
    cairo_move_to(p->cr, a.x, a.y);
    cairo_curve_to(p->cr, a.x + side * .045, a.y, c.x + side * .012, c.y - .02, c.x, c.y);
    cairo_curve_to(p->cr, c.x - side * .01, c.y + .025, d.x + side * .03, d.y, d.x, d.y);
    cairo_curve_to(p->cr, d.x + side * .012, d.y - .03, a.x, a.y + .03, a.x, a.y);
    cairo_close_path(p->cr);
    vt__dress(p, &l);
  }
}

static void buttons(struct pen *p, const struct body *b, const struct product *g, double x, double from,
                    double to)
{
  struct pt a = vt__torso(b, x, from), c = vt__torso(b, x, to);
  if (g->variant % 2) { /* zip */
    cairo_move_to(p->cr, a.x, a.y);
    cairo_line_to(p->cr, c.x, c.y);
    vt__line(p, vt__rgb(0xb8bcc4), .95, .006);
    return;
  }
  cairo_move_to(p->cr, a.x - .009, a.y);
  cairo_line_to(p->cr, c.x - .009, c.y);
  vt__line(p, vt__tone(g->look.base, .5), .6, .002);
  int n = 3 + (int)((to - from) / .05);
  for (int i = 0; i < n; i++) {
    double t = (i + .5) / n;
    cairo_new_path(p->cr);
    cairo_arc(p->cr, vt__lerp(a.x, c.x, t), vt__lerp(a.y, c.y, t), .0052, 0, 2 * M_PI);
    vt__source(p->cr, g->trim, 1);
    cairo_fill(p->cr);
  }
}

static void pockets(struct pen *p, const struct body *b, const struct product *g)
{
  for (double side = -1; side <= 1; side += 2) {
    struct pt a = vt__torso(b, side * .03, b->y_waist + .045),
              c = vt__torso(b, side * .075, b->y_waist + .06);
    cairo_move_to(p->cr, a.x, a.y);
    cairo_line_to(p->cr, c.x, c.y);
    vt__line(p, vt__tone(g->look.base, .45), .8, .006);
  }
}

/* Bands across the body, kept inside its contour. */
static void band(struct pen *p, const struct body *b, const struct product *g, const struct side *s, double y,
                 double sag, double width)
{
  cairo_t *cr = p->cr;
  struct pt a = vt__torso(b, -.4, y), c = vt__torso(b, .4, y), m = vt__torso(b, 0, y + sag);
  cairo_save(cr);
  body_path(cr, b, g, s);
  cairo_clip(cr);
  cairo_move_to(cr, a.x, a.y);
  cairo_curve_to(cr, m.x - .1, m.y, m.x + .1, m.y, c.x, c.y);
  vt__line(p, g->trim, .92, width);
  cairo_restore(cr);
}

static void front(struct pen *p, const struct body *b, const struct product *g, const struct side *s,
                  double gap)
{
  double hem = s->v[s->n - 1].y, neck = b->y_shoulder - .014 + neck_depth(g);
  bool buttoned = g->group == G_OUTERWEAR || g->neck == NECK_COLLAR;
  if (g->look.pattern == PAT_LOGO && gap <= 0) {
    struct pt c = vt__torso(b, 0, b->y_chest + .035);
    vt__emblem(p->cr, &g->look, c.x, c.y, .022 + .022 * g->shape[2]);
  } else if (g->look.pattern == PAT_LOGO) {
    struct pt c = vt__torso(b, b->chest * .62, b->y_chest);
    vt__emblem(p->cr, &g->look, c.x, c.y, .018);
  }
  if (gap <= 0 && buttoned) buttons(p, b, g, 0, g->group == G_OUTERWEAR ? neck + .05 : neck + .01, hem - .02);
  if (gap > 0) buttons(p, b, g, gap + .012, b->y_chest + .03, hem - .04);
  if (g->group == G_OUTERWEAR && hem > b->y_hip - .01) pockets(p, b, g);
  if (g->group == G_DRESS && g->variant % 3 == 0) band(p, b, g, s, b->y_waist, 0, .018);
  if (g->shape[1] > .6 && g->group != G_OUTERWEAR) band(p, b, g, s, hem - .008, .012, .012);
}

void vt__draw_torso(struct pen *p, const struct body *b, const struct product *g, double open, bool inside)
{
  struct side s = make_side(b, g);
  p->group = g->group;
  double gap = open * (b->waist + g->ease);
  if (inside) lining(p, b, g, &s, gap);
  if (gap > 0) {
    open_body(p, b, g, &s, gap);
  } else {
    body_path(p->cr, b, g, &s);
    vt__dress(p, &g->look);
  }
  front(p, b, g, &s, gap);
  if (g->neck == NECK_HIGH) high_collar(p, b, g);
  if (g->neck == NECK_HOOD) hood(p, b, g);
  if (g->neck == NECK_COLLAR) flaps(p, b, g, .022 + .02 * g->shape[2], .055, gap > 0 ? gap * .3 : 0);
  if (g->neck == NECK_V && g->group == G_OUTERWEAR) flaps(p, b, g, .03 + .02 * g->shape[2], .17, gap * .8);
}

void vt__draw_sleeves(struct pen *p, const struct body *b, const struct product *g)
{
  if (!(g->sleeve > 0)) return;
  p->group = g->group;
  double cuff = b->arm_w[2] + (b->arm_w[0] - b->arm_w[2]) * (1 - g->sleeve);
  const double w[3] = {b->arm_w[0] + .004 + g->ease * .35,
                       vt__lerp(b->arm_w[1], b->arm_w[0], .3) + g->ease * .5, cuff + g->sleeve_w};
  struct look l = g->look;
  if (l.pattern == PAT_BLOCK) l.base = l.second;
  if (l.pattern == PAT_BLOCK || l.pattern == PAT_LOGO) l.pattern = PAT_PLAIN;
  l.folds = l.folds / 2 + 1;
  for (int i = 0; i < 2; i++) {
    const struct pt *arm = b->arm[i];
    double end = VT_MIN(g->sleeve, .985), turn = atan2(arm[1].y - arm[0].y, arm[1].x - arm[0].x) - M_PI / 2;
    struct pt rel[3]; /* the sleeve's cloth hangs along the upper arm: its pattern turns with it */
    for (int k = 0; k < 3; k++) {
      double dx = arm[k].x - arm[0].x, dy = arm[k].y - arm[0].y;
      rel[k] = (struct pt){dx * cos(turn) + dy * sin(turn), -dx * sin(turn) + dy * cos(turn)};
    }
    vt__pen_save(p);
    vt__pen_move(p, arm[0].x, arm[0].y);
    vt__pen_turn(p, turn);
    cairo_new_path(p->cr);
    vt__limb(p->cr, rel, w, 0, end);
    vt__dress(p, &l);
    if (g->sleeve > .3 && g->shape[1] > .5) {
      double from = end - .05;
      cairo_new_path(p->cr);
      vt__limb(p->cr, rel, (const double[3]){w[0], w[1], w[2] + .001}, from, end);
      struct look cuff_look = {.base = g->trim, .shade = .8};
      vt__dress(p, &cuff_look);
    }
    vt__pen_restore(p);
  }
}
