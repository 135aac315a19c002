/* Patterns of cloth, drawn over the current clip. Sizes are in lengths of the figure. Flowers and emblems
 * come from the look's seed alone, so a product's pattern is the same in every picture. */
#include <math.h>
#include "data/synth_internal.h"

static uint32_t next(uint32_t *s)
{
  *s = *s * 1664525u + 1013904223u;
  return *s >> 8;
}

static double unit(uint32_t *s)
{
  return next(s) / 16777216.;
}

static void lines(cairo_t *cr, double from, double to, double other0, double other1, double period,
                  double width, bool down)
{
  for (double a = floor(from / period) * period; a < to + period; a += period) {
    if (down) {
      cairo_rectangle(cr, a, other0, width, other1 - other0);
    } else {
      cairo_rectangle(cr, other0, a, other1 - other0, width);
    }
  }
  cairo_fill(cr);
}

static void stripes(cairo_t *cr, const struct look *l, double x0, double y0, double x1, double y1)
{
  double cx = (x0 + x1) / 2, cy = (y0 + y1) / 2, reach = hypot(x1 - x0, y1 - y0) / 2 + l->size;
  cairo_save(cr);
  if (fabs(l->angle) > .01) {
    cairo_translate(cr, cx, cy);
    cairo_rotate(cr, l->angle);
    cairo_translate(cr, -cx, -cy);
  }
  vt__source(cr, l->second, 1);
  double thin = l->seed % 3 == 0 ? .3 : .5;
  lines(cr, cy - reach, cy + reach, cx - reach, cx + reach, l->size, l->size * thin, false);
  if (l->seed % 4 == 1) {
    vt__source(cr, l->third, 1);
    lines(cr, cy - reach + l->size * .7, cy + reach, cx - reach, cx + reach, l->size * 2, l->size * .16,
          false);
  }
  cairo_restore(cr);
}

static void checks(cairo_t *cr, const struct look *l, double x0, double y0, double x1, double y1)
{
  double s = l->size, band = l->seed % 2 ? .5 : .38;
  vt__source(cr, l->second, .55);
  lines(cr, x0, x1, y0, y1, s, s * band, true);
  lines(cr, y0, y1, x0, x1, s, s * band, false);
  if (l->seed % 3) {
    vt__source(cr, l->third, .85);
    lines(cr, x0 - s * .25, x1, y0, y1, s, s * .07, true);
    lines(cr, y0 - s * .25, y1, x0, x1, s, s * .07, false);
  }
}

static void dots(cairo_t *cr, const struct look *l, double x0, double y0, double x1, double y1)
{
  double s = l->size, radius = s * (l->seed % 2 ? .22 : .32);
  vt__source(cr, l->second, 1);
  int row = (int)floor(y0 / s);
  for (double y = row * s; y < y1 + s; y += s, row++)
    for (double x = (floor(x0 / s) + (row & 1 ? .5 : 0)) * s; x < x1 + s; x += s) {
      cairo_new_sub_path(cr);
      cairo_arc(cr, x, y, radius, 0, 2 * M_PI);
    }
  cairo_fill(cr);
}

static void flower(cairo_t *cr, const struct look *l, double x, double y, double size, double turn,
                   uint32_t kind)
{
  struct rgb petal = kind % 3 == 0 ? l->third : l->second, heart = kind % 3 == 0 ? l->second : l->third;
  int petals = 4 + (int)(l->seed % 3);
  vt__source(cr, vt__mix(vt__rgb(0x2f7d3a), l->base, .25), 1);
  cairo_new_sub_path(cr);
  cairo_arc(cr, x + size * cos(turn) * .9, y + size * sin(turn) * .9, size * .42, turn - .9, turn + 2.2);
  cairo_fill(cr);
  vt__source(cr, petal, 1);
  for (int i = 0; i < petals; i++) {
    double a = turn + 2 * M_PI * i / petals;
    cairo_new_sub_path(cr);
    cairo_arc(cr, x + size * .5 * cos(a), y + size * .5 * sin(a), size * .4, 0, 2 * M_PI);
  }
  cairo_fill(cr);
  vt__source(cr, heart, 1);
  cairo_arc(cr, x, y, size * .28, 0, 2 * M_PI);
  cairo_fill(cr);
}

