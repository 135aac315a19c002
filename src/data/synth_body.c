/* Figures: proportions and pose drawn at random, skin, head and hair.
 *
 * Proportions in heights after the usual eight-heads figure; the pose moves shoulders against hips, arms and
 * legs. */
#include <math.h>
#include "data/synth_internal.h"

double vt__half_width(const struct body *b, double y)
{
  const struct {
    double y, w;
  } t[] = {{b->y_shoulder, b->shoulder}, {b->y_shoulder + .06, b->chest + .006},
           {b->y_chest, b->chest},       {b->y_waist, b->waist},
           {b->y_hip, b->hip},           {b->y_crotch + .03, b->hip * .98}};
  if (y <= t[0].y) return t[0].w;
  for (size_t i = 1; i < VT_COUNT(t); i++)
    if (y <= t[i].y) {
      double u = (y - t[i - 1].y) / (t[i].y - t[i - 1].y);
      return vt__lerp(t[i - 1].w, t[i].w, u * u * (3 - 2 * u));
    }
  return t[VT_COUNT(t) - 1].w;
}

struct pt vt__torso(const struct body *b, double x, double y)
{
  double up = VT_CLAMP((b->y_hip - y) / (b->y_hip - b->y_shoulder), 0., 1.15);
  return (struct pt){x + b->lean * up, y + b->tilt * x * up};
}

/* Arm i from the shoulder: angle of the upper arm from straight down, outward; then the bend of the elbow,
 * outward positive. */
static void pose_arm(struct body *b, int i, double out, double bend, double length)
{
  double side = i ? 1 : -1;
  struct pt s = vt__torso(b, side * (b->shoulder - b->arm_w[0]), b->y_shoulder + .026);
  double upper = .17 * length, fore = .165 * length;
  struct pt e = {s.x + side * upper * sin(out), s.y + upper * cos(out)};
  b->arm[i][0] = s;
  b->arm[i][1] = e;
  b->arm[i][2] = (struct pt){e.x + side * fore * sin(out + bend), e.y + fore * cos(out + bend)};
}

static void pose_leg(struct body *b, int i, double out, double bend)
{
  double side = i ? 1 : -1;
  struct pt h = {side * b->hip * .52, b->y_crotch - .02};
  double ankle = .95;
  struct pt a = {h.x + side * out, ankle};
  b->leg[i][0] = h;
  b->leg[i][1] = (struct pt){(h.x + a.x) / 2 + side * bend, .735};
  b->leg[i][2] = a;
}

static void pose_head(struct body *b)
{
  b->head = vt__torso(b, 0, .068);
  b->head.x += b->lean * .1;
}

static void proportions(struct body *b, double build, double curve)
{
  *b = (struct body){.y_shoulder = .178,
                     .y_chest = .27,
                     .y_waist = .385,
                     .y_hip = .48,
                     .y_crotch = .525,
                     .shoulder = vt__lerp(.125, .112, curve) * vt__lerp(1, build, .6),
                     .chest = vt__lerp(.094, .088, curve) * build,
                     .waist = vt__lerp(.082, .066, curve) * build,
                     .hip = vt__lerp(.086, .098, curve) * build,
                     .head_w = .047,
                     .head_h = .068,
                     .foot = .104};
  const double arm[3] = {.027, .021, .0155}, leg[3] = {.05, .032, .02};
  for (int i = 0; i < 3; i++) {
    b->arm_w[i] = arm[i] * vt__lerp(1, build, .9);
    b->leg_w[i] = leg[i] * vt__lerp(1, build, .9);
  }
}

void vt__body_studio(struct body *b)
{
  proportions(b, 1, .5);
  for (int i = 0; i < 2; i++) {
    pose_arm(b, i, .36, -.06, 1);
    pose_leg(b, i, .016, .004);
  }
  pose_head(b);
}

