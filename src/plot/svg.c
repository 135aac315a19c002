/* Charts as SVG text. Coordinates are pixels; y grows downwards. */
#include "plot/svg.h"

#include <math.h>
#include <string.h>

enum { LEFT = 70, TOP = 40, WIDTH = 620, HEIGHT = 360, BOTTOM = 50, SIDE = 230, NAMED = 12 };
static const char *const ink = "#1f2328", *const faint = "#8b8f94", *const grid = "#e4e4e0",
                         *const fill = "#3b6ea5";
static const char *const colours[NAMED] = {"#3b6ea5", "#c8553d", "#4a8f5b", "#8a5fa8", "#c79a2b", "#4aa3b0",
                                           "#a0436b", "#6b6f2f", "#7f7f7f", "#2f4b8f", "#d98aa0", "#5f3b2a"};

void vt_html_text(struct vt_buf *b, const char *s)
{
  for (; *s; s++) {
    const char *entity = *s == '&'   ? "&amp;"
                         : *s == '<' ? "&lt;"
                         : *s == '>' ? "&gt;"
                         : *s == '"' ? "&quot;"
                                     : NULL;
    if (entity)
      vt_buf_adds(b, entity);
    else
      vt_buf_addc(b, *s);
  }
}

void vt_html_open(struct vt_buf *b, const char *title)
{
  vt_buf_adds(b, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
  vt_html_text(b, title);
  vt_buf_addf(
      b,
      "</title><style>body{font:15px/1.5 sans-serif;color:%s;max-width:1100px;margin:2em auto;padding:0 1em}"
      "svg{max-width:100%%;height:auto}table{border-collapse:collapse}td,th{padding:.2em "
      ".8em;text-align:right;"
      "border-bottom:1px solid %s}td:first-child,th:first-child{text-align:left}h2{margin-top:2em;"
      "font-size:1.1em}</style></head><body>\n<h1>",
      ink, grid);
  vt_html_text(b, title);
  vt_buf_adds(b, "</h1>\n");
}

void vt_html_close(struct vt_buf *b)
{
  vt_buf_adds(b, "</body></html>\n");
}

static void open_svg(struct vt_buf *b, const char *title, double width, double height)
{
  vt_buf_addf(
      b,
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" "
      "role=\"img\" font-family=\"sans-serif\" font-size=\"12\">\n",
      width, height, width, height);
  vt_buf_addf(b, "<text x=\"%d\" y=\"20\" font-size=\"14\" fill=\"%s\">", LEFT, ink);
  vt_html_text(b, title);
  vt_buf_adds(b, "</text>\n");
}

static void label(struct vt_buf *b, double x, double y, const char *anchor, const char *colour,
                  const char *text)
{
  vt_buf_addf(b, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\">", x, y, anchor, colour);
  vt_html_text(b, text);
  vt_buf_adds(b, "</text>\n");
}

static void turned(struct vt_buf *b, double x, double y, const char *anchor, const char *colour,
                   const char *text)
{
  vt_buf_addf(b, "<text transform=\"translate(%.1f %.1f) rotate(-90)\" text-anchor=\"%s\" fill=\"%s\">", x, y,
              anchor, colour);
  vt_html_text(b, text);
  vt_buf_adds(b, "</text>\n");
}

struct axis {
  double lo, hi;
  bool log;
};

static double place(const struct axis *a, double v)
{
  return a->log ? log10(v / a->lo) / log10(a->hi / a->lo) : (v - a->lo) / (a->hi - a->lo);
}
static double at_x(const struct axis *a, double v)
{
  return LEFT + WIDTH * place(a, v);
}
static double at_y(const struct axis *a, double v)
{
  return TOP + HEIGHT * (1 - place(a, v));
}

static bool drawable(const struct axis *a, double v)
{
  return isfinite(v) && (!a->log || v > 0);
}

static void include(struct axis *a, double v)
{
  if (!drawable(a, v)) return;
  if (!(a->lo <= v)) a->lo = v;
  if (!(a->hi >= v)) a->hi = v;
}

/* Room around what is there; an axis without values is 0..1. */
static void settle(struct axis *a)
{
  if (isnan(a->lo)) a->lo = a->log ? 1 : 0, a->hi = a->log ? 10 : 1;
  if (a->log) {
    a->lo /= 1.3;
    a->hi *= 1.3;
    return;
  }
  double room = a->hi > a->lo ? (a->hi - a->lo) * .05 : VT_MAX(fabs(a->hi) * .1, 1e-3);
  a->lo -= room;
  a->hi += room;
}

/* Step of ticks: 1, 2 or 5 times a power of ten, about six of them. */
static double tick_step(const struct axis *a)
{
  double raw = (a->hi - a->lo) / 6, power = pow(10, floor(log10(raw))), f = raw / power;
  return power * (f < 1.5 ? 1 : f < 3.5 ? 2 : f < 7.5 ? 5 : 10);
}

static void tick(struct vt_buf *b, const struct axis *a, bool vertical, double v)
{
  char text[32];
  snprintf(text, sizeof text, fabs(v) >= 1e5 ? "%.0e" : "%.4g", fabs(v) < 1e-12 ? 0 : v);
  if (vertical) {
    double y = at_y(a, v);
    vt_buf_addf(b, "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", LEFT, LEFT + WIDTH,
                y, y, grid);
    label(b, LEFT - 6, y + 4, "end", faint, text);
  } else {
    double x = at_x(a, v);
    vt_buf_addf(b, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"%s\"/>\n", x, x, TOP,
                TOP + HEIGHT, grid);
    label(b, x, TOP + HEIGHT + 16, "middle", faint, text);
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
    double step = tick_step(a);
    for (double k = ceil(a->lo / step - 1e-9); k * step <= a->hi + step * 1e-9; k++)
      tick(b, a, vertical, k * step);
  }
  if (vertical)
    turned(b, 18, TOP + HEIGHT / 2., "middle", ink, name);
  else
    label(b, LEFT + WIDTH / 2., TOP + HEIGHT + 38, "middle", ink, name);
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
  open_svg(b, title, LEFT + WIDTH + SIDE, TOP + HEIGHT + BOTTOM);
  draw_axis(b, &ax, false, xlabel);
  draw_axis(b, &ay, true, ylabel);
  for (int i = n - 1; i >= 0; i--) {
    bool main = n > NAMED && i == 0;
    const char *colour = main ? fill : n > NAMED ? "#b9c4cf" : colours[i % NAMED];
    draw_curve(b, &ax, &ay, &s[i], colour, main ? 3 : n > NAMED ? 1 : 1.8);
  }
  for (int i = 0; i < (n > NAMED ? 1 : n); i++) {
    double y = TOP + 12 + 18 * i;
    vt_buf_addf(b, "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-width=\"3\"/>\n",
                LEFT + WIDTH + 12, LEFT + WIDTH + 30, y - 4, y - 4, n > NAMED ? fill : colours[i]);
    label(b, LEFT + WIDTH + 36, y, "start", ink, s[i].name ? s[i].name : "");
  }
  vt_buf_adds(b, "</svg>\n");
}

void vt_svg_points(struct vt_buf *b, const char *title, const char *xlabel, const char *ylabel, bool log_x,
                   int n, const char *const *name, const double *x, const double *y)
{
  struct axis ax = {NAN, NAN, log_x}, ay = {NAN, NAN, false};
  for (int i = 0; i < n; i++) {
    if (!drawable(&ax, x[i]) || !isfinite(y[i])) continue;
    include(&ax, x[i]);
    include(&ay, y[i]);
  }
  settle(&ax);
  settle(&ay);
  open_svg(b, title, LEFT + WIDTH + SIDE, TOP + HEIGHT + BOTTOM);
  draw_axis(b, &ax, false, xlabel);
  draw_axis(b, &ay, true, ylabel);
  for (int i = 0; i < n; i++) {
    if (!drawable(&ax, x[i]) || !isfinite(y[i])) continue;
    vt_buf_addf(b, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"%s\"/>\n", at_x(&ax, x[i]),
                at_y(&ay, y[i]), colours[i % NAMED]);
    label(b, at_x(&ax, x[i]) + 9, at_y(&ay, y[i]) + 4, "start", ink, name[i]);
  }
  vt_buf_adds(b, "</svg>\n");
}

void vt_svg_matrix(struct vt_buf *b, const char *title, bool shares, int n, const char *const *name,
                   const int64_t *count)
{
  const double cell = n <= 30 ? 34 : n <= 60 ? 16 : 8, x0 = 190, y0 = 190;
  int64_t most = 1;
  for (int64_t i = 0; i < (int64_t)n * n; i++) most = VT_MAX(most, count[i]);
  open_svg(b, title, x0 + n * cell + 20, y0 + n * cell + 40);
  for (int t = 0; t < n; t++) {
    int64_t all = 0;
    for (int p = 0; p < n; p++) all += count[(int64_t)t * n + p];
    if (cell > 10) label(b, x0 - 6, y0 + (t + .5) * cell + 4, "end", ink, name[t]);
    if (cell > 10) turned(b, x0 + (t + .5) * cell + 4, y0 - 6, "start", ink, name[t]);
    for (int p = 0; p < n; p++) {
      int64_t c = count[(int64_t)t * n + p];
      double v = shares ? all ? (double)c / (double)all : 0 : log1p((double)c) / log1p((double)most);
      char text[32];
      if (!c) continue;
      vt_buf_addf(
          b,
          "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\" fill-opacity=\"%.3f\"/>\n",
          x0 + p * cell, y0 + t * cell, cell - 1, cell - 1, t == p ? "#4a8f5b" : fill, VT_MAX(v, .06));
      if (n > 30) continue;
      if (shares)
        snprintf(text, sizeof text, "%.2f", v);
      else
        snprintf(text, sizeof text, c < 100000 ? "%lld" : "%lldk", (long long)(c < 100000 ? c : c / 1000));
      label(b, x0 + (p + .5) * cell, y0 + (t + .5) * cell + 4, "middle", v > .55 ? "#fff" : ink, text);
    }
  }
  label(b, x0 + n * cell / 2, y0 + n * cell + 24, "middle", faint, "columns: predicted; rows: truth");
  vt_buf_adds(b, "</svg>\n");
}
