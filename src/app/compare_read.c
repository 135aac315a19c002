/* Reading runs: what `train` leaves in a folder. The recipe is read as train prints it: `key: value # help`,
 * groups one level deep. */
#include "app/compare_internal.h"

#include <math.h>
#include <string.h>

enum { MAX_KEYS = 1024, MAX_ROWS = 1 << 20, MAX_RECIPE = 1 << 20, MAX_COLUMNS = 4096 };

static int out_of_memory(struct vt_err *e)
{
  return vt_fail(e, VT_ENOMEM, "out of memory");
}

/* Adds the run's columns that no run before it had. */
static int add_columns(struct vt_comparison *c, const struct vt_run *r, const char *path, struct vt_err *e)
{
  if (!c->column && !(c->column = vt_arena_alloc(&c->arena, MAX_COLUMNS * sizeof *c->column)))
    return out_of_memory(e);
  for (int k = 0; k < r->n; k++) {
    int j = 0;
    while (j < k && strcmp(r->column[j], r->column[k])) j++;
    if (j < k) return vt_fail(e, VT_EFORMAT, "%s: two columns '%.60s'", path, r->column[k]);
    for (j = 0; j < c->ncolumns && strcmp(c->column[j], r->column[k]);) j++;
    if (j == MAX_COLUMNS) return vt_fail(e, VT_ELIMIT, "%s: more than %d columns", path, MAX_COLUMNS);
    if (j == c->ncolumns) c->column[c->ncolumns++] = r->column[k];
  }
  return 0;
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
  if (!rc) rc = add_columns(c, r, path, e);
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
  char *own = vt_arena_strdup(&c->arena, path);
  if (!own) return out_of_memory(e);
  for (size_t n = strlen(own); n > 1 && own[n - 1] == '/';) own[--n] = 0; /* as shells complete a folder */
  *r = (struct vt_run){.path = own, .name = vt_path_base(own), .parameters = NAN, .macs = NAN};
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

/* Runs of one name are told apart by their paths. */
static void name_runs(struct vt_comparison *c)
{
  for (int i = 0; i < c->nruns; i++)
    for (int k = 0; k < c->nruns; k++)
      if (k != i && !strcmp(vt_path_base(c->run[i].path), vt_path_base(c->run[k].path)))
        c->run[i].name = c->run[i].path;
}

int vt__compare_choose(struct vt_comparison *c, const char *metric, struct vt_err *e)
{
  name_runs(c);
  c->metric = metric ? metric : vt_run_value(&c->run[0], "best");
  c->max = strcmp(vt_run_value(&c->run[0], "best_mode"), "min") != 0;
  if (metric && strcmp(metric, vt_run_value(&c->run[0], "best"))) c->max = !strstr(metric, "loss");
  for (int i = 0; i < c->nruns; i++) {
    if (column_of(&c->run[i], c->metric) < 0)
      return vt_fail(e, VT_ENOENT,
                     "%s: results.csv has no column '%s'; give --metric with one that all runs have",
                     c->run[i].path, c->metric);
    choose_row(&c->run[i], c->metric, c->max);
    if (isnan(vt_run_figure(&c->run[i], c->metric)))
      vt_log(VT_LOG_WARN, "%s: %s was never measured; the last epoch stands for the best", c->run[i].path,
             c->metric);
  }
  return 0;
}

void vt_comparison_clear(struct vt_comparison *c)
{
  for (int i = 0; i < c->nruns; i++) vt_free(c->run[i].v);
  vt_free(c->change);
  vt_arena_clear(&c->arena);
  *c = (struct vt_comparison){0};
}
