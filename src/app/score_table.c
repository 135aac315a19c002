/* Reading a table of classification scores. */
#include "app/score_table.h"

#include <math.h>
#include <string.h>

enum { MAX_CLASSES = 4000 };
#define MAX_CELLS ((int64_t)1 << 28)

struct reader {
  struct vt_score_table *t;
  struct vt_csv csv;
  int truth, image; /* columns; image -1: none */
  int *column;      // (classes)
};

static int no_memory(const struct reader *r, struct vt_err *e)
{
  return vt_fail(e, VT_ENOMEM, "%s: out of memory", r->csv.path);
}

static int read_header(struct reader *r, const char *truth, struct vt_err *e)
{
  struct vt_score_table *t = r->t;
  int rc = vt_csv_need(&r->csv, truth, &r->truth, e);
  if (rc) return rc;
  r->image = vt_csv_find(&r->csv, "image");
  t->cls = vt_arena_alloc(&t->arena, (size_t)r->csv.ncolumns * sizeof *t->cls);
  r->column = vt_arena_alloc(&t->arena, (size_t)r->csv.ncolumns * sizeof *r->column);
  if (!t->cls || !r->column) return no_memory(r, e);
  for (int k = 0; k < r->csv.ncolumns; k++) {
    if (k == r->truth || k == r->image) continue;
    const char *name = r->csv.column[k];
    if (!*name || strchr(name, '|'))
      return vt_fail(e, VT_EFORMAT, "%s: line 1: column %d is no name of a class: '%.40s'", r->csv.path,
                     k + 1, name);
    for (int c = 0; c < t->classes; c++)
      if (!strcmp(t->cls[c], name))
        return vt_fail(e, VT_EFORMAT, "%s: line 1: two columns of the class '%.40s'", r->csv.path, name);
    r->column[t->classes] = k;
    if (!(t->cls[t->classes++] = vt_arena_strdup(&t->arena, name))) return no_memory(r, e);
  }
  if (t->classes < 1 || t->classes > MAX_CLASSES)
    return vt_fail(e, VT_EFORMAT, "%s: line 1: %d columns of scores, 1 to %d allowed", r->csv.path,
                   t->classes, MAX_CLASSES);
  return 0;
}

static int grow(struct reader *r, struct vt_err *e)
{
  struct vt_score_table *t = r->t;
  if (t->n < t->cap) return 0;
  if ((t->n + 1) * t->classes > MAX_CELLS)
    return vt_fail(e, VT_ELIMIT, "%s: more than %lld scores", r->csv.path, (long long)MAX_CELLS);
  const int64_t cap = t->cap ? 2 * t->cap : 64;
  const size_t cells = (size_t)cap * (size_t)t->classes;
  double *score = vt_reallocarray(t->score, cells, sizeof *score);
  if (score) t->score = score;
  uint8_t *truth = vt_reallocarray(t->truth, cells, sizeof *truth);
  if (truth) t->truth = truth;
  const char **name = vt_reallocarray(t->name, (size_t)cap, sizeof *name);
  if (name) t->name = name;
  if (!score || !truth || !name) return no_memory(r, e);
  t->cap = cap;
  return 0;
}

static int read_truth(struct reader *r, uint8_t *truth, int *labels, struct vt_err *e)
{
  const struct vt_score_table *t = r->t;
  const char *p = r->csv.field[r->truth];
  *labels = 0;
  while (*p) {
    const size_t len = strcspn(p, "|");
    int c = 0;
    while (c < t->classes && (strlen(t->cls[c]) != len || memcmp(t->cls[c], p, len) != 0)) c++;
    if (c == t->classes)
      return vt_fail(e, VT_EFORMAT, "%s: line %lld: column %s: '%.*s' is no class of the header", r->csv.path,
                     (long long)r->csv.line, r->csv.column[r->truth], (int)VT_MIN(len, 60), p);
    *labels += !truth[c];
    truth[c] = 1;
    p += len + (p[len] == '|');
  }
  return 0;
}

static int read_row(struct reader *r, struct vt_err *e)
{
  struct vt_score_table *t = r->t;
  int labels, rc = grow(r, e);
  if (rc) return rc;
  double *score = t->score + t->n * t->classes;
  uint8_t *truth = t->truth + t->n * t->classes;
  memset(truth, 0, (size_t)t->classes);
  for (int c = 0; c < t->classes; c++) {
    double v;
    const char *text = r->csv.field[r->column[c]];
    if (!vt_parse_f64(text, &v) || fabs(v) > 1e30)
      return vt_fail(e, VT_EFORMAT, "%s: line %lld: column %s: '%.40s' is no score", r->csv.path,
                     (long long)r->csv.line, t->cls[c], text);
    score[c] = v;
  }
  if ((rc = read_truth(r, truth, &labels, e))) return rc;
  if (!labels) {
    t->unlabelled++;
    return 0;
  }
  t->several |= labels > 1;
  t->name[t->n] = r->image < 0 ? "" : vt_arena_strdup(&t->arena, r->csv.field[r->image]);
  return t->name[t->n++] ? 0 : no_memory(r, e);
}

int vt_score_table_read(struct vt_score_table *t, const char *path, const char *truth, bool lenient,
                        struct vt_err *e)
{
  struct reader r = {.t = t};
  struct vt_err why = {0};
  *t = (struct vt_score_table){0};
  vt_arena_init(&t->arena);
  int rc = vt_csv_open(&r.csv, path, e);
  if (rc) return rc;
  rc = read_header(&r, truth, e);
  while (!rc) {
    int got = vt_csv_next(&r.csv, &why);
    if (!got) break;
    if (got > 0) got = read_row(&r, &why);
    if (got == VT_EFORMAT && lenient)
      rc = vt_problems_add(&t->problems, r.csv.line, why.msg, e);
    else if (got < 0)
      rc = vt_fail(e, got, "%s", why.msg);
  }
  vt_csv_close(&r.csv);
  if (!rc && !t->n)
    rc = vt_fail(e, VT_EFORMAT, "%s: no row with a label (%lld without, %lld left out)", path,
                 (long long)t->unlabelled, (long long)t->problems.n);
  return rc;
}

void vt_score_table_clear(struct vt_score_table *t)
{
  vt_free(t->score);
  vt_free(t->truth);
  vt_free(t->name);
  vt_problems_clear(&t->problems);
  vt_arena_clear(&t->arena);
  *t = (struct vt_score_table){0};
}
