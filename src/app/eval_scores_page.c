/* What figures do not show of classification: curves, confusions, each class, each picture. */
#include "app/eval_scores.h"
#include "app/page_curves.h"

#include <math.h>

static void add_table(struct vt_buf *b, const struct vt_score_table *t, const struct vt_decisions *d)
{
  vt_buf_adds(b,
              "<table><tr><th>class</th><th>labels</th><th>precision</th><th>recall</th><th>F1</th></tr>\n");
  for (int k = 0; k < t->classes; k++) {
    const int64_t right = d->right[k], found = right + d->wrong[k], truth = right + d->missed[k];
    vt_buf_adds(b, "<tr><td>");
    vt_html_text(b, t->cls[k]);
    vt_buf_addf(b, "</td><td>%lld</td>", (long long)truth);
    const int64_t part[3][2] = {{right, found}, {right, truth}, {2 * right, found + truth}};
    for (int i = 0; i < 3; i++)
      if (part[i][1])
        vt_buf_addf(b, "<td>%.4f</td>", (double)part[i][0] / (double)part[i][1]);
      else
        vt_buf_adds(b, "<td>&ndash;</td>");
    vt_buf_adds(b, "</tr>\n");
  }
  vt_buf_adds(b, "</table>\n");
}

/* With one label a row: (classes, classes), rows truth. NULL out of memory. */
static int64_t *confusion_of(const struct vt_score_table *t, const struct vt_decisions *d)
{
  int64_t *count = vt_calloc((size_t)t->classes * (size_t)t->classes, sizeof *count);
  for (int64_t i = 0; i < d->n && count; i++) {
    const bool both = d->v[i].truth && d->v[i].found,
               pair = !both && i + 1 < d->n && d->v[i].row == d->v[i + 1].row;
    if (!both && !pair) continue;
    const struct vt_decision *truth = both || d->v[i].truth ? &d->v[i] : &d->v[i + 1];
    const struct vt_decision *found = both || d->v[i].found ? &d->v[i] : &d->v[i + 1];
    count[(int64_t)truth->cls * t->classes + found->cls]++;
  }
  return count;
}

int vt_score_page(const struct vt_score_table *t, const struct vt_decisions *d, const struct vt_score_opts *o,
                  struct vt_err *e)
{
  struct vt_pr_curves c = {0};
  struct vt_buf b = {0};
  int64_t *count = NULL;
  int rc = vt_scores_pr(&c, t->score, t->truth, t->n, t->classes, e);
  vt_html_open(&b, "Classification");
  if (!rc) rc = vt_page_curves(&b, &c, t->cls, "Precision over recall", e);
  if (!rc && !t->several && !(count = confusion_of(t, d)))
    rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", o->report);
  if (count) {
    vt_svg_matrix(&b, "Confusion", false, t->classes, t->cls, count);
    vt_svg_matrix(&b, "The same as shares of each row", true, t->classes, t->cls, count);
  }
  add_table(&b, t, d);
  vt_html_close(&b);
  if (!rc && b.failed) rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", o->report);
  if (!rc) rc = vt_file_write_atomic(o->report, b.data, b.len, e);
  vt_buf_clear(&b);
  vt_free(count);
  vt_pr_curves_clear(&c);
  return rc;
}

/* image,right,wrong,missed,f1 */
int vt_score_pictures(const struct vt_score_table *t, const struct vt_decisions *d, const char *path,
                      struct vt_err *e)
{
  struct vt_buf b = {0};
  vt_buf_adds(&b, "image,right,wrong,missed,f1\n");
  for (int64_t i = 0, k = 0; i < t->n; i++) {
    int right = 0, wrong = 0, missed = 0;
    for (; k < d->n && d->v[k].row == i; k++) {
      right += d->v[k].truth && d->v[k].found;
      wrong += !d->v[k].truth;
      missed += !d->v[k].found;
    }
    if (*t->name[i])
      vt_csv_put(&b, t->name[i], true);
    else
      vt_buf_addf(&b, "row %lld", (long long)i + 1);
    vt_buf_addf(&b, ",%d,%d,%d,%.9g\n", right, wrong, missed, 2. * right / (2 * right + wrong + missed));
  }
  int rc = b.failed ? vt_fail(e, VT_ENOMEM, "%s: out of memory", path)
                    : vt_file_write_atomic(path, b.data, b.len, e);
  vt_buf_clear(&b);
  return rc;
}
