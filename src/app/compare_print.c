/* A comparison of runs as text, JSON and a page. */
#include "app/compare.h"
#include "app/labels_report.h"
#include "image/image.h"
#include "plot/plot.h"

#include <math.h>
#include <string.h>

/* Calls back for each key on which the recipes differ. */
typedef void difference_fn(const struct vt_comparison *c, const char *key, int number, struct vt_buf *b);
static void differences(const struct vt_comparison *c, difference_fn *each, struct vt_buf *b)
{
  int number = 0;
  for (int i = 0; i < c->nruns; i++)
    for (int k = 0; k < c->run[i].nkeys; k++) {
      const char *key = c->run[i].recipe[k].key;
      bool seen = false, differ = false;
      for (int j = 0; j < i; j++) /* told by an earlier run that has it */
        for (int m = 0; m < c->run[j].nkeys; m++) seen |= !strcmp(c->run[j].recipe[m].key, key);
      for (int j = 0; j < c->nruns && !seen; j++)
        differ |= strcmp(vt_run_value(&c->run[j], key), c->run[i].recipe[k].value) != 0;
      if (differ) each(c, key, number++, b);
    }
}

static void number(struct vt_buf *b, double v)
{
  if (!isfinite(v))
    vt_buf_adds(b, "null");
  else
    vt_buf_addf(b, "%.9g", v);
}

static double cost_of(const struct vt_run *r, const char *name)
{
  return *name == 'p' ? r->parameters : r->macs;
}

/* ---- text ---- */

static void text_difference(const struct vt_comparison *c, const char *key, int k, struct vt_buf *b)
{
  vt_buf_addf(b, "%s%-28s", k ? "" : "\nrecipes differ in\n", key);
  for (int i = 0; i < c->nruns; i++) vt_buf_addf(b, " %16s", vt_run_value(&c->run[i], key));
  vt_buf_addc(b, '\n');
}

static void text_row(const struct vt_comparison *c, const char *name,
                     double (*of)(const struct vt_run *r, const char *), struct vt_buf *b)
{
  vt_buf_addf(b, "%-28s", name);
  for (int i = 0; i < c->nruns; i++) {
    char text[32] = "-";
    double v = of(&c->run[i], name);
    if (!isnan(v) && of == cost_of)
      vt_short_number(text, v);
    else if (!isnan(v))
      snprintf(text, sizeof text, "%.6g", v);
    vt_buf_addf(b, " %16s", text);
  }
  vt_buf_addc(b, '\n');
}

void vt_compare_table(const struct vt_comparison *c, struct vt_buf *b)
{
  vt_buf_addf(b, "%-28s", "run");
  for (int i = 0; i < c->nruns; i++) vt_buf_addf(b, " %16s", c->run[i].name);
  vt_buf_addc(b, '\n');
  for (int k = 0; k < c->ncolumns; k++) text_row(c, c->column[k], vt_run_figure, b);
  text_row(c, "parameters", cost_of, b);
  text_row(c, "multiply-adds", cost_of, b);
  differences(c, text_difference, b);
  if (c->change_of) {
    const struct vt_change_mean *m = &c->change_mean;
    vt_buf_addf(b, "\nmean %s of %d pictures %.6g -> %.6g, difference %.4g", c->change_of, m->pictures,
                m->first, m->last, m->last - m->first);
    if (!isnan(m->lo)) vt_buf_addf(b, " (95 %% %.4g to %.4g)", m->lo, m->hi);
    vt_buf_addf(b, "; %d pictures in one table only, %d without a value\n", m->alone, m->unmeasured);
  }
  if (c->nchanges) vt_buf_addf(b, "\npictures that changed most in %s\n", c->change_of);
  for (int i = 0; i < c->nchanges; i++)
    vt_buf_addf(b, "%-44s %10.6g -> %-10.6g\n", c->change[i].image, c->change[i].first, c->change[i].last);
}

/* ---- JSON ---- */