/* One flower per cell of a grid fixed to the body; each cell has its own numbers. */
static void floral(cairo_t *cr, const struct look *l, double x0, double y0, double x1, double y1)
{
  double s = l->size;
  for (int j = (int)floor(y0 / s) - 1; j * s < y1 + s; j++)
    for (int i = (int)floor(x0 / s) - 1; i * s < x1 + s; i++) {
      uint32_t seed = l->seed ^ (uint32_t)i * 73856093u ^ (uint32_t)j * 19349663u;
      next(&seed);
      double x = (i + .2 + .6 * unit(&seed)) * s, y = (j + .2 + .6 * unit(&seed)) * s;
      double size = s * (.26 + .16 * unit(&seed)), turn = 2 * M_PI * unit(&seed);
      flower(cr, l, x, y, size, turn, next(&seed));
    }
}

static void gradient(cairo_t *cr, const struct look *l, double y0, double y1)
{
  cairo_pattern_t *g = cairo_pattern_create_linear(0, y0, 0, y1);
  cairo_pattern_add_color_stop_rgb(g, .1, l->base.r, l->base.g, l->base.b);
  cairo_pattern_add_color_stop_rgb(g, .9, l->second.r, l->second.g, l->second.b);
  cairo_set_source(cr, g);
  cairo_paint(cr);
  cairo_pattern_destroy(g);
}

static void star(cairo_t *cr, double r, int points)
{
  for (int i = 0; i < 2 * points; i++) {
    double a = M_PI * i / points - M_PI / 2, d = i % 2 ? r * .45 : r;
    cairo_line_to(cr, d * cos(a), d * sin(a));
  }
  cairo_close_path(cr);
}

static void heart(cairo_t *cr, double r)
{
  cairo_move_to(cr, 0, r * .9);
  cairo_curve_to(cr, -r * 1.6, -r * .2, -r * .6, -r * 1.2, 0, -r * .4);
  cairo_curve_to(cr, r * .6, -r * 1.2, r * 1.6, -r * .2, 0, r * .9);
  cairo_close_path(cr);
}

static void ring(cairo_t *cr, double r)
{
  cairo_arc(cr, 0, 0, r, 0, 2 * M_PI);
  cairo_new_sub_path(cr);
  cairo_arc_negative(cr, 0, 0, r * .6, 0, -2 * M_PI);
}

static void bars(cairo_t *cr, double r)
{
  for (int i = -1; i <= 1; i++)
    cairo_rectangle(cr, -r * (1 - .25 * (i + 1)), i * r * .6 - r * .2, 2 * r * (1 - .25 * (i + 1)), r * .4);
}

static void mountain(cairo_t *cr, double r)
{
  cairo_move_to(cr, -r * 1.2, r * .7);
  cairo_line_to(cr, -r * .3, -r * .7);
  cairo_line_to(cr, r * .1, -r * .1);
  cairo_line_to(cr, r * .45, -r * .5);
  cairo_line_to(cr, r * 1.2, r * .7);
  cairo_close_path(cr);
}

void vt__emblem(cairo_t *cr, const struct look *l, double x, double y, double size)
{
  cairo_save(cr);
  cairo_translate(cr, x, y);
  cairo_new_path(cr);
  switch (l->seed % 7) {
  case 0: star(cr, size, 5); break;
  case 1: heart(cr, size); break;
  case 2: ring(cr, size); break;
  case 3: bars(cr, size); break;
  case 4: mountain(cr, size); break;
  case 5: star(cr, size, 9); break;
  default: cairo_rectangle(cr, -size, -size * .6, 2 * size, size * 1.2);
  }
  vt__source(cr, l->second, 1);
  cairo_fill(cr);
  if (l->seed / 7 % 2) {
    cairo_arc(cr, size * .2, -size * .1, size * .3, 0, 2 * M_PI);
    vt__source(cr, l->third, 1);
    cairo_fill(cr);
  }
  cairo_restore(cr);
}

void vt__pattern(cairo_t *cr, const struct look *l, double x0, double y0, double x1, double y1)
{
  switch (l->pattern) {
  case PAT_STRIPES: stripes(cr, l, x0, y0, x1, y1); break;
  case PAT_CHECKS: checks(cr, l, x0, y0, x1, y1); break;
  case PAT_DOTS: dots(cr, l, x0, y0, x1, y1); break;
  case PAT_FLORAL: floral(cr, l, x0, y0, x1, y1); break;
  case PAT_GRADIENT: gradient(cr, l, y0, y1); break;
  case PAT_BLOCK:
    vt__source(cr, l->second, 1);
    cairo_rectangle(cr, x0, y0 + (y1 - y0) * (.4 + .2 * (l->seed % 3) / 2.), x1 - x0, y1 - y0);
    cairo_fill(cr);
    break;
  default: break; /* plain; the emblem is placed by what is drawn */
  }
}
