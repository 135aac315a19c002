/* The table of results: one row per epoch, columns in order of first appearance.
 *
 * It is kept whole in memory and in the checkpoint, and results.csv is replaced as a whole after each epoch:
 * a run resumed from an earlier state never leaves rows of epochs that it is about to repeat. */
#include "train/trainer.h"

#include <math.h>
#include <string.h>

int vt__results_init(struct vt_results *t, struct vt_err *e)
{
  *t = (struct vt_results){.cap = 16};
  t->name = vt_calloc(VT_MAX_COLUMNS, sizeof *t->name);
  t->v = vt_calloc((size_t)t->cap * VT_MAX_COLUMNS, sizeof *t->v);
  if (t->name && t->v) return 0;
  vt__results_clear(t);
  return vt_fail(e, VT_ENOMEM, "results: out of memory");
}

void vt__results_clear(struct vt_results *t)
{
  vt_free(t->name);
  vt_free(t->v);
  *t = (struct vt_results){0};
}

int vt__results_add_row(struct vt_results *t, struct vt_err *e)
{
  if (t->nrows >= VT_MAX_EPOCHS) return vt_fail(e, VT_ELIMIT, "results: more than %d rows", VT_MAX_EPOCHS);
  if (t->nrows == t->cap) {
    double *v = vt_reallocarray(t->v, (size_t)t->cap * 2 * VT_MAX_COLUMNS, sizeof *v);
    if (!v) return vt_fail(e, VT_ENOMEM, "results: out of memory");
    t->v = v;
    t->cap *= 2;
  }
  for (int i = 0; i < VT_MAX_COLUMNS; i++) t->v[(size_t)t->nrows * VT_MAX_COLUMNS + i] = NAN;
  t->nrows++;
  return 0;
}

int vt__results_find(const struct vt_results *t, const char *column)
{
  for (int i = 0; i < t->ncols; i++)
    if (!strcmp(t->name[i], column)) return i;
  return -1;
}

int vt__results_set(struct vt_results *t, const char *column, double value, struct vt_err *e)
{
  int k = vt__results_find(t, column);
  if (k < 0) {
    if (t->ncols == VT_MAX_COLUMNS)
      return vt_fail(e, VT_ELIMIT, "results: %s is more than the %d columns allowed", column, VT_MAX_COLUMNS);
    k = t->ncols++;
    snprintf(t->name[k], sizeof t->name[k], "%s", column);
  }
  t->v[(size_t)(t->nrows - 1) * VT_MAX_COLUMNS + k] = value;
  return 0;
}

int vt__results_metric(const struct vt_results *t, const char *metric, struct vt_err *e)
{
  char name[64];
  snprintf(name, sizeof name, "train_%s", metric);
  int k = vt__results_find(t, metric);
  if (k < 0) k = vt__results_find(t, name);
  if (k >= 0) return k;
  struct vt_buf known;
  vt_buf_init(&known);
  for (int i = 0; i < t->ncols; i++) vt_buf_addf(&known, "%s%s", i ? ", " : "", t->name[i]);
  int rc = vt_fail(e, VT_EARG, "best: no metric '%s' is measured; there are %s", metric, known.data);
  vt_buf_clear(&known);
  return rc;
}

void vt__results_line(const struct vt_results *t, int64_t epochs, struct vt_buf *out)
{
  const double *row = t->v + (size_t)(t->nrows - 1) * VT_MAX_COLUMNS;
  for (int k = 0; k < t->ncols; k++) {
    if (isnan(row[k])) continue;
    if (!strcmp(t->name[k], "epoch"))
      vt_buf_addf(out, "epoch %.0f/%lld", row[k], (long long)epochs);
    else if (!strcmp(t->name[k], "seconds"))
      vt_buf_addf(out, "  %.0f s", row[k]);
    else if (strcmp(t->name[k], "step"))
      vt_buf_addf(out, "  %s %.4g", t->name[k], row[k]);
  }
}

int vt__results_write_csv(const struct vt_results *t, const char *path, struct vt_err *e)
{
  struct vt_buf b;
  vt_buf_init(&b);
  for (int k = 0; k < t->ncols; k++) vt_csv_put(&b, t->name[k], k == 0);
  vt_buf_addc(&b, '\n');
  for (int i = 0; i < t->nrows; i++) {
    for (int k = 0; k < t->ncols; k++) {
      char text[32] = "";
      double v = t->v[(size_t)i * VT_MAX_COLUMNS + k];
      if (!isnan(v)) snprintf(text, sizeof text, "%.9g", v);
      vt_csv_put(&b, text, k == 0);
    }
    vt_buf_addc(&b, '\n');
  }
  int rc = b.failed ? vt_fail(e, VT_ENOMEM, "%s: out of memory", path)
                    : vt_file_write_atomic(path, b.data, b.len, e);
  vt_buf_clear(&b);
  return rc;
}
