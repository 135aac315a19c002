/* Two tables of results by picture: what changed, and by how much on average. A picture that stands in both
 * several times (a garment a row) is paired in the order of its rows. */
#include "app/compare.h"
#include "eval/eval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PICTURES = 1 << 24 };

struct row {
  const char *image;
  double value; /* NaN: nothing to measure there */
  int at;       /* in its table, from 0 */
};
struct table {
  const char *path;
  int n, cap;
  struct row *v;
};

static int out_of_memory(struct vt_err *e)
{
  return vt_fail(e, VT_ENOMEM, "out of memory");
}

static int by_name(const void *a, const void *b)
{
  const struct row *x = a, *y = b;
  const int order = strcmp(x->image, y->image);
  return order ? order : x->at - y->at;
}

static int by_change(const void *a, const void *b)
{
  const struct vt_image_change *x = a, *y = b;
  const double u = fabs(x->last - x->first), v = fabs(y->last - y->first);
  return u != v ? (u > v ? -1 : 1) : strcmp(x->image, y->image);
}

static int add_row(struct table *t, const char *image, double value, struct vt_err *e)
{
  if (!image) return out_of_memory(e);
  if (t->n == t->cap) {
    if (t->cap >= MAX_PICTURES)
      return vt_fail(e, VT_ELIMIT, "%s: more than %d pictures", t->path, MAX_PICTURES);
    const int cap = t->cap ? 2 * t->cap : 256;
    struct row *v = vt_reallocarray(t->v, (size_t)cap, sizeof *v);
    if (!v) return out_of_memory(e);
    t->v = v;
    t->cap = cap;
  }
  t->v[t->n] = (struct row){image, value, t->n};
  t->n++;
  return 0;
}

/* *column NULL: the last one, which it then names. */
static int read_table(struct vt_comparison *c, struct table *t, const char **column, struct vt_err *e)
{
  struct vt_csv s;
  int got = 0, k, rc = vt_csv_open(&s, t->path, e);
  if (rc) return rc;
  if (!*column && s.ncolumns > 1 && !(*column = vt_arena_strdup(&c->arena, s.column[s.ncolumns - 1])))
    rc = out_of_memory(e);
  if (!rc) rc = vt_csv_need(&s, *column ? *column : "f1", &k, e);
  while (!rc && (got = vt_csv_next(&s, e)) > 0) {
    double v = NAN;
    if (*s.field[k] && !vt_parse_f64(s.field[k], &v))
      rc = vt_fail(e, VT_EFORMAT, "%s: line %lld: %s is no number: %s", t->path, (long long)s.line,
                   s.column[k], s.field[k]);
    if (!rc) rc = add_row(t, vt_arena_strdup(&c->arena, s.field[0]), v, e);
  }
  vt_csv_close(&s);
  if (!rc && t->n) qsort(t->v, (size_t)t->n, sizeof *t->v, by_name);
  return rc ? rc : VT_MIN(got, 0);
}

/* How many rows from `from` on are of its picture. */
static int times(const struct table *t, int from)
{
  int n = 1;
  while (from + n < t->n && !strcmp(t->v[from].image, t->v[from + n].image)) n++;
  return n;
}

/* Pairs rows of one picture into out, which has room for those of a; counts what has no partner or no value.
 * How many; or an error. */
static int pair_rows(struct vt_image_change *out, struct vt_change_mean *m, const struct table *a,
                     const struct table *b, struct vt_err *e)
{
  int n = 0;
  for (int i = 0, k = 0; i < a->n || k < b->n;) {
    const int order = i == a->n ? 1 : k == b->n ? -1 : strcmp(a->v[i].image, b->v[k].image);
    const int na = order <= 0 ? times(a, i) : 0, nb = order >= 0 ? times(b, k) : 0;
    if (order) {
      m->alone += na + nb;
    } else if (na != nb) {
      return vt_fail(e, VT_EFORMAT, "picture '%.200s' stands %d times in %s, %d times in %s", a->v[i].image,
                     na, a->path, nb, b->path);
    }
    for (int j = 0; j < na && !order; j++) {
      const struct vt_image_change v = {a->v[i + j].image, a->v[i + j].value, b->v[k + j].value};
      const bool measured = !isnan(v.first) && !isnan(v.last);
      m->unmeasured += !measured;
      if (measured) out[n++] = v;
    }
    i += na;
    k += nb;
  }
  return n;
}

/* Means over the n pairs, and by `rounds` draws of them the interval of their difference. */
static int average(struct vt_change_mean *m, const struct vt_image_change *v, int n,
                   const struct vt_compare_opts *o, struct vt_err *e)
{
  m->pictures = n;
  m->first = m->last = m->lo = m->hi = NAN;
  if (!n) return 0;
  double *by = vt_calloc((size_t)n, sizeof *by), first = 0, last = 0;
  if (!by) return out_of_memory(e);
  for (int i = 0; i < n; i++) {
    first += v[i].first;
    last += v[i].last;
    by[i] = v[i].last - v[i].first;
  }
  m->first = first / n;
  m->last = last / n;
  int rc = o->rounds ? vt_bootstrap(by, n, o->rounds, .95, o->seed, &m->lo, &m->hi, e) : 0;
  vt_free(by);
  return rc;
}

int vt_compare_images(struct vt_comparison *c, const char *first, const char *last,
                      const struct vt_compare_opts *o, struct vt_err *e)
{
  struct table a = {.path = first}, b = {.path = last};
  c->change_of = o->column;
  c->change_mean = (struct vt_change_mean){0};
  int n = 0, changed = 0, rc = read_table(c, &a, &c->change_of, e);
  if (!rc) rc = read_table(c, &b, &c->change_of, e);
  struct vt_image_change *v = rc ? NULL : vt_calloc((size_t)a.n + 1, sizeof *v);
  if (!rc && !v) rc = out_of_memory(e);
  if (!rc && (n = pair_rows(v, &c->change_mean, &a, &b, e)) < 0) rc = n;
  if (!rc) rc = average(&c->change_mean, v, n, o, e);
  for (int i = 0; i < n; i++)
    if (v[i].first != v[i].last) v[changed++] = v[i];
  if (changed) qsort(v, (size_t)changed, sizeof *v, by_change);
  c->nchanges = VT_MIN(changed, o->top);
  c->change = v;
  vt_free(a.v);
  vt_free(b.v);
  return rc;
}