static void json_difference(const struct vt_comparison *c, const char *key, int k, struct vt_buf *b)
{
  vt_buf_adds(b, k ? ", " : "");
  vt_json_text(b, key);
  vt_buf_adds(b, ": [");
  for (int i = 0; i < c->nruns; i++) {
    vt_buf_adds(b, i ? ", " : "");
    vt_json_text(b, vt_run_value(&c->run[i], key));
  }
  vt_buf_addc(b, ']');
}

static void json_mean(const struct vt_comparison *c, struct vt_buf *b)
{
  const struct vt_change_mean *m = &c->change_mean;
  vt_buf_adds(b, "\"image_mean\": {\"column\": ");
  vt_json_text(b, c->change_of);
  vt_buf_addf(b, ", \"pictures\": %d, \"in_one_only\": %d, \"without_value\": %d", m->pictures, m->alone,
              m->unmeasured);
  const struct {
    const char *name;
    double v;
  } rows[] = {{"first", m->first},
              {"last", m->last},
              {"difference", m->last - m->first},
              {"lo", m->lo},
              {"hi", m->hi}};
  for (size_t i = 0; i < VT_COUNT(rows); i++) {
    vt_buf_addf(b, ", \"%s\": ", rows[i].name);
    number(b, rows[i].v);
  }
  vt_buf_adds(b, "},\n ");
}

void vt_compare_json(const struct vt_comparison *c, struct vt_buf *b)
{
  vt_buf_adds(b, "{\"metric\": ");
  vt_json_text(b, c->metric);
  vt_buf_adds(b, ", \"runs\": [");
  for (int i = 0; i < c->nruns; i++) {
    const struct vt_run *r = &c->run[i];
    vt_buf_addf(b, "%s{\"run\": ", i ? ",\n " : "");
    vt_json_text(b, r->path);
    vt_buf_adds(b, ", \"parameters\": ");
    number(b, r->parameters);
    vt_buf_adds(b, ", \"multiply_adds\": ");
    number(b, r->macs);
    vt_buf_adds(b, ", \"figures\": {");
    for (int k = 0; k < r->n; k++) {
      vt_buf_adds(b, k ? ", " : "");
      vt_json_text(b, r->column[k]);
      vt_buf_adds(b, ": ");
      number(b, vt_run_figure(r, r->column[k]));
    }
    vt_buf_adds(b, "}}");
  }
  vt_buf_adds(b, "], \"recipe_differences\": {");
  differences(c, json_difference, b);
  vt_buf_adds(b, "}, ");
  if (c->change_of) json_mean(c, b);
  vt_buf_adds(b, "\"images\": [");
  for (int i = 0; i < c->nchanges; i++) {
    vt_buf_adds(b, i ? ",\n {\"image\": " : "{\"image\": ");
    vt_json_text(b, c->change[i].image);
    vt_buf_addf(b, ", \"first\": %.9g, \"last\": %.9g}", c->change[i].first, c->change[i].last);
  }
  vt_buf_adds(b, "]}\n");
}

/* ---- page ---- */

static void page_number(struct vt_buf *b, double v, bool is_cost)
{
  char text[32];
  if (isnan(v))
    vt_buf_adds(b, "&ndash;");
  else
    vt_buf_adds(b, is_cost ? vt_short_number(text, v) : (snprintf(text, sizeof text, "%.4g", v), text));
}

static void cells(const struct vt_comparison *c, const char *name,
                  const char *(*text)(const struct vt_run *, const char *),
                  double (*value)(const struct vt_run *, const char *), struct vt_buf *b)
{
  vt_buf_adds(b, "<tr><td>");
  vt_html_text(b, name);
  for (int i = 0; i < c->nruns; i++) {
    vt_buf_adds(b, "</td><td>");
    if (text)
      vt_html_text(b, text(&c->run[i], name));
    else
      page_number(b, value(&c->run[i], name), value == cost_of);
  }
  vt_buf_adds(b, "</td></tr>\n");
}

static void page_difference(const struct vt_comparison *c, const char *key, int k, struct vt_buf *b)
{
  (void)k;
  cells(c, key, vt_run_value, NULL, b);
}

