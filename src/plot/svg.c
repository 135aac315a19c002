/* Charts as SVG text: curves and named points. */
#include "plot/svg_draw.h"

#include <math.h>
#include <string.h>

enum { LEFT = 70, TOP = 40, WIDTH = 620, HEIGHT = 360, BOTTOM = 50, SIDE = 230, NAMED = 12, MAX_NAMED = 64 };
static const double LARGEST = 1e300, SMALLEST = 1e-300;
const char *const vt__svg_ink = "#1f2328", *const vt__svg_faint = "#5d6269", *const vt__svg_grid = "#e4e4e0",
                  *const vt__svg_fill = "#3b6ea5";
static const char *const colours[NAMED] = {"#3b6ea5", "#c8553d", "#4a8f5b", "#8a5fa8", "#c79a2b", "#4aa3b0",
                                           "#a0436b", "#6b6f2f", "#7f7f7f", "#2f4b8f", "#d98aa0", "#5f3b2a"};

void vt__svg_open(struct vt_buf *b, const char *title, double left, double width, double height)
{
  vt_buf_addf(b,
              "<figure><svg viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" role=\"img\" "
              "font-size=\"12\">\n",
              width, height, width, height);
  if (!title) return;
  vt_buf_addf(b, "<text x=\"%.0f\" y=\"20\" font-size=\"14\" font-weight=\"600\" fill=\"%s\">", left,
              vt__svg_ink);
  vt_html_text(b, title);
  vt_buf_adds(b, "</text>\n");
}

void vt__svg_close(struct vt_buf *b)
{
  vt_buf_adds(b, "</svg></figure>\n");
}

void vt__svg_label(struct vt_buf *b, double x, double y, const char *anchor, const char *colour,
                   const char *text)
{
  vt_buf_addf(b, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\">", x, y, anchor, colour);
  vt_html_text(b, text);
  vt_buf_adds(b, "</text>\n");
}

void vt__svg_turned(struct vt_buf *b, double x, double y, const char *anchor, const char *colour,
                    const char *text)
{
  vt_buf_addf(b, "<text transform=\"translate(%.1f %.1f) rotate(-90)\" text-anchor=\"%s\" fill=\"%s\">", x, y,
              anchor, colour);
  vt_html_text(b, text);
  vt_buf_adds(b, "</text>\n");
}

double vt__tick_step(double span, double ticks)
{
  double raw = span / ticks, power = pow(10, floor(log10(raw))), f = raw / power;
  return power * (f < 1.5 ? 1 : f < 3.5 ? 2 : f < 7.5 ? 5 : 10);
}

struct axis {
  double lo, hi;
  bool log;
};

static double place(const struct axis *a, double v)
{
  return a->log ? (log10(v) - log10(a->lo)) / (log10(a->hi) - log10(a->lo)) : (v - a->lo) / (a->hi - a->lo);
}
static double at_x(const struct axis *a, double v)
{
  return LEFT + WIDTH * place(a, v);
}
static double at_y(const struct axis *a, double v)
{
  return TOP + HEIGHT * (1 - place(a, v));
}

/* Not beyond what leaves room to reckon with the axis' ends. */
static bool drawable(const struct axis *a, double v)
{
  return fabs(v) <= LARGEST && (!a->log || v >= SMALLEST);
}

static void include(struct axis *a, double v)
{
  if (!drawable(a, v)) return;
  if (!(a->lo <= v)) a->lo = v;
  if (!(a->hi >= v)) a->hi = v;
}

/* Room around what is there; an axis without values is 0..1. Values a few bits apart get as much as leaves
 * ticks distinct numbers. */
static void settle(struct axis *a)
{
  if (isnan(a->lo)) a->lo = a->log ? 1 : 0, a->hi = a->log ? 10 : 1;
  if (a->log) {
    a->lo /= 1.3;
    a->hi *= 1.3;
    return;
  }
  const double most = VT_MAX(fabs(a->lo), fabs(a->hi));
  double room =
      a->hi > a->lo ? VT_MAX((a->hi - a->lo) * .05, VT_MAX(most * 1e-9, SMALLEST)) : VT_MAX(most * .1, 1e-3);
  a->lo -= room;
  a->hi += room;
}

static void tick(struct vt_buf *b, const struct axis *a, bool vertical, double v)
{
  char text[16];
  vt_short_number(text, v);
  if (vertical) {
    double y = at_y(a, v);
    vt_buf_addf(b, "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", LEFT, LEFT + WIDTH,
                y, y, vt__svg_grid);
    vt__svg_label(b, LEFT - 6, y + 4, "end", vt__svg_faint, text);
  } else {
    double x = at_x(a, v);
    vt_buf_addf(b, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"%s\"/>\n", x, x, TOP,
                TOP + HEIGHT, vt__svg_grid);
    vt__svg_label(b, x, TOP + HEIGHT + 16, "middle", vt__svg_faint, text);
  }
}

static void draw_axis(struct vt_buf *b, const struct axis *a, bool vertical, const char *name)
{
  if (a->log) {
    static const double at[] = {1, 2, 5};
    for (int d = (int)floor(log10(a->lo)); d <= (int)ceil(log10(a->hi)); d++)
      for (size_t k = 0; k < VT_COUNT(at); k++) {
        double v = at[k] * pow(10, d);
        if (v >= a->lo && v <= a->hi) tick(b, a, vertical, v);
      }
  } else {
    const double step = vt__tick_step(a->hi - a->lo, 6), first = ceil(a->lo / step - 1e-9);
    for (int k = 0; (first + k) * step <= a->hi + step * 1e-9; k++) tick(b, a, vertical, (first + k) * step);
  }
  if (vertical)
    vt__svg_turned(b, 18, TOP + HEIGHT / 2., "middle", vt__svg_ink, name);
  else
    vt__svg_label(b, LEFT + WIDTH / 2., TOP + HEIGHT + 38, "middle", vt__svg_ink, name);
}

