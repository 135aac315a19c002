/* Charts of the page of a set of labels: attributes, sizes, places. Classes that have no instance have no
 * chart; of the others all are shown, so that forty-six fit and nothing is hidden behind a choice. */
#include "app/labels_html.h"

#include <math.h>
#include <string.h>

enum { BINS = 24, GRID = 16, TILE = 96, ACROSS = 8, MAX_TILES = 120, MAX_ATTRIBUTES = 120 };

void vt__page_density(struct vt_buf *b, const int64_t *bin, int n, double left, double step, double high,
                      double most)
{
  double all = 0, mean = 0, square = 0;
  for (int k = 0; k < n; k++) {
    all += (double)bin[k];
    mean += k * (double)bin[k];
    square += (double)k * k * (double)bin[k];
  }
  if (all < 2) return;
  mean /= all;
  const double sd = sqrt(VT_MAX(square / all - mean * mean, .01)), h = VT_MAX(1.06 * sd * pow(all, -.2), .3);
  vt_buf_addf(b, "<polyline fill=\"none\" stroke=\"#c4522f\" stroke-width=\"2\" points=\"");
  for (double x = -.5; x <= n - .5; x += .125) {
    double sum = 0;
    for (int k = 0; k < n; k++) {
      const double z = (x - k) / h;
      sum += (double)bin[k] * exp(-z * z / 2);
    }
    sum /= h * sqrt(2 * M_PI); /* pictures for one unit of x */
    vt_buf_addf(b, "%.1f,%.1f ", left + (x + .5) * step - 1,
                20 + high - VT_MIN(high * sum / most, high + 18));
  }
  vt_buf_adds(b, "\"/>\n");
}

void vt__page_attributes(const struct vt_labels *l, const struct vt_label_stats *s, struct vt_buf *b)
{
  int64_t most = 1;
  int shown = 0;
  for (int k = 0; k < l->attributes.n; k++) most = VT_MAX(most, s->attribute[k]);
  vt__page_svg(b, "Instances of each attribute", 900, VT_MIN(s->attributes, MAX_ATTRIBUTES) * 16 + 10);
  for (int k = 0; k < l->attributes.n && shown < MAX_ATTRIBUTES; k++) {
    char text[40];
    if (!s->attribute[k]) continue;
    const double y = 4 + 16 * shown++, w = 520 * (double)s->attribute[k] / (double)most;
    vt__page_label(b, 252, y + 11, "end", vt__page_ink, l->attributes.v[k].name);
    vt__page_bar(b, 260, y + 2, w, 11, vt__page_fill);
    snprintf(text, sizeof text, "%lld", (long long)s->attribute[k]);
    vt__page_label(b, 266 + w, y + 11, "start", vt__page_faint, text);
  }
  vt_buf_adds(b, "</svg>\n");
}

/* A histogram of values lo .. hi in BINS steps at (x, 0), 260 wide. */
static void small_histogram(struct vt_buf *b, double x, const char *title, const int64_t *bin,
                            const char *first, const char *middle, const char *last)
{
  int64_t most = 1;
  for (int k = 0; k < BINS; k++) most = VT_MAX(most, bin[k]);
  vt__page_label(b, x, 14, "start", vt__page_ink, title);
  for (int k = 0; k < BINS; k++)
    if (bin[k]) {
      const double h = VT_MAX(110 * (double)bin[k] / (double)most, 1);
      vt__page_bar(b, x + k * 10.8, 134 - h, 9.8, h, vt__page_fill);
    }
  vt_buf_addf(b, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"134.5\" y2=\"134.5\" stroke=\"#c9c9c5\"/>\n", x,
              x + BINS * 10.8);
  vt__page_label(b, x, 152, "start", vt__page_faint, first);
  vt__page_label(b, x + BINS * 5.4, 152, "middle", vt__page_faint, middle);
  vt__page_label(b, x + BINS * 10.8, 152, "end", vt__page_faint, last);
}

void vt__page_sizes(const struct vt_labels *l, struct vt_buf *b)
{
  int64_t bin[3][BINS] = {{0}};
  int32_t most[2] = {1, 1};
  char text[2][24];
  for (int32_t k = 0; k < l->nimages; k++) {
    most[0] = VT_MAX(most[0], l->image[k].width);
    most[1] = VT_MAX(most[1], l->image[k].height);
  }
  for (int32_t k = 0; k < l->nimages; k++) {
    const struct vt_label_image *im = &l->image[k];
    if (!im->width || !im->height) continue;
    bin[0][VT_MIN((int64_t)im->width * BINS / most[0], BINS - 1)]++;
    bin[1][VT_MIN((int64_t)im->height * BINS / most[1], BINS - 1)]++;
    const double aspect = log2((double)im->width / im->height); /* -2 .. 2: 1:4 to 4:1 */
    bin[2][(int)VT_CLAMP((aspect + 2) / 4 * BINS, 0, BINS - 1)]++;
  }
  if (most[0] == 1 && most[1] == 1) return;
  vt__page_svg(b, "Sizes and aspect of pictures", 900, 160);
  for (int i = 0; i < 2; i++) {
    snprintf(text[0], sizeof text[0], "%d", most[i] / 2);
    snprintf(text[1], sizeof text[1], "%d", most[i]);
    small_histogram(b, 10 + 300. * i, i ? "height, pixels" : "width, pixels", bin[i], "0", text[0], text[1]);
  }
  small_histogram(b, 610, "width : height", bin[2], "1:4", "1:1", "4:1");
  vt_buf_adds(b, "</svg>\n");
}

