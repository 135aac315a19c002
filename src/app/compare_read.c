/* Reading runs: what `train` leaves in a folder, and results by picture. The recipe is read as train prints
 * it: `key: value # help`, groups one level deep. */
#include "app/compare_internal.h"
#include "eval/eval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_KEYS = 1024, MAX_ROWS = 1 << 20, MAX_RECIPE = 1 << 20 };

static int out_of_memory(struct vt_err *e)
{
  return vt_fail(e, VT_ENOMEM, "out of memory");
}

static int read_results(struct vt_comparison *c, struct vt_run *r, const char *path, struct vt_err *e)
{
  struct vt_csv t;
  int got = 0, rc = vt_csv_open(&t, path, e), cap = 0;
  if (rc) return rc;
  r->n = t.ncolumns;
  r->column = vt_arena_alloc(&c->arena, (size_t)r->n * sizeof *r->column);
  for (int k = 0; k < r->n && r->column; k++)
    if (!(r->column[k] = vt_arena_strdup(&c->arena, t.column[k]))) rc = out_of_memory(e);
  if (!r->column) rc = out_of_memory(e);
  while (!rc && (got = vt_csv_next(&t, e)) > 0) {
    if (r->rows == MAX_ROWS) rc = vt_fail(e, VT_ELIMIT, "%s: more than %d rows", path, MAX_ROWS);
    if (!rc && r->rows == cap) {
      double *v = vt_reallocarray(r->v, (size_t)(cap = cap ? 2 * cap : 64) * (size_t)r->n, sizeof *v);
      if (!v) rc = out_of_memory(e);
      if (v) r->v = v;
    }
    for (int k = 0; k < r->n && !rc; k++) {
      double *v = &r->v[(int64_t)r->rows * r->n + k];
      if (!*t.field[k])
        *v = NAN;
      else if (!vt_parse_f64(t.field[k], v))
        rc = vt_fail(e, VT_EFORMAT, "%s: line %lld: %s is no number: %s", path, (long long)t.line,
                     r->column[k], t.field[k]);
    }
    r->rows++;
  }
  vt_csv_close(&t);
  if (!rc && got >= 0 && !r->rows) rc = vt_fail(e, VT_EFORMAT, "%s: no epoch yet", path);
  return rc ? rc : VT_MIN(got, 0);
}

/* One line of a resolved recipe; group: what indented keys belong to. */
static int read_line(struct vt_comparison *c, struct vt_run *r, char *line, char group[64], struct vt_err *e)
{
  bool inner = *line == ' ';
  char *key = line + strspn(line, " "), *colon = strchr(key, ':');
  if (!*key || *key == '#' || !colon) return 0;
  *colon = 0;
  char *value = colon + 1 + strspn(colon + 1, " "), *note = strstr(value, " # ");
  if (*value == '#') *value = 0;
  if (note) *note = 0;
  for (size_t n = strlen(value); n && strchr(" \r", value[n - 1]); n--) value[n - 1] = 0;
  if (!inner) snprintf(group, 64, "%s", key);
  if (!inner && !*value && !note) return 0; /* a group's head */
  if (r->nkeys == MAX_KEYS) return vt_fail(e, VT_ELIMIT, "recipe: more than %d keys", MAX_KEYS);
  struct vt_run_pair p = {inner ? vt_arena_printf(&c->arena, "%s.%s", group, key)
                                : vt_arena_strdup(&c->arena, key),
                          vt_arena_strdup(&c->arena, value)};
  if (!p.key || !p.value) return out_of_memory(e);
  r->recipe[r->nkeys++] = p;
  return 0;
}

static int read_recipe(struct vt_comparison *c, struct vt_run *r, const char *path, struct vt_err *e)
{
  char *text, group[64] = "", *state = NULL;
  size_t len;
  int rc = vt_file_read(path, MAX_RECIPE, &text, &len, e);
  if (rc) return rc;
  r->recipe = vt_arena_alloc(&c->arena, MAX_KEYS * sizeof *r->recipe);
  if (!r->recipe) rc = out_of_memory(e);
  for (char *line = strtok_r(text, "\n", &state); line && !rc; line = strtok_r(NULL, "\n", &state))
    rc = read_line(c, r, line, group, e);
  vt_free(text);
  return rc;
}

int vt__compare_read(struct vt_comparison *c, struct vt_run *r, const char *path, struct vt_err *e)
{
  *r = (struct vt_run){.path = path, .parameters = NAN, .macs = NAN};
  const char *results = vt_path_join(&c->arena, path, "results.csv"),
             *recipe = vt_path_join(&c->arena, path, "recipe.yaml");
  if (!results || !recipe) return out_of_memory(e);
  int rc = read_results(c, r, results, e);
  return rc ? rc : read_recipe(c, r, recipe, e);
}

static int column_of(const struct vt_run *r, const char *name)
{
  for (int k = 0; k < r->n; k++)
    if (!strcmp(r->column[k], name)) return k;
  return -1;
}

double vt_run_figure(const struct vt_run *r, const char *column)
{
  int k = column_of(r, column);
  for (int row = r->best; k >= 0 && row >= 0; row--) /* measured at times: what held then */
    if (!isnan(r->v[(int64_t)row * r->n + k])) return r->v[(int64_t)row * r->n + k];
  return NAN;
}