void vt__body_random(struct body *b, struct vt_rng *r)
{
  static const uint32_t skins[] = {0xf6d7c3, 0xeec1a2, 0xe0ac82, 0xc98e62,
                                   0xa9714a, 0x8a5636, 0x6b3f27, 0x4a2b1c};
  static const uint32_t hairs[] = {0x17120f, 0x2c1b12, 0x4a2c17, 0x6e4423, 0x9a6a35,
                                   0xcfa560, 0x8c2f1b, 0x9a9a9a, 0xe6dcc8};
  const double curve = vt_rng_unit(r), build = vt__between(r, .88, 1.2);
  proportions(b, build, curve);
  b->lean = vt__between(r, -.012, .012);
  b->tilt = vt__between(r, -.07, .07);
  for (int i = 0; i < 2; i++) {
    double out = vt__between(r, .12, .32), bend = vt__between(r, -.25, .05);
    switch (vt_rng_below(r, 6)) {
    case 0: out = vt__between(r, .52, .66), bend = vt__between(r, -1.4, -1.2); break; /* hand on the hip */
    case 1: out = vt__between(r, .3, .55), bend = vt__between(r, .1, .5); break; /* arm away from the body */
    default: break;
    }
    pose_arm(b, i, out, bend, vt__between(r, .97, 1.03));
    const double leg_bend = vt__between(r, -.006, .012), leg_out = vt__between(r, -.002, .05);
    pose_leg(b, i, leg_out, leg_bend);
  }
  pose_head(b);
  b->head_tilt = vt__between(r, -.09, .09);
  b->head_w *= vt__between(r, .94, 1.06);
  b->skin = vt__rgb(skins[vt_rng_below(r, VT_COUNT(skins))]);
  const double tone = vt__between(r, .85, 1.12);
  b->hair = vt__tone(vt__rgb(hairs[vt_rng_below(r, VT_COUNT(hairs))]), tone);
  b->lip = vt__mix(b->skin, vt__rgb(0xb03048), vt__between(r, .35, .8));
  b->eye = vt__rgb(vt_rng_below(r, 3) ? 0x3a2416 : 0x3f6b83);
  b->hair_style = (int)vt_rng_below(r, HAIR_COUNT);
}

static void leg_skin(struct pen *p, const struct body *b, int i)
{
  cairo_new_path(p->cr);
  vt__limb(p->cr, b->leg[i], b->leg_w, 0, 1);
  vt__fill(p, b->skin, .7);
  double side = i ? 1 : -1;
  struct pt a = b->leg[i][2];
  cairo_new_path(p->cr); /* bare foot, under the shoe */
  cairo_save(p->cr);
  cairo_translate(p->cr, a.x + side * .02, a.y + .024);
  cairo_scale(p->cr, .038, .02);
  cairo_arc(p->cr, 0, 0, 1, 0, 2 * M_PI);
  cairo_restore(p->cr);
  vt__fill(p, b->skin, .5);
}

void vt__draw_skin_low(struct pen *p, const struct body *b)
{
  p->group = G_SKIN;
  leg_skin(p, b, 0);
  leg_skin(p, b, 1);
  static const double at[] = {.178, .215, .27, .33, .385, .43, .48, .54};
  enum { N = VT_COUNT(at) };
  struct pt v[2 * N];
  bool corner[2 * N] = {false};
  for (int i = 0; i < N; i++) {
    double w = vt__half_width(b, at[i]) - (i < 2 ? .012 : 0);
    v[i] = vt__torso(b, w, at[i]);
    v[2 * N - 1 - i] = vt__torso(b, -w, at[i]);
  }
  corner[0] = corner[2 * N - 1] = corner[N - 1] = corner[N] = true;
  cairo_new_path(p->cr);
  vt__smooth(p->cr, v, corner, 2 * N, true);
  vt__fill(p, b->skin, .6);
  struct pt l = vt__torso(b, -.03, .19), r = vt__torso(b, .03, .19);
  cairo_new_path(p->cr); /* neck, sloping into the shoulders */
  cairo_move_to(p->cr, b->head.x - .024, b->head.y + .04);
  cairo_curve_to(p->cr, b->head.x - .024, .15, l.x, .165, vt__torso(b, -b->shoulder * .72, .178).x,
                 vt__torso(b, -b->shoulder * .72, .178).y + .004);
  cairo_line_to(p->cr, l.x, l.y + .04);
  cairo_line_to(p->cr, r.x, r.y + .04);
  cairo_line_to(p->cr, vt__torso(b, b->shoulder * .72, .178).x,
                vt__torso(b, b->shoulder * .72, .178).y + .004);
  cairo_curve_to(p->cr, r.x, .165, b->head.x + .024, .15, b->head.x + .024, b->head.y + .04);
  cairo_close_path(p->cr);
  vt__fill(p, vt__tone(b->skin, .95), .4);
}