/* Adds to each cell of the grid the share of it that the box covers. False: the box or its picture's size is
 * unknown. */
static bool add_box(double *grid, const struct vt_labels *l, const struct vt_instance *in)
{
  const struct vt_label_image *im = &l->image[in->image];
  const bool shares = in->flags & VT_SHARES;
  if (in->box.w < 0 || (!shares && (!im->width || !im->height))) return false;
  const double w = shares ? 1 : im->width, h = shares ? 1 : im->height;
  const double x0 = VT_CLAMP(in->box.x / w, 0, 1) * GRID,
               x1 = VT_CLAMP((in->box.x + in->box.w) / w, 0, 1) * GRID;
  const double y0 = VT_CLAMP(in->box.y / h, 0, 1) * GRID,
               y1 = VT_CLAMP((in->box.y + in->box.h) / h, 0, 1) * GRID;
  for (int y = (int)y0; y < GRID && y < y1; y++)
    for (int x = (int)x0; x < GRID && x < x1; x++)
      grid[y * GRID + x] += (VT_MIN(x1, x + 1) - VT_MAX(x0, x)) * (VT_MIN(y1, y + 1) - VT_MAX(y0, y));
  return true;
}

static void add_tile(struct vt_buf *b, double x, double y, const double *grid, const char *name)
{
  const double cell = (double)TILE / GRID;
  double most = 1e-9;
  for (int k = 0; k < GRID * GRID; k++) most = VT_MAX(most, grid[k]);
  vt_buf_addf(b, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\" fill=\"#f4f4f1\"/>\n", x, y, TILE,
              TILE);
  for (int k = 0; k < GRID * GRID; k++) {
    const int column = k % GRID, line = k / GRID;
    if (grid[k] > .02 * most)
      vt_buf_addf(
          b,
          "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\" fill-opacity=\"%.2f\"/>\n",
          x + column * cell, y + line * cell, cell, cell, vt__page_fill, grid[k] / most);
  }
  vt_buf_addf(b, "<text x=\"%.1f\" y=\"%.1f\" fill=\"%s\" style=\"font-size:11px\">", x, y + TILE + 13,
              vt__page_ink);
  char text[24]; /* as much as a tile is wide, cut between characters */
  size_t n = strlen(name), most_bytes = 17;
  if (n > most_bytes) {
    for (n = most_bytes - 1; n && ((unsigned char)name[n] & 0xc0) == 0x80;) n--;
    snprintf(text, sizeof text, "%.*s\xe2\x80\xa6", (int)n, name);
  } else
    snprintf(text, sizeof text, "%s", name);
  vt_html_text(b, text);
  vt_buf_adds(b, "</text>\n");
}

void vt__page_places(const struct vt_labels *l, const struct vt_label_stats *s, struct vt_buf *b)
{
  const int n = l->classes.n, shown = VT_MIN(s->classes, MAX_TILES), lines = (shown + ACROSS) / ACROSS;
  double *grid = vt_calloc((size_t)n + 1, GRID * GRID * sizeof *grid); /* (classes and all, GRID, GRID) */
  bool some = false;
  for (int64_t i = 0; i < l->n && grid; i++) {
    some |= add_box(grid + (size_t)l->v[i].cls * GRID * GRID, l, &l->v[i]);
    add_box(grid + (size_t)n * GRID * GRID, l, &l->v[i]);
  }
  if (!grid || !some) {
    b->failed |= !grid;
    vt_free(grid);
    return;
  }
  vt__page_svg(b, "Where boxes lie: how often each part of the picture is covered", ACROSS * (TILE + 16),
               lines * (TILE + 26));
  add_tile(b, 0, 0, grid + (size_t)n * GRID * GRID, "all classes");
  for (int k = 0, at = 1; k < n && at <= shown; k++) {
    if (!s->cls[k].instances) continue;
    const int line = at / ACROSS;
    add_tile(b, at % ACROSS * (TILE + 16), line * (TILE + 26), grid + (size_t)k * GRID * GRID,
             l->classes.v[k].name);
    at++;
  }
  vt_buf_adds(b, "</svg>\n");
  vt_free(grid);
}
