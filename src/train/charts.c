/* Charts of a run: training loss, metrics of validation and learning rate over epochs. */
#include "train/trainer.h"
#include "plot/plot.h"

#include <math.h>
#include <string.h>

static bool is_bookkeeping(const char *name)
{
  return !strcmp(name, "epoch") || !strcmp(name, "step") || !strcmp(name, "seconds") ||
         !strcmp(name, "images/s");
}

/* Which chart a column belongs to: losses of any kind together, all else that is measured together. */
static const char *chart_of(const char *name)
{
  if (is_bookkeeping(name)) return NULL;
  if (!strcmp(name, "lr")) return "lr";
  return strstr(name, "loss") ? "loss" : "metrics";
}

static int write_chart(const struct vt_results *t, const char *dir, const char *chart, double *xy,
                       struct vt_err *e)
{
  struct vt_series s[VT_MAX_COLUMNS];
  int n = 0, epoch = vt__results_find(t, "epoch");
  for (int k = 0; k < t->ncols; k++) {
    const char *c = chart_of(t->name[k]);
    if (!c || strcmp(c, chart)) continue;
    double *x = xy + (size_t)k * 2 * (size_t)t->nrows, *y = x + t->nrows;
    int m = 0;
    for (int i = 0; i < t->nrows; i++) {
      const double *row = t->v + (size_t)i * VT_MAX_COLUMNS;
      if (!isfinite(row[k])) continue;
      x[m] = epoch >= 0 ? row[epoch] : i + 1;
      y[m++] = row[k];
    }
    if (m) s[n++] = (struct vt_series){t->name[k], m, x, y};
  }
  if (!n) return 0;
  char name[32];
  snprintf(name, sizeof name, "%s.svg", chart);
  char *path = vt_path_join(NULL, dir, name);
  if (!path) return vt_fail(e, VT_ENOMEM, "%s: out of memory", name);
  int rc = vt_plot_lines(path, NULL, "epoch", chart, n, s, e);
  vt_free(path);
  return rc;
}

void vt__charts_write(const struct vt_results *t, const char *dir)
{
  static const char *const charts[] = {"loss", "metrics", "lr"};
  struct vt_err e = {0};
  double *xy = vt_calloc((size_t)VT_MAX(t->nrows, 1) * 2 * VT_MAX_COLUMNS, sizeof *xy);
  int rc = xy ? 0 : vt_fail(&e, VT_ENOMEM, "charts: out of memory");
  for (size_t i = 0; i < VT_COUNT(charts) && !rc; i++) rc = write_chart(t, dir, charts[i], xy, &e);
  if (rc) vt_log(VT_LOG_WARN, "%s", e.msg);
  vt_free(xy);
}
