/* The statistics of a set of labels as one HTML page that needs no other file.
 *
 * Classes run down the page, one line each, the most frequent first in every chart, so that forty or four
 * hundred stay readable; areas are drawn on a logarithmic axis, co-occurrence as a table of shades. */
#include "app/labels_html.h"
#include "app/labels_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TOGETHER = 120 };

/* Instances and pictures of each class that occurs. */
static void add_counts(const struct vt__page *p)
{
  const double most = p->shown ? (double)p->s->cls[p->order[0]].instances : 1;
  char note[120] = "the most frequent first";
  if (p->shown < p->s->classes)
    snprintf(note, sizeof note, "the most frequent first; %d rarer ones are not shown",
             p->s->classes - p->shown);
  vt_html_section(p->b, "Instances and pictures per class", note);
  vt_html_bars_open(p->b, "instances", "pictures that show it");
  for (int k = 0; k < p->shown; k++) {
    const struct vt_class_stats *c = &p->s->cls[p->order[k]];
    struct vt_buf text = {0};
    vt_html_count(&text, c->instances);
    vt_buf_adds(&text, " in ");
    vt_html_count(&text, c->images);
    p->b->failed |= text.failed;
    vt_html_bar(p->b, p->l->classes.v[p->order[k]].name, (double)c->instances / most,
                (double)c->images / most, text.data ? text.data : "");
    vt_buf_clear(&text);
  }
  vt_html_bars_close(p->b);
}

/* Least, quartiles and greatest area on an axis of powers of ten. */
static void add_areas(const struct vt__page *p)
{
  enum { DECADES = 12 };
  double top = 1, at[DECADES + 1];
  char text[DECADES + 1][16];
  const char *name[DECADES + 1];
  bool some = false;
  for (int k = 0; k < p->l->classes.n; k++)
    if (p->s->cls[k].instances && !isnan(p->s->cls[k].area[4])) {
      top = VT_MAX(top, p->s->cls[k].area[4]);
      some = true;
    }
  if (!some) return;
  const int decades = (int)VT_CLAMP(ceil(log10(top) - 1e-9), 1, DECADES);
  vt_html_section(p->b, "Area per class",
                  "pixels, logarithmic: least to greatest as a line, the middle half as a box, the median "
                  "as a mark and as number");
  vt_buf_adds(p->b, "<div class=\"bars\">\n");
  for (int d = 0; d <= decades; d++) {
    at[d] = (double)d / decades;
    name[d] = vt_short_number(text[d], pow(10, d));
  }
  vt_html_axis(p->b, decades + 1, at, name);
  for (int k = 0; k < p->shown; k++) {
    const struct vt_class_stats *c = &p->s->cls[p->order[k]];
    double q[5];
    char median[16] = "\xe2\x80\x93";
    for (int i = 0; i < 5; i++) q[i] = log10(VT_MAX(c->area[i], 1)) / decades;
    if (isnan(c->area[0]))
      q[0] = NAN;
    else
      snprintf(median, sizeof median, c->area[2] < 10000 ? "%.0f" : "%.0fk",
               c->area[2] < 10000 ? c->area[2] : c->area[2] / 1000);
    vt_html_box(p->b, p->l->classes.v[p->order[k]].name, q, 1. / decades, median);
  }
  vt_html_bars_close(p->b);
}

/* Pictures with 0, 1, 2 … of something, up to the last that occurs. */
static void add_histogram(struct vt_buf *b, const char *title, const char *what, const int64_t *bin)
{
  struct vt_tick tick[VT_STATS_BINS];
  struct vt_columns h = {.xlabel = what,
                         .ylabel = "pictures",
                         .n = VT_STATS_BINS,
                         .bin = bin,
                         .tick = tick,
                         .height = 180,
                         .density = true};
  while (h.n > 1 && !bin[h.n - 1]) h.n--;
  h.width = VT_CLAMP(h.n * 40., 280, 680);
  const int step = h.n > 30 ? 5 : 1;
  for (int k = 0; k < h.n; k += step) {
    tick[h.nticks].at = k + .5;
    snprintf(tick[h.nticks++].text, sizeof tick->text, k == VT_STATS_BINS - 1 ? "%d+" : "%d", k);
  }
  vt_html_section(b, title, "columns: pictures; line: their density (Gaussian kernel)");
  vt_svg_columns(b, &h);
}