void vt__draw_arms(struct pen *p, const struct body *b)
{
  p->group = G_SKIN;
  for (int i = 0; i < 2; i++) {
    cairo_new_path(p->cr);
    vt__limb(p->cr, b->arm[i], b->arm_w, 0, 1);
    vt__fill(p, b->skin, .7);
    struct pt e = b->arm[i][1], w = b->arm[i][2];
    vt__pen_save(p);
    vt__pen_move(p, w.x, w.y);
    vt__pen_turn(p, atan2(w.y - e.y, w.x - e.x) - M_PI / 2);
    cairo_new_path(p->cr); /* hand: palm and thumb */
    cairo_move_to(p->cr, -.014, -.004);
    cairo_curve_to(p->cr, -.02, .02, -.016, .05, -.004, .056);
    cairo_curve_to(p->cr, .01, .058, .018, .03, .014, -.004);
    cairo_close_path(p->cr);
    vt__fill(p, b->skin, .7);
    vt__pen_restore(p);
  }
}

static void face(struct pen *p, const struct body *b, double w, double h)
{
  cairo_t *cr = p->cr;
  for (int i = -1; i <= 1; i += 2) {
    cairo_save(cr);
    cairo_translate(cr, i * w * .42, h * .02);
    cairo_scale(cr, w * .2, h * .075);
    cairo_arc(cr, 0, 0, 1, 0, 2 * M_PI);
    cairo_restore(cr);
    vt__source(cr, vt__rgb(0xfbfaf7), 1);
    cairo_fill(cr);
    cairo_arc(cr, i * w * .42, h * .02, h * .068, 0, 2 * M_PI);
    vt__source(cr, b->eye, 1);
    cairo_fill(cr);
    cairo_move_to(cr, i * w * .2, -h * .13);
    cairo_curve_to(cr, i * w * .35, -h * .2, i * w * .5, -h * .2, i * w * .64, -h * .12);
    vt__line(p, vt__tone(b->hair, .7), .85, h * .05);
  }
  cairo_move_to(cr, w * .03, h * .06);
  cairo_curve_to(cr, w * .06, h * .2, w * .2, h * .32, -w * .04, h * .33);
  vt__line(p, vt__tone(b->skin, .6), .7, h * .03);
  cairo_move_to(cr, -w * .3, h * .56);
  cairo_curve_to(cr, -w * .12, h * .5, w * .12, h * .5, w * .3, h * .56);
  cairo_curve_to(cr, w * .15, h * .7, -w * .15, h * .7, -w * .3, h * .56);
  vt__source(cr, b->lip, 1);
  cairo_fill(cr);
}

static void enter_head(struct pen *p, const struct body *b)
{
  vt__pen_save(p);
  vt__pen_move(p, b->head.x, b->head.y);
  vt__pen_turn(p, b->head_tilt);
}

void vt__draw_head(struct pen *p, const struct body *b)
{
  double w = b->head_w, h = b->head_h;
  enter_head(p, b);
  p->group = G_SKIN;
  cairo_new_path(p->cr);
  for (int i = -1; i <= 1; i += 2) {
    cairo_new_sub_path(p->cr);
    cairo_arc(p->cr, i * w * .98, h * .08, h * .15, 0, 2 * M_PI);
  }
  vt__fill(p, vt__tone(b->skin, .92), 0);
  cairo_new_path(p->cr);
  cairo_move_to(p->cr, 0, -h);
  cairo_curve_to(p->cr, w * 1.3, -h, w * 1.15, h * .5, w * .45, h * .9);
  cairo_curve_to(p->cr, w * .2, h * 1.04, -w * .2, h * 1.04, -w * .45, h * .9);
  cairo_curve_to(p->cr, -w * 1.15, h * .5, -w * 1.3, -h, 0, -h);
  cairo_close_path(p->cr);
  vt__fill(p, b->skin, .5);
  face(p, b, w, h);
  vt__pen_restore(p);
}