static void draw_curve(struct vt_buf *b, const struct axis *ax, const struct axis *ay,
                       const struct vt_series *s, const char *colour, double width)
{
  bool pen = false;
  vt_buf_addf(b, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"%.1f\" d=\"", colour, width);
  for (int k = 0; k < s->n; k++) {
    double x = s->x ? s->x[k] : k, y = s->y[k];
    bool here = drawable(ax, x) && drawable(ay, y);
    if (here) vt_buf_addf(b, "%c%.1f %.1f", pen ? 'L' : 'M', at_x(ax, x), at_y(ay, y));
    pen = here;
  }
  vt_buf_adds(b, "\"/>\n");
}

void vt_svg_curves(struct vt_buf *b, const char *title, const char *xlabel, const char *ylabel, bool unit,
                   int n, const struct vt_series *s)
{
  struct axis ax = {NAN, NAN, false}, ay = {NAN, NAN, false};
  for (int i = 0; i < n && !unit; i++)
    for (int k = 0; k < s[i].n; k++) {
      include(&ax, s[i].x ? s[i].x[k] : k);
      include(&ay, s[i].y[k]);
    }
  settle(&ax);
  settle(&ay);
  if (unit) ax.lo = ay.lo = 0, ax.hi = ay.hi = 1;
  vt__svg_open(b, title, LEFT, LEFT + WIDTH + SIDE, TOP + HEIGHT + BOTTOM);
  draw_axis(b, &ax, false, xlabel);
  draw_axis(b, &ay, true, ylabel);
  for (int i = n - 1; i >= 0; i--) {
    bool main = n > NAMED && i == 0;
    const char *colour = main ? vt__svg_fill : n > NAMED ? "#b9c4cf" : colours[i % NAMED];
    draw_curve(b, &ax, &ay, &s[i], colour, main ? 3 : n > NAMED ? 1 : 1.8);
  }
  for (int i = 0; i < (n > NAMED ? 1 : n); i++) {
    double y = TOP + 12 + 18 * i;
    vt_buf_addf(b, "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-width=\"3\"/>\n",
                LEFT + WIDTH + 12, LEFT + WIDTH + 30, y - 4, y - 4, n > NAMED ? vt__svg_fill : colours[i]);
    vt__svg_label(b, LEFT + WIDTH + 36, y, "start", vt__svg_ink, s[i].name ? s[i].name : "");
  }
  if (n > NAMED)
    vt__svg_label(b, LEFT + WIDTH + 12, TOP + 32, "start", vt__svg_faint, "thin lines: the others");
  vt__svg_close(b);
}

/* Names stand to the right of their points, or where the nearest free line is. */
static void name_points(struct vt_buf *b, const struct axis *ax, const struct axis *ay, int n,
                        const char *const *name, const double *x, const double *y)
{
  static const double shift[] = {0, 14, -14, 28, -28, 42, -42, 56, -56, 70, -70};
  double box[MAX_NAMED][3]; /* x, y of the line, width */
  int placed = 0;
  for (int i = 0; i < n; i++) {
    if (!drawable(ax, x[i]) || !drawable(ay, y[i])) continue;
    const double px = at_x(ax, x[i]), py = at_y(ay, y[i]), width = 7 * (double)strlen(name[i]);
    double at = py;
    for (size_t k = 0; k < VT_COUNT(shift); k++) {
      bool clear = true;
      for (int m = 0; m < placed; m++)
        clear &= fabs(box[m][1] - py - shift[k]) > 12 || px + 9 > box[m][0] + box[m][2] ||
                 box[m][0] > px + 9 + width;
      at = py + shift[k];
      if (clear) break;
    }
    if (placed < MAX_NAMED) {
      box[placed][0] = px + 9;
      box[placed][1] = at;
      box[placed++][2] = width;
    }
    if (at != py)
      vt_buf_addf(b, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", px, py,
                  px + 8, at, vt__svg_faint);
    vt_buf_addf(b, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"%s\"/>\n", px, py, colours[i % NAMED]);
    vt__svg_label(b, px + 9, at + 4, "start", vt__svg_ink, name[i]);
  }
}

void vt_svg_points(struct vt_buf *b, const char *title, const char *xlabel, const char *ylabel, bool log_x,
                   int n, const char *const *name, const double *x, const double *y)
{
  struct axis ax = {NAN, NAN, log_x}, ay = {NAN, NAN, false};
  for (int i = 0; i < n; i++) {
    if (!drawable(&ax, x[i]) || !drawable(&ay, y[i])) continue;
    include(&ax, x[i]);
    include(&ay, y[i]);
  }
  settle(&ax);
  settle(&ay);
  vt__svg_open(b, title, LEFT, LEFT + WIDTH + SIDE, TOP + HEIGHT + BOTTOM);
  draw_axis(b, &ax, false, xlabel);
  draw_axis(b, &ay, true, ylabel);
  name_points(b, &ax, &ay, n, name, x, y);
  vt__svg_close(b);
}
