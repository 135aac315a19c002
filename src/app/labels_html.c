/* The statistics of a set of labels as one HTML page that needs no other file: figures and charts as inline
 * SVG.
 *
 * Classes run down the page, one line each, so that forty or four hundred stay readable; areas are drawn on a
 * logarithmic axis, co-occurrence as a table of shades, rows and columns in the order of classes. */
#include "app/labels_html.h"
#include "app/labels_report.h"

#include <math.h>
#include <string.h>

enum { NAME_W = 220, BAR_W = 520, LINE_H = 18, TOP = 24 };
const char *const vt__page_fill = "#3b6ea5", *const vt__page_second = "#9db8d6",
                  *const vt__page_ink = "#1f2328", *const vt__page_faint = "#62676d";

void vt__page_svg(struct vt_buf *b, const char *title, double width, double height)
{
  vt_buf_addf(b, "<h2>%s</h2>\n<svg viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" role=\"img\">\n",
              title, width, height, width, height);
}

void vt__page_label(struct vt_buf *b, double x, double y, const char *anchor, const char *colour,
                    const char *text)
{
  vt_buf_addf(b, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\">", x, y, anchor, colour);
  vt_html_text(b, text);
  vt_buf_adds(b, "</text>\n");
}

void vt__page_bar(struct vt_buf *b, double x, double y, double w, double h, const char *colour)
{
  vt_buf_addf(b, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n", x, y,
              VT_MAX(w, .5), h, colour);
}

/* Instances (dark) and pictures (light) of each class that occurs. */
static void add_counts(struct vt_buf *b, const struct vt_labels *l, const struct vt_label_stats *s)
{
  int64_t most = 1;
  for (int k = 0; k < l->classes.n; k++) most = VT_MAX(most, s->cls[k].instances);
  vt__page_svg(b, "Instances and pictures per class", NAME_W + BAR_W + 160, s->classes * LINE_H + TOP);
  double y = TOP;
  for (int k = 0; k < l->classes.n; k++) {
    const struct vt_class_stats *c = &s->cls[k];
    char text[80];
    if (!c->instances) continue;
    vt__page_label(b, NAME_W - 8, y + 12, "end", vt__page_ink, l->classes.v[k].name);
    vt__page_bar(b, NAME_W, y + 1, BAR_W * (double)c->instances / (double)most, 8, vt__page_fill);
    vt__page_bar(b, NAME_W, y + 9, BAR_W * (double)c->images / (double)most, 5, vt__page_second);
    snprintf(text, sizeof text, "%lld, in %lld pictures", (long long)c->instances, (long long)c->images);
    vt__page_label(b, NAME_W + 6 + BAR_W * (double)c->instances / (double)most, y + 12, "start",
                   vt__page_faint, text);
    y += LINE_H;
  }
  vt_buf_adds(b, "</svg>\n");
}

/* Least, quartiles and greatest area on an axis of powers of ten. */
static void add_areas(struct vt_buf *b, const struct vt_labels *l, const struct vt_label_stats *s)
{
  double top = 1;
  for (int k = 0; k < l->classes.n; k++)
    if (s->cls[k].instances && s->cls[k].area[4] > top) top = s->cls[k].area[4];
  const double decades = ceil(log10(top) + 1e-9);
  vt__page_svg(b, "Area per class, pixels: least, quartiles, greatest", NAME_W + BAR_W + 40,
               s->classes * LINE_H + TOP);
  for (int d = 0; d <= decades; d++) {
    char text[20];
    double x = NAME_W + BAR_W * d / decades;
    snprintf(text, sizeof text, "%.0f", pow(10, d));
    vt__page_label(b, x, 14, "middle", vt__page_faint, text);
    vt_buf_addf(b, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"18\" y2=\"%d\" stroke=\"#e1e1de\"/>\n", x, x,
                s->classes * LINE_H + TOP);
  }
  double y = TOP;
  for (int k = 0; k < l->classes.n; k++) {
    const struct vt_class_stats *c = &s->cls[k];
    double x[5];
    if (!c->instances) continue;
    vt__page_label(b, NAME_W - 8, y + 12, "end", vt__page_ink, l->classes.v[k].name);
    for (int q = 0; q < 5; q++) x[q] = NAME_W + BAR_W * log10(VT_MAX(c->area[q], 1)) / decades;
    if (!isnan(c->area[0])) {
      vt_buf_addf(b, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n", x[0], x[4],
                  y + 8, y + 8, vt__page_fill);
      vt__page_bar(b, x[1], y + 3, x[3] - x[1], 10, vt__page_second);
      vt__page_bar(b, x[2] - 1, y + 2, 2, 12, vt__page_fill);
    }
    y += LINE_H;
  }
  vt_buf_adds(b, "</svg>\n");
}

