/* Curves of precision over recall and of F1 over scores, and the figures of each class, as parts of a page.
 */
#include "app/page_curves.h"

#include <math.h>
#include <stdlib.h>

enum { STEPS = 101 };

/* One curve for each class with truth, and their mean before them. */
struct curves {
  int n;
  struct vt_series *s;
  double *y; // (classes + 1, STEPS)
  double x[STEPS];
};

/* The scores that occur, 0 to 1 where none is beyond: probabilities. */
static void score_range(const struct vt_pr_curves *c, double *lo, double *hi)
{
  *lo = 0;
  *hi = 1;
  for (int64_t i = 0; i < c->start[c->ncls]; i++) {
    *lo = VT_MIN(*lo, c->score[i]);
    *hi = VT_MAX(*hi, c->score[i]);
  }
}

static int make_curves(struct curves *v, const struct vt_pr_curves *c, const char *const *name, bool f1,
                       struct vt_err *e)
{
  double lo = 0, hi = 1;
  v->s = vt_calloc((size_t)c->ncls + 1, sizeof *v->s);
  v->y = vt_calloc((size_t)c->ncls + 1, STEPS * sizeof *v->y);
  if (!v->s || !v->y) return vt_fail(e, VT_ENOMEM, "out of memory");
  v->n = 1;
  if (f1) score_range(c, &lo, &hi);
  for (int k = 0; k < STEPS; k++) v->x[k] = lo + (hi - lo) * (k / (STEPS - 1.));
  for (int cls = 0; cls < c->ncls; cls++) {
    if (!c->truths[cls]) continue;
    double *y = v->y + (int64_t)v->n * STEPS;
    for (int k = 0; k < STEPS; k++) {
      y[k] = f1 ? vt_pr_f1(c, cls, v->x[k]) : vt_pr_precision(c, cls, v->x[k]);
      v->y[k] += y[k];
    }
    v->s[v->n++] = (struct vt_series){name[cls], STEPS, v->x, y};
  }
  for (int k = 0; k < STEPS; k++) v->y[k] = v->n > 1 ? v->y[k] / (v->n - 1) : NAN;
  v->s[0] = (struct vt_series){"mean of classes", STEPS, v->x, v->y};
  return 0;
}

static int add_curves(struct vt_buf *b, const struct vt_pr_curves *c, const char *const *name,
                      const char *over, bool f1, struct vt_err *e)
{
  struct curves v = {0};
  char title[120];
  int rc = make_curves(&v, c, name, f1, e);
  if (!rc && f1) {
    int best = 0;
    for (int k = 1; k < STEPS; k++)
      if (v.y[k] > v.y[best]) best = k;
    const bool unit = v.x[0] == 0 && v.x[STEPS - 1] == 1;
    snprintf(title, sizeof title,
             unit ? "F1: best mean %.3f at score %.2f" : "F1: best mean %.3f at score %.4g", v.y[best],
             v.x[best]);
    vt_svg_curves(b, title, "least score", "F1", unit, v.n, v.s);
  } else if (!rc) {
    vt_svg_curves(b, over, "recall", "precision", true, v.n, v.s);
  }
  vt_free(v.s);
  vt_free(v.y);
  return rc;
}

struct area {
  double ap, f1;
  int cls;
};
static int by_area(const void *a, const void *b)
{
  const struct area *x = a, *y = b;
  return x->ap != y->ap ? (x->ap > y->ap ? -1 : 1) : x->cls - y->cls;
}

/* Each class by itself: area under its curve, and the best F1 over all scores. */
static int add_areas(struct vt_buf *b, const struct vt_pr_curves *c, const char *const *name,
                     struct vt_err *e)
{
  struct area *v = vt_calloc((size_t)c->ncls + 1, sizeof *v);
  int n = 0;
  if (!v) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int cls = 0; cls < c->ncls; cls++) {
    if (!c->truths[cls]) continue;
    v[n] = (struct area){0, 0, cls};
    for (int k = 0; k < STEPS; k++) v[n].ap += vt_pr_precision(c, cls, k / (STEPS - 1.)) / STEPS;
    for (int64_t i = c->start[cls]; i < c->start[cls + 1]; i++) {
      const double p = c->precision[i], r = c->recall[i];
      if (p + r > 0) v[n].f1 = VT_MAX(v[n].f1, 2 * p * r / (p + r));
    }
    n++;
  }
  if (n) qsort(v, (size_t)n, sizeof *v, by_area);
  vt_html_section(b, "Each class", "the best first; areas of 101 recalls");
  vt_html_bars_open(b, "area under the curve of precision", "best F1 over all scores");
  for (int k = 0; k < n; k++) {
    char text[48];
    snprintf(text, sizeof text, "%.3f, F1 %.3f", v[k].ap, v[k].f1);
    vt_html_bar(b, name[v[k].cls], v[k].ap, v[k].f1, text);
  }
  vt_html_bars_close(b);
  vt_free(v);
  return 0;
}

int vt_page_curves(struct vt_buf *b, const struct vt_pr_curves *c, const char *const *name, const char *over,
                   struct vt_err *e)
{
  int rc = add_curves(b, c, name, over, false, e);
  if (!rc) rc = add_curves(b, c, name, over, true, e);
  return rc ? rc : add_areas(b, c, name, e);
}
