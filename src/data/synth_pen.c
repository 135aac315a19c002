/* The pen of the drawn data: paths filled in picture and label map alike, shaded and folded.
 *
 * The label map is drawn without antialiasing in grey levels equal to the group's number, so a pixel belongs
 * to the shape that covers its centre and was drawn last. */
#include <math.h>
#include "data/synth_internal.h"

struct rgb vt__rgb(uint32_t hex)
{
  return (struct rgb){(hex >> 16 & 255) / 255., (hex >> 8 & 255) / 255., (hex & 255) / 255.};
}

struct rgb vt__mix(struct rgb a, struct rgb b, double t)
{
  return (struct rgb){a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}

struct rgb vt__tone(struct rgb c, double f)
{
  if (f > 1) return vt__mix(c, (struct rgb){1, 1, 1}, VT_MIN(f - 1, 1));
  return (struct rgb){c.r * f, c.g * f, c.b * f};
}

void vt__source(cairo_t *cr, struct rgb c, double alpha)
{
  cairo_set_source_rgba(cr, c.r, c.g, c.b, alpha);
}

void vt__pen_save(struct pen *p)
{
  cairo_save(p->cr);
  cairo_save(p->lab);
}

void vt__pen_restore(struct pen *p)
{
  cairo_restore(p->cr);
  cairo_restore(p->lab);
}

void vt__pen_move(struct pen *p, double x, double y)
{
  cairo_translate(p->cr, x, y);
  cairo_translate(p->lab, x, y);
}

void vt__pen_turn(struct pen *p, double angle)
{
  cairo_rotate(p->cr, angle);
  cairo_rotate(p->lab, angle);
}

void vt__pen_scale(struct pen *p, double sx, double sy)
{
  cairo_scale(p->cr, sx, sy);
  cairo_scale(p->lab, sx, sy);
}

/* The picture's path, filled into the label map. */
static void fill_label(struct pen *p)
{
  cairo_path_t *path = cairo_copy_path(p->cr);
  cairo_new_path(p->lab);
  cairo_append_path(p->lab, path);
  cairo_path_destroy(path);
  double v = p->group / 255.;
  cairo_set_source_rgb(p->lab, v, v, v);
  cairo_set_fill_rule(p->lab, cairo_get_fill_rule(p->cr));
  cairo_fill(p->lab);
}

struct extent {
  double x0, y0, x1, y1;
};

/* Darker at both sides, a soft light left of the middle: a round thing lit from the left. */
static void shade_round(cairo_t *cr, struct extent x, double amount)
{
  cairo_pattern_t *g = cairo_pattern_create_linear(x.x0, x.y0, x.x1, x.y0);
  cairo_pattern_add_color_stop_rgba(g, 0, 0, 0, 0, .22 * amount);
  cairo_pattern_add_color_stop_rgba(g, .16, 0, 0, 0, .02 * amount);
  cairo_pattern_add_color_stop_rgba(g, .34, 1, 1, 1, .14 * amount);
  cairo_pattern_add_color_stop_rgba(g, .58, 0, 0, 0, .02 * amount);
  cairo_pattern_add_color_stop_rgba(g, 1, 0, 0, 0, .34 * amount);
  cairo_set_source(cr, g);
  cairo_paint(cr);
  cairo_pattern_destroy(g);
}

static void draw_folds(struct pen *p, struct extent x, int n)
{
  double w = x.x1 - x.x0, h = x.y1 - x.y0, wide = VT_MIN(w, h);
  for (int i = 0; i < n; i++) {
    double ax = x.x0 + w * vt_rng_unit(&p->rng), ay = x.y0 + h * (.15 + .7 * vt_rng_unit(&p->rng));
    double len = h * (.15 + .4 * vt_rng_unit(&p->rng)), slant = (vt_rng_unit(&p->rng) - .5) * w * .25;
    double bend = (vt_rng_unit(&p->rng) - .5) * w * .12, alpha = .03 + .06 * vt_rng_unit(&p->rng);
    double width = wide * (.012 + .03 * vt_rng_unit(&p->rng));
    for (int light = 0; light < 2; light++) {
      double off = light ? width : 0;
      cairo_move_to(p->cr, ax + off, ay);
      cairo_curve_to(p->cr, ax + bend + off, ay + len / 3, ax + slant - bend + off, ay + 2 * len / 3,
                     ax + slant + off, ay + len);
      cairo_set_source_rgba(p->cr, light, light, light, light ? alpha * .7 : alpha);
      cairo_set_line_width(p->cr, width);
      cairo_set_line_cap(p->cr, CAIRO_LINE_CAP_ROUND);
      cairo_stroke(p->cr);
    }
  }
}

static void draw_texture(cairo_t *cr, const struct look *l, struct extent x)
{
  if (l->texture == TEX_PLAIN) return;
  double step = l->texture == TEX_KNIT ? .0085 : l->texture == TEX_DENIM ? .006 : .03;
  double lean = l->texture == TEX_DENIM ? 1 : 0, span = (x.y1 - x.y0) * lean;
  if (l->texture == TEX_LEATHER) { /* a sharp gloss */
    cairo_pattern_t *g = cairo_pattern_create_linear(x.x0, x.y0, x.x0 + (x.x1 - x.x0) * .5, x.y1);
    cairo_pattern_add_color_stop_rgba(g, .2, 1, 1, 1, 0);
    cairo_pattern_add_color_stop_rgba(g, .36, 1, 1, 1, .26);
    cairo_pattern_add_color_stop_rgba(g, .46, 1, 1, 1, 0);
    cairo_set_source(cr, g);
    cairo_paint(cr);
    cairo_pattern_destroy(g);
    return;
  }
  for (double a = x.x0 - span; a < x.x1; a += step) {
    cairo_move_to(cr, a, x.y1);
    cairo_line_to(cr, a + span, x.y0);
  }
  bool dark = l->base.r + l->base.g + l->base.b < .9;
  cairo_set_source_rgba(cr, dark, dark, dark, l->texture == TEX_KNIT ? .13 : .1);
  cairo_set_line_width(cr, step * .35);
  cairo_stroke(cr);
}

static void outline(cairo_t *cr, struct rgb c)
{
  double one = 1, zero = 0; /* a line of constant width on the picture, in the present units */
  cairo_device_to_user_distance(cr, &one, &zero);
  bool dark = c.r + c.g + c.b < .45;
  vt__source(cr, dark ? vt__mix(c, (struct rgb){1, 1, 1}, .22) : vt__tone(c, .55), .75);
  cairo_set_line_width(cr, 1.1 * hypot(one, zero));
  cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
  cairo_stroke(cr);
}

void vt__dress(struct pen *p, const struct look *l)
{
  struct extent x;
  fill_label(p);
  cairo_fill_extents(p->cr, &x.x0, &x.y0, &x.x1, &x.y1);
  cairo_path_t *path = cairo_copy_path(p->cr);
  cairo_save(p->cr);
  cairo_clip(p->cr);
  vt__source(p->cr, l->base, 1 - l->glass);
  cairo_paint(p->cr);
  vt__pattern(p->cr, l, x.x0, x.y0, x.x1, x.y1);
  draw_texture(p->cr, l, x);
  shade_round(p->cr, x, l->shade);
  draw_folds(p, x, l->folds);
  cairo_append_path(p->cr, path);
  outline(p->cr, l->base);
  cairo_restore(p->cr);
  cairo_path_destroy(path);
}

void vt__fill(struct pen *p, struct rgb c, double shade)
{
  const struct look l = {.base = c, .shade = shade};
  vt__dress(p, &l);
}

void vt__line(struct pen *p, struct rgb c, double alpha, double width)
{
  vt__source(p->cr, c, alpha);
  cairo_set_line_width(p->cr, width);
  cairo_set_line_cap(p->cr, CAIRO_LINE_CAP_ROUND);
  cairo_stroke(p->cr);
}

void vt__stroke(struct pen *p, struct rgb c, double width)
{
  cairo_path_t *path = cairo_copy_path(p->cr);
  cairo_new_path(p->lab);
  cairo_append_path(p->lab, path);
  cairo_path_destroy(path);
  double v = p->group / 255.;
  cairo_set_source_rgb(p->lab, v, v, v);
  cairo_set_line_width(p->lab, width);
  cairo_set_line_cap(p->lab, CAIRO_LINE_CAP_ROUND);
  cairo_stroke(p->lab);
  vt__line(p, c, 1, width);
}

/* Catmull-Rom to Bezier: tangent (next - previous) / 6 at each smooth point, none at corners. */
void vt__smooth(cairo_t *cr, const struct pt *v, const bool *corner, int n, bool closed)
{
  cairo_move_to(cr, v[0].x, v[0].y);
  for (int i = 0; i < (closed ? n : n - 1); i++) {
    int a = i, b = (i + 1) % n, before = closed ? (i + n - 1) % n : VT_MAX(i - 1, 0);
    int after = closed ? (i + 2) % n : VT_MIN(i + 2, n - 1);
    struct pt ta = {v[b].x - v[before].x, v[b].y - v[before].y},
              tb = {v[after].x - v[a].x, v[after].y - v[a].y};
    if (corner && corner[a]) ta = (struct pt){0, 0};
    if (corner && corner[b]) tb = (struct pt){0, 0};
    cairo_curve_to(cr, v[a].x + ta.x / 6, v[a].y + ta.y / 6, v[b].x - tb.x / 6, v[b].y - tb.y / 6, v[b].x,
                   v[b].y);
  }
  if (closed) cairo_close_path(cr);
}

static double distance(struct pt a, struct pt b)
{
  return hypot(b.x - a.x, b.y - a.y);
}

struct pt vt__limb_at(const struct pt p[3], double t)
{
  double a = distance(p[0], p[1]), b = distance(p[1], p[2]), s = t * (a + b);
  int i = s > a;
  double u = i ? (s - a) / b : s / a;
  return (struct pt){p[i].x + (p[i + 1].x - p[i].x) * u, p[i].y + (p[i + 1].y - p[i].y) * u};
}

/* Half width at share t: linear between the three, at the shares of the joints. */
static double limb_width(const struct pt p[3], const double w[3], double t)
{
  double a = distance(p[0], p[1]), b = distance(p[1], p[2]), knee = a / (a + b);
  return t < knee ? w[0] + (w[1] - w[0]) * t / knee : w[1] + (w[2] - w[1]) * (t - knee) / (1 - knee);
}

void vt__limb(cairo_t *cr, const struct pt p[3], const double w[3], double t0, double t1)
{
  enum { N = 8 };
  struct pt v[2 * N];
  bool corner[2 * N] = {false};
  for (int i = 0; i < N; i++) {
    double t = t0 + (t1 - t0) * i / (N - 1), d = .03;
    struct pt at = vt__limb_at(p, t), a = vt__limb_at(p, VT_MAX(t - d, 0)),
              b = vt__limb_at(p, VT_MIN(t + d, 1));
    double len = distance(a, b), nx = -(b.y - a.y) / len, ny = (b.x - a.x) / len, h = limb_width(p, w, t);
    v[i] = (struct pt){at.x + nx * h, at.y + ny * h};
    v[2 * N - 1 - i] = (struct pt){at.x - nx * h, at.y - ny * h};
  }
  corner[0] = corner[N - 1] = corner[N] = corner[2 * N - 1] = true;
  vt__smooth(cr, v, corner, 2 * N, false);
  if (t0 <= 0) { /* a round shoulder: half an ellipse round the joint */
    struct pt a = v[2 * N - 1], b = v[0];
    double ux = (a.y - b.y) * .5, uy = -(a.x - b.x) * .5;
    cairo_curve_to(cr, a.x + ux, a.y + uy, b.x + ux, b.y + uy, b.x, b.y);
  }
  cairo_close_path(cr);
}