/* Columns of a histogram up to its last bin in use, and the density as a line. */
static void add_histogram(struct vt_buf *b, const char *title, const int64_t *bin)
{
  int n = VT_STATS_BINS;
  int64_t most = 1, all = 0;
  while (n > 1 && !bin[n - 1]) n--;
  for (int k = 0; k < n; k++) {
    most = VT_MAX(most, bin[k]);
    all += bin[k];
  }
  const double step = VT_CLAMP(700. / n, 12, 40), high = 180;
  vt__page_svg(b, title, 60 + n * step + 60, high + 50);
  for (int k = 0; k < n; k++) {
    char text[40];
    double h = high * (double)bin[k] / (double)most, x = 60 + k * step;
    vt__page_bar(b, x, 20 + high - h, step - 2, h, vt__page_fill);
    snprintf(text, sizeof text, k == VT_STATS_BINS - 1 ? "%d+" : "%d", k);
    if (n <= 30 || k % 5 == 0) vt__page_label(b, x + step / 2 - 1, high + 36, "middle", vt__page_ink, text);
  }
  vt__page_density(b, bin, n, 60, step, high, (double)most);
  char text[60];
  snprintf(text, sizeof text, "%lld", (long long)most);
  vt__page_label(b, 52, 26, "end", vt__page_faint, text);
  snprintf(text, sizeof text, "%.1f %%", all ? 100. * (double)most / (double)all : 0);
  vt__page_label(b, 64 + n * step, 26, "start", vt__page_faint, text);
  vt_buf_adds(b, "</svg>\n");
}

/* Pictures in which two classes occur, as a share of those of the rarer one. */
static void add_together(struct vt_buf *b, const struct vt_labels *l, const struct vt_label_stats *s)
{
  const int n = l->classes.n;
  if (!s->together || s->classes > 120) return;
  const double cell = 14;
  vt__page_svg(b, "Classes on the same picture, share of the rarer one's pictures",
               NAME_W + s->classes * cell + 10, NAME_W + s->classes * cell + 10);
  double y = NAME_W;
  for (int a = 0; a < n; a++) {
    if (!s->cls[a].instances) continue;
    vt__page_label(b, NAME_W - 8, y + 11, "end", vt__page_ink, l->classes.v[a].name);
    vt_buf_addf(b, "<text transform=\"translate(%.1f %d) rotate(-90)\" fill=\"%s\">", y + 11, NAME_W - 8,
                vt__page_ink);
    vt_html_text(b, l->classes.v[a].name);
    vt_buf_adds(b, "</text>\n");
    double x = NAME_W;
    for (int k = 0; k < n; k++) {
      if (!s->cls[k].instances) continue;
      int64_t both = s->together[(int64_t)a * n + k], rarer = VT_MIN(s->cls[a].images, s->cls[k].images);
      if (both && a != k)
        vt_buf_addf(
            b, "<rect x=\"%.1f\" y=\"%.1f\" width=\"13\" height=\"13\" fill=\"%s\" fill-opacity=\"%.3f\"/>\n",
            x, y, vt__page_fill, VT_MAX((double)both / (double)rarer, .04));
      x += cell;
    }
    y += cell;
  }
  vt_buf_adds(b, "</svg>\n");
}

static void add_base64(struct vt_buf *b, const struct vt_buf *bytes)
{
  static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const uint8_t *p = (const uint8_t *)bytes->data;
  for (size_t i = 0; i < bytes->len; i += 3) {
    const size_t left = bytes->len - i;
    const uint32_t v =
        (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0);
    const char four[4] = {digit[v >> 18], digit[v >> 12 & 63], left > 1 ? digit[v >> 6 & 63] : '=',
                          left > 2 ? digit[v & 63] : '='};
    vt_buf_add(b, four, 4);
  }
}

void vt_labels_report_html(const struct vt_labels *l, const struct vt_label_stats *s, const char *title,
                           const struct vt_buf *pictures, struct vt_buf *b)
{
  vt_buf_adds(b, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
  vt_html_text(b, title);
  vt_buf_addf(
      b,
      "</title><style>body{font:15px/1.5 sans-serif;color:%s;max-width:1100px;margin:2em auto;padding:0 1em}"
      "svg{max-width:100%%;height:auto}text{font:12px sans-serif}dl{display:grid;grid-template-columns:auto "
      "1fr;"
      "gap:.2em 2em}dd{margin:0}h2{margin-top:2em;font-size:1.1em}</style></head><body>\n<h1>",
      vt__page_ink);
  vt_html_text(b, title);
  vt_buf_addf(b, "</h1>\n<dl><dt>rows</dt><dd>%lld</dd><dt>pictures</dt><dd>%lld, %lld of them empty</dd>",
              (long long)s->rows, (long long)s->images, (long long)s->empty_images);
  vt_buf_addf(b, "<dt>instances</dt><dd>%lld, %lld crowds</dd><dt>classes</dt><dd>%d of %d</dd>",
              (long long)s->instances, (long long)s->crowds, s->classes, l->classes.n);
  vt_buf_addf(b, "<dt>attributes</dt><dd>%d of %d, on %lld instances</dd>", s->attributes, l->attributes.n,
              (long long)s->with_attributes);
  vt_buf_addf(b,
              "<dt>width</dt><dd>%d to %d, median %d</dd><dt>height</dt><dd>%d to %d, median %d</dd></dl>\n",
              s->width[0], s->width[4], s->width[2], s->height[0], s->height[4], s->height[2]);
  if (pictures) {
    vt_buf_adds(b, "<h2>Pictures, drawn by lot</h2>\n<img style=\"max-width:100%\" alt=\"labelled pictures\" "
                   "src=\"data:image/jpeg;base64,");
    add_base64(b, pictures);
    vt_buf_adds(b, "\">\n");
  }
  add_counts(b, l, s);
  add_areas(b, l, s);
  add_histogram(b, "Instances per picture", s->per_image);
  if (s->with_attributes) {
    add_histogram(b, "Attributes per picture", s->attributes_per_image);
    vt__page_attributes(l, s, b);
  }
  vt__page_sizes(l, b);
  vt__page_places(l, s, b);
  add_together(b, l, s);
  vt_buf_adds(b, "</body></html>\n");
}
