/* What figures do not show of label maps: each class, and which classes are taken for which, in pixels. */
#include "app/eval_maps.h"
#include "plot/plot.h"

struct sums {
  int64_t both, truth, found;
};

static struct sums sums_of(const struct vt_map_sums *s, int c)
{
  struct sums v = {.both = s->pair[(int64_t)c * s->classes + c]};
  for (int k = 0; k < s->classes; k++) {
    v.truth += s->pair[(int64_t)c * s->classes + k];
    v.found += s->pair[(int64_t)k * s->classes + c];
  }
  return v;
}

static double share(int64_t a, int64_t b)
{
  return b ? (double)a / (double)b : 0;
}

static void bars(const struct vt_map_sums *s, const char *const *name, struct vt_buf *b)
{
  char text[48];
  vt_html_bars_open(b, "IoU", "Dice");
  for (int c = 0; c < s->classes; c++) {
    const struct sums v = sums_of(s, c);
    if (!(v.truth + v.found)) continue;
    const double iou = share(v.both, v.truth + v.found - v.both), dice = share(2 * v.both, v.truth + v.found);
    snprintf(text, sizeof text, "%.3f, %.3f", iou, dice);
    vt_html_bar(b, name[c], iou, dice, text);
  }
  vt_html_bars_close(b);
}

static void table(const struct vt_map_sums *s, const char *const *name, struct vt_buf *b)
{
  vt_buf_adds(b, "<table><tr><th>class</th><th>pixels of truth</th><th>found</th><th>precision</th>"
                 "<th>recall</th><th>IoU</th><th>Dice</th></tr>\n");
  for (int c = 0; c < s->classes; c++) {
    const struct sums v = sums_of(s, c);
    const int64_t part[][2] = {{v.both, v.found},
                               {v.both, v.truth},
                               {v.both, v.truth + v.found - v.both},
                               {2 * v.both, v.truth + v.found}};
    if (!(v.truth + v.found)) continue;
    vt_buf_adds(b, "<tr><td>");
    vt_html_text(b, name[c]);
    vt_buf_adds(b, "</td><td>");
    vt_html_count(b, v.truth);
    vt_buf_adds(b, "</td><td>");
    vt_html_count(b, v.found);
    for (size_t i = 0; i < VT_COUNT(part); i++)
      if (part[i][1])
        vt_buf_addf(b, "</td><td>%.4f", share(part[i][0], part[i][1]));
      else
        vt_buf_adds(b, "</td><td>&ndash;");
    vt_buf_adds(b, "</td></tr>\n");
  }
  vt_buf_adds(b, "</table>\n");
}

int vt_map_page(const struct vt_map_sums *s, const char *const *name, const char *path, struct vt_err *e)
{
  struct vt_buf b = {0};
  vt_html_open(&b, "Label maps");
  vt_html_section(&b, "Classes", "All pixels of all pictures together.");
  bars(s, name, &b);
  table(s, name, &b);
  vt_svg_matrix(&b, "Confusion, in pixels", false, s->classes, name, s->pair);
  vt_svg_matrix(&b, "The same as shares of each row", true, s->classes, name, s->pair);
  vt_html_close(&b);
  int rc = b.failed ? vt_fail(e, VT_ENOMEM, "%s: out of memory", path)
                    : vt_file_write_atomic(path, b.data, b.len, e);
  vt_buf_clear(&b);
  return rc;
}