const char *vt_run_value(const struct vt_run *r, const char *key)
{
  for (int k = 0; k < r->nkeys; k++)
    if (!strcmp(r->recipe[k].key, key)) return r->recipe[k].value;
  return "";
}

static void choose_row(struct vt_run *r, const char *metric, bool max)
{
  int k = column_of(r, metric);
  double best = NAN;
  r->best = r->rows - 1;
  for (int row = 0; k >= 0 && row < r->rows; row++) {
    double v = r->v[(int64_t)row * r->n + k];
    if (isnan(v) || (!isnan(best) && (max ? v <= best : v >= best))) continue;
    best = v;
    r->best = row;
  }
}

int vt__compare_choose(struct vt_comparison *c, const char *metric, struct vt_err *e)
{
  c->metric = metric ? metric : vt_run_value(&c->run[0], "best");
  c->max = strcmp(vt_run_value(&c->run[0], "best_mode"), "min") != 0;
  if (metric && strcmp(metric, vt_run_value(&c->run[0], "best"))) c->max = !strstr(metric, "loss");
  for (int i = 0; i < c->nruns; i++) {
    if (column_of(&c->run[i], c->metric) < 0)
      return vt_fail(e, VT_ENOENT,
                     "%s: results.csv has no column '%s'; give --metric with one that all runs have",
                     c->run[i].path, c->metric);
    choose_row(&c->run[i], c->metric, c->max);
  }
  return 0;
}

/* ---- pictures ---- */

struct by_image {
  int n, cap;
  struct vt_image_change *v;
};

static int by_name(const void *a, const void *b)
{
  return strcmp(((const struct vt_image_change *)a)->image, ((const struct vt_image_change *)b)->image);
}

static int by_change(const void *a, const void *b)
{
  const struct vt_image_change *x = a, *y = b;
  double u = fabs(x->last - x->first), v = fabs(y->last - y->first);
  return u != v ? (u > v ? -1 : 1) : strcmp(x->image, y->image);
}

static int read_images(struct vt_comparison *c, struct by_image *t, const char *path, const char **column,
                       struct vt_err *e)
{
  struct vt_csv s;
  int got = 0, k, rc = vt_csv_open(&s, path, e);
  if (rc) return rc;
  if (!*column && s.ncolumns > 1 && !(*column = vt_arena_strdup(&c->arena, s.column[s.ncolumns - 1])))
    rc = out_of_memory(e);
  if (!rc) rc = vt_csv_need(&s, *column ? *column : "f1", &k, e);
  while (!rc && (got = vt_csv_next(&s, e)) > 0) {
    double v;
    if (!*s.field[k]) continue; /* nothing to measure there */
    if (!vt_parse_f64(s.field[k], &v)) {
      rc = vt_fail(e, VT_EFORMAT, "%s: line %lld: %s is no number: %s", path, (long long)s.line, s.column[k],
                   s.field[k]);
      break;
    }
    if (t->n == t->cap) {
      struct vt_image_change *w = t->cap < MAX_ROWS * 16
                                      ? vt_reallocarray(t->v, (size_t)(t->cap ? 2 * t->cap : 256), sizeof *w)
                                      : NULL;
      if (!w) {
        rc = out_of_memory(e);
        break;
      }
      t->v = w;
      t->cap = t->cap ? 2 * t->cap : 256;
    }
    t->v[t->n] = (struct vt_image_change){vt_arena_strdup(&c->arena, s.field[0]), v, NAN};
    if (!t->v[t->n++].image) rc = out_of_memory(e);
  }
  vt_csv_close(&s);
  if (!rc && t->n) qsort(t->v, (size_t)t->n, sizeof *t->v, by_name);
  return rc ? rc : VT_MIN(got, 0);
}

/* Means over the n pairs, and by `rounds` draws of them the interval of their difference. */
static int average(struct vt_change_mean *m, const struct vt_image_change *v, int n,
                   const struct vt_compare_opts *o, struct vt_err *e)
{
  *m = (struct vt_change_mean){.pictures = n, .first = NAN, .last = NAN, .lo = NAN, .hi = NAN};
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
  struct by_image a = {0}, b = {0};
  c->change_of = o->column;
  int n = 0, changed = 0, rc = read_images(c, &a, first, &c->change_of, e);
  if (!rc) rc = read_images(c, &b, last, &c->change_of, e);
  const int all = a.n;
  for (int i = 0, k = 0; i < all && !rc; i++) { /* pictures of both */
    while (k < b.n && strcmp(b.v[k].image, a.v[i].image) < 0) k++;
    if (k == b.n || strcmp(b.v[k].image, a.v[i].image)) continue;
    a.v[n] = a.v[i];
    a.v[n++].last = b.v[k++].first;
  }
  if (!rc) rc = average(&c->change_mean, a.v, n, o, e);
  c->change_mean.alone = all + b.n - 2 * n;
  for (int i = 0; i < n; i++)
    if (a.v[i].first != a.v[i].last) a.v[changed++] = a.v[i];
  if (changed) qsort(a.v, (size_t)changed, sizeof *a.v, by_change);
  c->nchanges = VT_MIN(changed, o->top);
  c->change = a.v;
  vt_free(b.v);
  return rc;
}

void vt_comparison_clear(struct vt_comparison *c)
{
  for (int i = 0; i < c->nruns; i++) vt_free(c->run[i].v);
  vt_free(c->change);
  vt_arena_clear(&c->arena);
  *c = (struct vt_comparison){0};
}
