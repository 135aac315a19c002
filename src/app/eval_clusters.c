/* Agreement of two columns of a table as clusterings. */
#include "app/eval_retrieval.h"

#include <math.h>

struct pairs {
  int64_t n, cap;
  int32_t *a, *b;
};

static int add(struct pairs *p, int32_t a, int32_t b, struct vt_err *e)
{
  if (p->n == p->cap) {
    const int64_t cap = p->cap ? 2 * p->cap : 1024;
    int32_t *x = cap <= INT32_MAX ? vt_reallocarray(p->a, (size_t)cap, sizeof *x) : NULL;
    if (x) p->a = x;
    int32_t *y = x ? vt_reallocarray(p->b, (size_t)cap, sizeof *y) : NULL;
    if (!y) return vt_fail(e, VT_ENOMEM, "out of memory for %lld rows", (long long)cap);
    p->b = y;
    p->cap = cap;
  }
  p->a[p->n] = a;
  p->b[p->n++] = b;
  return 0;
}

/* ---- intervals */

struct draws {
  const struct pairs *p;
  struct pairs drawn;
  int rc;
  struct vt_err *e;
};

static void measure_draw(void *ctx, const int32_t *weight, double *figure)
{
  struct draws *w = ctx;
  int64_t n = 0;
  figure[0] = figure[1] = NAN;
  for (int64_t i = 0; i < w->p->n; i++)
    for (int32_t k = 0; k < weight[i]; k++) {
      w->drawn.a[n] = w->p->a[i];
      w->drawn.b[n++] = w->p->b[i];
    }
  if (!w->rc) w->rc = vt_cluster_agreement(w->drawn.a, w->drawn.b, n, &figure[0], &figure[1], w->e);
}

static int add_intervals(const struct pairs *p, int rounds, uint64_t seed, struct vt_figures *f,
                         struct vt_err *e)
{
  static const char *const name[] = {"NMI", "AMI"};
  double low[2], high[2];
  struct draws w = {.p = p, .e = e};
  w.drawn.a = vt_calloc((size_t)p->n, sizeof *w.drawn.a);
  w.drawn.b = vt_calloc((size_t)p->n, sizeof *w.drawn.b);
  int rc = w.drawn.a && w.drawn.b ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  const struct vt_bootstrap_job j = {.n = p->n,
                                     .rounds = rounds,
                                     .figures = 2,
                                     .level = .95,
                                     .seed = seed,
                                     .measure = measure_draw,
                                     .ctx = &w};
  if (!rc) rc = vt_bootstrap_of(&j, low, high, e);
  if (!rc) rc = w.rc;
  for (int k = 0; k < 2 && !rc; k++) {
    vt_figures_addf(f, low[k], "%s_low", name[k]);
    vt_figures_addf(f, high[k], "%s_high", name[k]);
  }
  vt_free(w.drawn.a);
  vt_free(w.drawn.b);
  return rc;
}

int vt_eval_clusters(const char *table, const char *first, const char *second, int rounds, uint64_t seed,
                     struct vt_figures *f, struct vt_err *e)
{
  struct vt_words wa = {0}, wb = {0};
  struct pairs p = {0};
  struct vt_csv c;
  double nmi, ami;
  int ka, kb, got = 0, rc = vt_csv_open(&c, table, e);
  if (rc) return rc;
  rc = vt_csv_need(&c, first, &ka, e);
  if (!rc) rc = vt_csv_need(&c, second, &kb, e);
  while (!rc && (got = vt_csv_next(&c, e)) > 0) {
    const int empty = !*c.field[ka] ? ka : !*c.field[kb] ? kb : -1;
    if (empty >= 0) {
      rc = vt_fail(e, VT_EFORMAT, "%s: line %lld: column %s is empty", table, (long long)c.line,
                   c.column[empty]);
      break;
    }
    const int32_t a = vt_words_number(&wa, c.field[ka]), b = vt_words_number(&wb, c.field[kb]);
    rc = a < 0 || b < 0 ? vt_fail(e, VT_ENOMEM, "%s: out of memory", table) : add(&p, a, b, e);
  }
  if (!rc && got < 0) rc = got;
  vt_csv_close(&c);
  if (!rc && !p.n) rc = vt_fail(e, VT_EFORMAT, "%s: no rows", table);
  if (!rc) rc = vt_cluster_agreement(p.a, p.b, p.n, &nmi, &ami, e);
  if (!rc) {
    vt_figures_add(f, "rows", (double)p.n);
    vt_figures_addf(f, wa.n, "clusters %s", first);
    vt_figures_addf(f, wb.n, "clusters %s", second);
    vt_figures_add(f, "NMI", nmi);
    vt_figures_add(f, "AMI", ami);
    if (rounds) rc = add_intervals(&p, rounds, seed, f, e);
  }
  vt_free(p.a);
  vt_free(p.b);
  vt_words_clear(&wa);
  vt_words_clear(&wb);
  return rc;
}