static void hair_look(struct pen *p, const struct body *b)
{
  p->group = G_HAIR;
  const struct look l = {.base = b->hair, .shade = .9, .folds = 5};
  vt__dress(p, &l);
}

void vt__draw_hair_back(struct pen *p, const struct body *b)
{
  double w = b->head_w, h = b->head_h;
  cairo_t *cr = p->cr;
  if (b->hair_style == HAIR_NONE || b->hair_style == HAIR_CROP) return;
  enter_head(p, b);
  cairo_new_path(cr);
  if (b->hair_style == HAIR_CURLS) {
    for (int i = 0; i < 14; i++) {
      double a = M_PI * (.9 + 1.2 * i / 13.);
      cairo_new_sub_path(cr);
      cairo_arc(cr, cos(a) * w * 1.15, -h * .1 + sin(a) * h * .95, w * .52, 0, 2 * M_PI);
    }
    cairo_new_sub_path(cr);
    cairo_arc(cr, 0, -h * .3, w * 1.25, 0, 2 * M_PI);
  } else if (b->hair_style == HAIR_BUN) {
    cairo_arc(cr, 0, -h * 1.12, w * .55, 0, 2 * M_PI);
  } else if (b->hair_style == HAIR_TAIL) {
    cairo_move_to(cr, w * .2, -h * .8);
    cairo_curve_to(cr, w * 2.6, -h * 1.1, w * 2, h * 1.4, w * 1.5, h * 2.2);
    cairo_curve_to(cr, w * 1.5, h * 1.2, w * 1.2, h * .2, w * .4, -h * .2);
    cairo_close_path(cr);
  } else {
    double low = b->hair_style == HAIR_LONG ? h * 2.6 : h * 1.15,
           wide = b->hair_style == HAIR_LONG ? 1.5 : 1.4;
    cairo_move_to(cr, 0, -h * 1.1);
    cairo_curve_to(cr, w * 1.7, -h * 1.1, w * wide, h * .3, w * wide, low * .8);
    cairo_curve_to(cr, w * wide, low, w * .5, low, 0, low * .95);
    cairo_curve_to(cr, -w * .5, low, -w * wide, low, -w * wide, low * .8);
    cairo_curve_to(cr, -w * wide, h * .3, -w * 1.7, -h * 1.1, 0, -h * 1.1);
    cairo_close_path(cr);
  }
  hair_look(p, b);
  vt__pen_restore(p);
}

void vt__draw_hair_front(struct pen *p, const struct body *b, bool under_hat)
{
  double w = b->head_w, h = b->head_h, part = b->hair_style % 2 ? .35 : -.25;
  cairo_t *cr = p->cr;
  if (b->hair_style == HAIR_NONE) return;
  enter_head(p, b);
  double side = b->hair_style == HAIR_CROP || b->hair_style == HAIR_BUN || b->hair_style == HAIR_TAIL ? .05
                : b->hair_style == HAIR_CURLS                                                         ? .1
                                                                                                      : .75;
  double top = under_hat ? -h * .95 : -h * 1.1;
  cairo_new_path(cr);
  cairo_move_to(cr, w * part, -h * .55);
  cairo_curve_to(cr, w * .7, -h * .55, w * .95, -h * .3, w * .95, h * side);
  cairo_curve_to(cr, w * 1.2, h * side, w * 1.25, -h * .4, w * 1.05, -h * .7);
  cairo_curve_to(cr, w * .75, top, w * .3, top, 0, top);
  cairo_curve_to(cr, -w * .3, top, -w * .75, top, -w * 1.05, -h * .7);
  cairo_curve_to(cr, -w * 1.25, -h * .4, -w * 1.2, h * side, -w * .95, h * side);
  cairo_curve_to(cr, -w * .95, -h * .3, -w * .6, -h * .5, w * part, -h * .55);
  cairo_close_path(cr);
  hair_look(p, b);
  vt__pen_restore(p);
}