/* Pictures in which two classes occur, as a share of those of the rarer one. */
static void add_together(const struct vt__page *p)
{
  const int n = p->l->classes.n, shown = p->shown;
  if (!p->s->together || shown > MAX_TOGETHER || shown < 2) return;
  const char **name = vt_calloc((size_t)shown, sizeof *name);
  double *v = vt_calloc((size_t)shown * (size_t)shown, sizeof *v); // (shown, shown)
  p->b->failed |= !name || !v;
  for (int a = 0; a < shown && name && v; a++) {
    const int32_t i = p->order[a];
    name[a] = p->l->classes.v[i].name;
    for (int k = 0; k < shown; k++) {
      const int32_t j = p->order[k];
      const int64_t rarer = VT_MIN(p->s->cls[i].images, p->s->cls[j].images);
      if (a != k && rarer)
        v[(int64_t)a * shown + k] = (double)p->s->together[(int64_t)i * n + j] / (double)rarer;
    }
  }
  if (name && v) {
    vt_html_section(p->b, "Classes on the same picture", NULL);
    vt_svg_shades(p->b, NULL,
                  "share of the rarer class's pictures that show the other one, too; full colour: all", shown,
                  name, v);
  }
  vt_free(name);
  vt_free(v);
}

static void add_fact(struct vt_buf *b, const char *name, int64_t n, const char *more, int64_t m)
{
  vt_buf_addf(b, "<dt>%s</dt><dd>", name);
  vt_html_count(b, n);
  if (more) {
    vt_buf_adds(b, more);
    vt_html_count(b, m);
  }
  vt_buf_adds(b, "</dd>");
}

static void add_facts(const struct vt_labels *l, const struct vt_label_stats *s, struct vt_buf *b)
{
  static const char *const split[] = {"train", "val", "test", "none"};
  vt_buf_adds(b, "<dl>");
  add_fact(b, "rows", s->rows, NULL, 0);
  if (s->skipped) add_fact(b, "left out", s->skipped, NULL, 0);
  add_fact(b, "pictures", s->images, ", empty ", s->empty_images);
  for (int k = 0; k < 3; k++)
    if (s->split[k]) add_fact(b, split[k], s->split[k], NULL, 0);
  add_fact(b, "instances", s->instances, ", crowds ", s->crowds);
  add_fact(b, "classes", s->classes, " of ", l->classes.n);
  if (l->attributes.n) {
    add_fact(b, "attributes", s->attributes, " of ", l->attributes.n);
    add_fact(b, "instances with attributes", s->with_attributes, NULL, 0);
  }
  vt_buf_addf(b,
              "<dt>width</dt><dd>%.0f to %.0f px, median %g</dd><dt>height</dt><dd>%.0f to %.0f px, median "
              "%g</dd></dl>\n",
              s->width[0], s->width[4], s->width[2], s->height[0], s->height[4], s->height[2]);
}

struct place {
  int64_t n;
  int32_t cls;
};
static int by_frequency(const void *a, const void *b)
{
  const struct place *x = a, *y = b;
  return x->n != y->n ? (x->n > y->n ? -1 : 1) : x->cls < y->cls ? -1 : x->cls > y->cls;
}

/* Classes that occur, the most frequent first, into p->order. */
static void put_in_order(struct vt__page *p)
{
  const int n = p->l->classes.n;
  struct place *v = vt_calloc((size_t)n + 1, sizeof *v);
  p->order = vt_calloc((size_t)n + 1, sizeof *p->order);
  if (v && p->order) {
    int some = 0;
    for (int32_t k = 0; k < n; k++)
      if (p->s->cls[k].instances) v[some++] = (struct place){p->s->cls[k].instances, k};
    if (some) qsort(v, (size_t)some, sizeof *v, by_frequency);
    p->shown = VT_MIN(some, VT__PAGE_ROWS);
    for (int k = 0; k < p->shown; k++) p->order[k] = v[k].cls;
  } else {
    p->b->failed = true;
  }
  vt_free(v);
}

void vt_labels_report_html(const struct vt_labels *l, const struct vt_label_stats *s, const char *title,
                           const struct vt_buf *pictures, struct vt_buf *b)
{
  struct vt__page p = {.l = l, .s = s, .b = b};
  put_in_order(&p);
  vt_html_open(b, title);
  add_facts(l, s, b);
  if (pictures) {
    vt_html_section(b, "Pictures, drawn by lot", NULL);
    vt_html_jpeg(b, pictures, "labelled pictures");
  }
  add_counts(&p);
  add_areas(&p);
  add_histogram(b, "Instances per picture", "instances on a picture", s->per_image);
  if (s->with_attributes) {
    add_histogram(b, "Attributes per picture", "attributes of all instances on a picture",
                  s->attributes_per_image);
    vt__page_attributes(&p);
  }
  vt__page_sizes(&p);
  vt__page_places(&p);
  add_together(&p);
  vt_html_close(b);
  vt_free(p.order);
}
