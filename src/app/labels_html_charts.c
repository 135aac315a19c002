/* Charts of the page of a set of labels: attributes, sizes, places. */
#include "app/labels_html.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BINS = 24, GRID = 16, TILE = 104, MAX_TILES = 120, SHADES = 10 };

struct attribute {
  int64_t n;
  int k;
};
static int by_frequency(const void *a, const void *b)
{
  const struct attribute *x = a, *y = b;
  return x->n != y->n ? (x->n > y->n ? -1 : 1) : x->k - y->k;
}

void vt__page_attributes(const struct vt__page *p)
{
  const int n = p->l->attributes.n;
  struct attribute *v = vt_calloc((size_t)n + 1, sizeof *v);
  p->b->failed |= !v;
  if (!v) return;
  for (int k = 0; k < n; k++) v[k] = (struct attribute){p->s->attribute[k], k};
  qsort(v, (size_t)n, sizeof *v, by_frequency);
  vt_html_section(p->b, "Instances of each attribute", "the most frequent first");
  vt_html_bars_open(p->b, "instances", NULL);
  for (int k = 0; k < VT_MIN(n, VT__PAGE_ROWS) && v[k].n; k++) {
    struct vt_buf text = {0};
    vt_html_count(&text, v[k].n);
    p->b->failed |= text.failed;
    vt_html_bar(p->b, p->l->attributes.v[v[k].k].name, (double)v[k].n / (double)v[0].n, -1,
                text.data ? text.data : "");
    vt_buf_clear(&text);
  }
  vt_html_bars_close(p->b);
  vt_free(v);
}

static void small_histogram(struct vt_buf *b, const char *what, const int64_t *bin, int nticks,
                            const struct vt_tick *tick)
{
  vt_svg_columns(b, &(struct vt_columns){.xlabel = what,
                                         .ylabel = "pictures",
                                         .n = BINS,
                                         .bin = bin,
                                         .nticks = nticks,
                                         .tick = tick,
                                         .width = 230,
                                         .height = 110});
}

static void add_sides(const struct vt__page *p, bool high, int32_t most)
{
  int64_t bin[BINS] = {0};
  struct vt_tick tick[3] = {{.at = 0, .text = "0"}, {.at = BINS / 2.}, {.at = BINS}};
  for (int32_t k = 0; k < p->l->nimages; k++) {
    const struct vt_label_image *im = &p->l->image[k];
    if (im->width && im->height)
      bin[VT_MIN((int64_t)(high ? im->height : im->width) * BINS / most, BINS - 1)]++;
  }
  snprintf(tick[1].text, sizeof tick[1].text, "%d", most / 2);
  snprintf(tick[2].text, sizeof tick[2].text, "%d", most);
  small_histogram(p->b, high ? "height, pixels" : "width, pixels", bin, 3, tick);
}

void vt__page_sizes(const struct vt__page *p)
{
  static const struct vt_tick aspects[] = {
      {0, "1:4"}, {BINS / 4., "1:2"}, {BINS / 2., "1:1"}, {BINS * .75, "2:1"}, {BINS, "4:1"}};
  int64_t bin[BINS] = {0};
  int32_t most[2] = {1, 1};
  for (int32_t k = 0; k < p->l->nimages; k++) {
    const struct vt_label_image *im = &p->l->image[k];
    most[0] = VT_MAX(most[0], im->width);
    most[1] = VT_MAX(most[1], im->height);
    if (!im->width || !im->height) continue;
    const double aspect = log2((double)im->width / im->height); /* -2 .. 2: 1:4 to 4:1 */
    bin[(int)VT_CLAMP((aspect + 2) / 4 * BINS, 0, BINS - 1)]++;
  }
  if (most[0] == 1 && most[1] == 1) return;
  vt_html_section(p->b, "Sizes and aspect of pictures", NULL);
  vt_buf_adds(p->b, "<div class=\"few\">\n");
  add_sides(p, false, most[0]);
  add_sides(p, true, most[1]);
  small_histogram(p->b, "width : height", bin, VT_COUNT(aspects), aspects);
  vt_buf_adds(p->b, "</div>\n");
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

/* Cells of one shade are one path, cells of a line side by side one rectangle of it. */
static void add_tile(struct vt_buf *b, const double *grid, const char *name)
{
  double most = 1e-9;
  int shade[GRID * GRID];
  for (int k = 0; k < GRID * GRID; k++) most = VT_MAX(most, grid[k]);
  for (int k = 0; k < GRID * GRID; k++) shade[k] = (int)lround(SHADES * grid[k] / most);
  vt_buf_addf(b,
              "<figure><svg viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" "
              "shape-rendering=\"crispEdges\"><path fill=\"#f4f4f1\" d=\"M0 0h%dv%dH0z\"/>",
              GRID, GRID, TILE, TILE, GRID, GRID);
  for (int s = 1; s <= SHADES; s++) {
    bool some = false;
    for (int k = 0, n; k < GRID * GRID; k += n) {
      for (n = 1; (k + n) % GRID && shade[k + n] == shade[k];) n++;
      if (shade[k] != s) continue;
      if (!some) vt_buf_addf(b, "<path fill=\"#3b6ea5\" fill-opacity=\"%.1f\" d=\"", (double)s / SHADES);
      some = true;
      vt_buf_addf(b, "M%d %dh%dv1h-%dz", k % GRID, k / GRID, n, n);
    }
    if (some) vt_buf_adds(b, "\"/>");
  }
  vt_buf_adds(b, "</svg><figcaption>");
  vt_html_text(b, name);
  vt_buf_adds(b, "</figcaption></figure>\n");
}

void vt__page_places(const struct vt__page *p)
{
  const struct vt_labels *l = p->l;
  const int n = l->classes.n;
  double *grid = vt_calloc((size_t)n + 1, GRID * GRID * sizeof *grid); /* (classes and all, GRID, GRID) */
  bool some = false;
  for (int64_t i = 0; i < l->n && grid; i++) {
    some |= add_box(grid + (size_t)l->v[i].cls * GRID * GRID, l, &l->v[i]);
    add_box(grid + (size_t)n * GRID * GRID, l, &l->v[i]);
  }
  p->b->failed |= !grid;
  if (some) {
    vt_html_section(
        p->b, "Where boxes lie",
        "how often each part of the picture is covered, every picture stretched to a square; full "
        "colour: as often as the class's most covered part");
    vt_buf_adds(p->b, "<div class=\"tiles\">\n");
    add_tile(p->b, grid + (size_t)n * GRID * GRID, "all classes");
    for (int k = 0; k < VT_MIN(p->shown, MAX_TILES); k++)
      add_tile(p->b, grid + (size_t)p->order[k] * GRID * GRID, l->classes.v[p->order[k]].name);
    vt_buf_adds(p->b, "</div>\n");
  }
  vt_free(grid);
}