static void charts(const struct vt_comparison *c, struct vt_buf *b)
{
  const char *name[VT_MAX_RUNS];
  double x[VT_MAX_RUNS], z[VT_MAX_RUNS], y[VT_MAX_RUNS];
  for (int i = 0; i < c->nruns; i++) {
    name[i] = c->run[i].name;
    x[i] = c->run[i].parameters;
    z[i] = c->run[i].macs;
    y[i] = vt_run_figure(&c->run[i], c->metric);
  }
  vt_svg_points(b, "Metric against parameters", "parameters", c->metric, true, c->nruns, name, x, y);
  vt_svg_points(b, "Metric against multiply-adds", "multiply-adds of one picture", c->metric, true, c->nruns,
                name, z, y);
}

/* The picture of a row, small, if it is where the table says. */
static void thumbnail(const char *path, struct vt_buf *b)
{
  enum { SIDE = 96, QUALITY = 80 };
  struct vt_image im = {0}, small = {0};
  struct vt_buf jpeg = {0};
  if (vt_image_read(&im, path, &(struct vt_decode_opts){.min_side = SIDE}, NULL, NULL)) return;
  const double scale = VT_MIN((double)SIDE / VT_MAX(im.width, im.height), 1);
  const int w = VT_MAX((int)(im.width * scale + .5), 1), h = VT_MAX((int)(im.height * scale + .5), 1);
  if (!vt_image_init(&small, w, h, im.channels, NULL) &&
      !vt_image_resize(&small, &im, 0, 0, im.width, im.height, VT_BICUBIC, NULL) &&
      !vt_image_encode(&jpeg, &small, VT_FMT_JPEG, QUALITY, NULL))
    vt_html_jpeg(b, &jpeg, "");
  vt_buf_clear(&jpeg);
  vt_image_clear(&small);
  vt_image_clear(&im);
}

static void changes(const struct vt_comparison *c, struct vt_buf *b)
{
  enum { SHOWN = 200 };
  const struct vt_change_mean *m = &c->change_mean;
  if (!c->change_of) return;
  vt_buf_adds(b, "<h2>Pictures in both tables</h2>\n<p>Mean ");
  vt_html_text(b, c->change_of);
  vt_buf_addf(b, " of %d: %.4g &rarr; %.4g, difference %.4g", m->pictures, m->first, m->last,
              m->last - m->first);
  if (!isnan(m->lo)) vt_buf_addf(b, " (95 %% %.4g to %.4g)", m->lo, m->hi);
  vt_buf_addf(b, "; %d in one table only, %d without a value.</p>\n", m->alone, m->unmeasured);
  if (!c->nchanges) return;
  vt_buf_adds(b, "<h2>Pictures that changed most in ");
  vt_html_text(b, c->change_of);
  vt_buf_adds(b, "</h2>\n<table>\n<tr><th></th><th></th><th>first</th><th>last</th></tr>\n");
  for (int i = 0; i < c->nchanges; i++) {
    vt_buf_adds(b, "<tr><td>");
    if (i < SHOWN) thumbnail(c->change[i].image, b);
    vt_buf_adds(b, "</td><td>");
    vt_html_text(b, c->change[i].image);
    vt_buf_addf(b, "</td><td>%.4g</td><td>%.4g</td></tr>\n", c->change[i].first, c->change[i].last);
  }
  vt_buf_adds(b, "</table>\n");
}

void vt_compare_page(const struct vt_comparison *c, struct vt_buf *b)
{
  vt_html_open(b, "Runs compared");
  vt_buf_adds(b, "<table><tr><th>run</th>");
  for (int i = 0; i < c->nruns; i++) {
    vt_buf_adds(b, "<th>");
    vt_html_text(b, c->run[i].name);
    vt_buf_adds(b, "</th>");
  }
  vt_buf_adds(b, "</tr>\n");
  for (int k = 0; k < c->ncolumns; k++) cells(c, c->column[k], NULL, vt_run_figure, b);
  cells(c, "parameters", NULL, cost_of, b);
  cells(c, "multiply-adds", NULL, cost_of, b);
  vt_buf_adds(b, "</table>\n");
  charts(c, b);
  vt_buf_adds(b, "<h2>Recipes differ in</h2>\n<table>\n");
  differences(c, page_difference, b);
  vt_buf_adds(b, "</table>\n");
  changes(c, b);
  vt_html_close(b);
}
