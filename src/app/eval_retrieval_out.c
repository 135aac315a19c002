/* Retrieval as a page with the CMC curve and categories, and as a table by query. */
#include "app/eval_retrieval.h"

#include <math.h>

/* Means of one figure over the queries of a category, -1 all; and how many they are. */
static double mean_of(const struct vt_retrieved *r, int figure, int32_t category, int64_t *n)
{
  double sum = 0;
  *n = 0;
  for (int64_t q = 0; q < r->nqueries; q++) {
    const double x = r->figure[q * VT_RETRIEVAL_FIGURES + figure];
    if (isnan(x) || (category >= 0 && r->category[r->row[q]] != category)) continue;
    sum += x;
    ++*n;
  }
  return *n ? sum / (double)*n : NAN;
}

static void add_row(struct vt_buf *b, const struct vt_retrieved *r, const char *name, int32_t category)
{
  int64_t n;
  mean_of(r, 0, category, &n);
  vt_buf_adds(b, "<tr><td>");
  vt_html_text(b, name);
  vt_buf_addf(b, "</td><td>%lld</td>", (long long)n);
  for (int k = 0; k < VT_RETRIEVAL_FIGURES; k++) {
    const double v = mean_of(r, k, category, &n);
    if (isnan(v))
      vt_buf_adds(b, "<td>&ndash;</td>");
    else
      vt_buf_addf(b, "<td>%.4f</td>", v);
  }
  vt_buf_adds(b, "</tr>\n");
}

int vt_retrieval_page(const struct vt_retrieved *r, const char *path, struct vt_err *e)
{
  static const char *const curve[3] = {"a match among the first k (CMC)", "precision at k",
                                       "share of all matches"};
  struct vt_buf b = {0};
  double x[VT_RETRIEVAL_KS], y[3][VT_RETRIEVAL_KS];
  struct vt_series s[3];
  char name[80];
  int64_t n;
  for (int k = 0; k < VT_RETRIEVAL_KS; k++) x[k] = vt_retrieval_k[k];
  for (int i = 0; i < 3; i++) {
    for (int k = 0; k < VT_RETRIEVAL_KS; k++)
      y[i][k] = mean_of(r, VT_QUERY_FIGURES + i * VT_RETRIEVAL_KS + k, -1, &n);
    s[i] = (struct vt_series){curve[i], VT_RETRIEVAL_KS, x, y[i]};
  }
  vt_html_open(&b, "Retrieval");
  vt_svg_curves(&b, "By number of matches looked at", "k", "mean over queries", false, 3, s);
  vt_buf_adds(&b, "<table><tr><th>category</th><th>queries</th>");
  for (int k = 0; k < VT_RETRIEVAL_FIGURES; k++) {
    vt_retrieval_name(name, sizeof name, k);
    vt_buf_addf(&b, "<th>%s</th>", name);
  }
  vt_buf_adds(&b, "</tr>\n");
  add_row(&b, r, "all", -1);
  for (int32_t c = 0; c < r->categories.n; c++) add_row(&b, r, r->categories.v[c], c);
  vt_buf_adds(&b, "</table>\n");
  vt_html_close(&b);
  int rc = b.failed ? vt_fail(e, VT_ENOMEM, "%s: out of memory", path)
                    : vt_file_write_atomic(path, b.data, b.len, e);
  vt_buf_clear(&b);
  return rc;
}

/* image, then all figures, average precision last; empty where nothing is relevant. */
int vt_retrieval_queries(const struct vt_retrieved *r, const char *path, struct vt_err *e)
{
  struct vt_buf b = {0};
  char name[80];
  vt_buf_adds(&b, "image,label");
  for (int k = 1; k <= VT_RETRIEVAL_FIGURES; k++) {
    vt_retrieval_name(name, sizeof name, k % VT_RETRIEVAL_FIGURES);
    vt_buf_addf(&b, ",%s", name);
  }
  vt_buf_addc(&b, '\n');
  for (int64_t q = 0; q < r->nqueries; q++) {
    const int64_t row = r->row[q];
    snprintf(name, sizeof name, "%lld", (long long)row);
    vt_csv_put(&b, r->name[row] ? r->name[row] : name, true);
    vt_csv_put(&b, r->labels.v[r->label[row]], false);
    for (int k = 1; k <= VT_RETRIEVAL_FIGURES; k++) {
      const double v = r->figure[q * VT_RETRIEVAL_FIGURES + k % VT_RETRIEVAL_FIGURES];
      vt_buf_addc(&b, ',');
      if (!isnan(v)) vt_buf_addf(&b, "%.9g", v);
    }
    vt_buf_addc(&b, '\n');
  }
  int rc = b.failed ? vt_fail(e, VT_ENOMEM, "%s: out of memory", path)
                    : vt_file_write_atomic(path, b.data, b.len, e);
  vt_buf_clear(&b);
  return rc;
}
