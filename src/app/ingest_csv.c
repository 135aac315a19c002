/* CSV sources. Two passes: the first keeps a 64-bit hash per row to learn which ids occur more than once (a
 * product may have one row per picture); the second hands products on as soon as their last row is read. So
 * memory is 16 bytes per row plus the products that are spread over several rows. Rows of one id add
 * pictures; title and attributes are those of its first row; a row that adds no picture repeats the id by
 * mistake and is reported. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "app/ingest_internal.h"

enum { MAX_PARTS = 32 };

/* "images/{id}.jpg": literal texts and columns in turn. */
struct template
{
  int n;
  struct {
    const char *text; /* literal, or NULL */
    int column;
  } part[MAX_PARTS];
};

struct repeated {
  uint64_t hash;
  int64_t left; /* rows still to come */
  struct vt__job *job;
};

struct csv_source {
  struct vt__ingest *g;
  struct vt_csv csv;
  struct vt_arena arena;     /* templates, and products of several rows */
  const char *path, *folder; /* path: the name in messages */
  FILE *spool;               /* what standard input gave, or NULL */
  int id, title, group;      /* columns; title and group may be -1 */
  int ntemplates;
  struct template *templates;
  bool *attribute; /* by column */
  int64_t nrepeated;
  struct repeated *repeated; /* by hash */
};

static int no_memory(struct vt_err *e)
{
  return vt_fail(e, VT_ENOMEM, "indexing: out of memory");
}

/* ---- columns
 * ------------------------------------------------------------------------------------------------- */

static int parse_template(struct csv_source *s, const char *text, struct template *t, struct vt_err *e)
{
  t->n = 0;
  for (const char *p = text; *p;) {
    if (t->n == MAX_PARTS) return vt_fail(e, VT_EUSAGE, "--image '%s': more than %d parts", text, MAX_PARTS);
    if (*p == '{') {
      const char *end = strchr(p, '}');
      if (!end) return vt_fail(e, VT_EUSAGE, "--image '%s': '{' without '}'", text);
      char *name = vt_arena_strndup(&s->arena, p + 1, (size_t)(end - p - 1));
      if (!name) return no_memory(e);
      int rc = vt_csv_need(&s->csv, name, &t->part[t->n++].column, e);
      if (rc) return vt_fail_in(e, rc, "--image '%s'", text);
      p = end + 1;
    } else {
      size_t n = strcspn(p, "{");
      if (!(t->part[t->n++].text = vt_arena_strndup(&s->arena, p, n))) return no_memory(e);
      p += n;
    }
  }
  if (t->n == 1 && !t->part[0].text) s->attribute[t->part[0].column] = false;
  return t->n ? 0 : vt_fail(e, VT_EUSAGE, "--image: an empty template");
}

/* A named column must be there; without a name `fallback` is taken if it is there. */
static int find_column(struct csv_source *s, const char *named, const char *fallback, int *column,
                       struct vt_err *e)
{
  if (named) return vt_csv_need(&s->csv, named, column, e);
  *column = vt_csv_find(&s->csv, fallback);
  return 0;
}

static int find_columns(struct csv_source *s, struct vt_err *e)
{
  const struct vt_ingest_opts *o = s->g->o;
  const char *fallback = "{image}";
  int n = o->images.n ? o->images.n : 1, rc = vt_csv_need(&s->csv, o->id ? o->id : "id", &s->id, e);
  if (!rc) rc = find_column(s, o->title, "title", &s->title, e);
  if (!rc) rc = find_column(s, o->group, "group", &s->group, e);
  if (rc) return rc;
  s->attribute = vt_arena_alloc(&s->arena, (size_t)s->csv.ncolumns * sizeof *s->attribute);
  s->templates = vt_arena_alloc(&s->arena, (size_t)n * sizeof *s->templates);
  if (!s->attribute || !s->templates) return no_memory(e);
  for (int i = 0; i < s->csv.ncolumns; i++)
    s->attribute[i] = i != s->id && i != s->title && *s->csv.column[i];
  for (int i = 0; i < n && !rc; i++)
    rc = parse_template(s, o->images.n ? o->images.v[i] : fallback, &s->templates[i], e);
  s->ntemplates = n;
  return rc;
}

/* ---- ids of several rows
 * --------------------------------------------------------------------------------------- */

static int by_hash(const void *a, const void *b)
{
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

/* Standard input can be read once only: two passes go over a copy without a name. */
static int spool_input(struct csv_source *s, struct vt_err *e)
{
  char part[65536];
  size_t n;
  s->path = "standard input";
  if (!(s->spool = tmpfile())) return vt_fail_errno(e, s->path);
  while ((n = fread(part, 1, sizeof part, stdin)) > 0) {
    if (vt_interrupted()) return vt_fail(e, VT_EINTERRUPTED, "interrupted");
    if (fwrite(part, 1, n, s->spool) != n) return vt_fail_errno(e, s->path);
  }
  return ferror(stdin) || fflush(s->spool) ? vt_fail_errno(e, s->path) : 0;
}

static int open_csv(struct csv_source *s, struct vt_err *e)
{
  if (!s->spool) return vt_csv_open(&s->csv, s->path, e);
  rewind(s->spool);
  int fd = dup(fileno(s->spool));
  FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;
  if (f) return vt_csv_take(&s->csv, f, s->path, e);
  int rc = vt_fail_errno(e, s->path);
  if (fd >= 0) close(fd);
  return rc;
}

/* First pass: counts rows and lists ids that occur more than once. */
static int find_repeated(struct csv_source *s, int64_t *rows, struct vt_err *e)
{
  uint64_t *hash = NULL;
  int64_t n = 0, cap = 0;
  int rc;
  while ((rc = vt_csv_next(&s->csv, NULL)) == 1 || rc == VT_EFORMAT) {
    if (rc != 1) continue;
    if (n == cap) {
      uint64_t *more = vt_reallocarray(hash, (size_t)(cap = cap * 2 + 1024), sizeof *more);
      if (!more) {
        rc = no_memory(e);
        goto out;
      }
      hash = more;
    }
    hash[n++] = vt_hash64(s->csv.field[s->id], strlen(s->csv.field[s->id]));
  }
  rc = 0; /* other errors come again in the second pass, with their place */
  *rows = n;
  if (n) qsort(hash, (size_t)n, sizeof *hash, by_hash);
  for (int pass = 0; pass < 2 && !rc; pass++) {
    int64_t k = 0;
    for (int64_t i = 0, j; i < n; i = j) {
      for (j = i + 1; j < n && hash[j] == hash[i];) j++;
      if (j - i < 2) continue;
      if (pass) s->repeated[k] = (struct repeated){hash[i], j - i, NULL};
      k++;
    }
    if (pass == 0 && k && !(s->repeated = vt_calloc((size_t)k, sizeof *s->repeated))) rc = no_memory(e);
    s->nrepeated = k;
    if (!k) break;
  }
out:
  vt_free(hash);
  return rc;
}

/* ---- rows
 * ------------------------------------------------------------------------------------------------------ */

static int group_of(const struct csv_source *s)
{
  const char *word = s->group >= 0 ? s->csv.field[s->group] : "";
  if (!*word) return VT__GROUP_PREDICT;
  if (s->g->map) {
    int g = vt_group_map_find(s->g->map, word);
    return g >= 0 ? g : g == -1 ? VT_NO_GROUP : VT__GROUP_PREDICT;
  }
  int g = vt_taxonomy_find(&s->g->taxonomy, word);
  return g >= 0 ? g : VT__GROUP_PREDICT;
}

/* The path that a template gives for this row: "" where a column it needs is empty; NULL out of memory. */
static const char *expand(const struct csv_source *s, const struct template *t, struct vt_arena *a)
{
  struct vt_buf b;
  vt_buf_init(&b);
  for (int i = 0; i < t->n; i++) {
    const char *text = t->part[i].text ? t->part[i].text : s->csv.field[t->part[i].column];
    if (!*text) {
      vt_buf_clear(&b);
      return "";
    }
    vt_buf_adds(&b, text);
  }
  const char *path = b.failed ? NULL : vt_path_join(a, s->folder, b.data);
  vt_buf_clear(&b);
  return path;
}

static uint64_t text_hash(const struct vt__job *job)
{
  struct vt_buf b;
  vt_buf_init(&b);
  vt_buf_addf(&b, "%d", job->group);
  vt_buf_add(&b, job->title, strlen(job->title) + 1);
  for (int i = 0; i < job->nattrs; i++) {
    vt_buf_add(&b, job->attrs[i].name, strlen(job->attrs[i].name) + 1);
    vt_buf_add(&b, job->attrs[i].value, strlen(job->attrs[i].value) + 1);
  }
  uint64_t h = b.data ? vt_hash64(b.data, b.len) : 0;
  vt_buf_clear(&b);
  return h;
}

/* Title, attributes and group of the present row. */
static int row_text(const struct csv_source *s, struct vt_arena *a, struct vt__job *job, struct vt_err *e)
{
  const struct vt_csv *c = &s->csv;
  job->id = vt_arena_strdup(a, c->field[s->id]);
  job->title = vt_arena_strdup(a, s->title >= 0 ? c->field[s->title] : "");
  job->origin = vt_arena_printf(a, "%s: line %lld", s->path, (long long)c->line);
  job->attrs = vt_arena_alloc(a, (size_t)c->ncolumns * sizeof *job->attrs);
  job->images = vt_arena_alloc(a, VT_CATALOG_MAX_IMAGES * sizeof *job->images);
  if (!job->id || !job->title || !job->origin || !job->attrs || !job->images) return no_memory(e);
  for (int i = 0; i < c->ncolumns && job->nattrs < VT_CATALOG_MAX_ATTRS; i++) {
    if (!s->attribute[i] || !*c->field[i]) continue;
    struct vt_attr *at = &job->attrs[job->nattrs++];
    at->name = vt_arena_strdup(a, c->column[i]);
    at->value = vt_arena_strdup(a, c->field[i]);
    if (!at->name || !at->value) return no_memory(e);
  }
  job->group = group_of(s);
  job->text = text_hash(job);
  return 0;
}

/* Adds the pictures of the present row that the product does not have yet; *added says how many. */
static int row_images(const struct csv_source *s, struct vt_arena *a, struct vt__job *job, int *added,
                      struct vt_err *e)
{
  *added = 0;
  for (int t = 0; t < s->ntemplates; t++) {
    const char *path = expand(s, &s->templates[t], a);
    if (!path) return no_memory(e);
    bool known = !*path;
    for (int i = 0; i < job->nimages; i++) known = known || !strcmp(job->images[i].path, path);
    if (known) continue;
    if (job->nimages == VT_CATALOG_MAX_IMAGES)
      return vt_fail(e, VT_ELIMIT, "product '%s' has more than %d pictures", job->id, VT_CATALOG_MAX_IMAGES);
    job->images[job->nimages++].path = path;
    ++*added;
  }
  return 0;
}

static int row_failed(struct csv_source *s, const char *why, struct vt_err *e)
{
  char what[PATH_MAX + 32];
  snprintf(what, sizeof what, "%s: line %lld", s->path, (long long)s->csv.line);
  vt_progress_add(&s->g->progress, 1);
  return vt__ingest_failed(s->g, what, why, e);
}

/* A row whose product cannot be made now; one that is stored already is still in the source. */
static int product_failed(struct csv_source *s, const char *why, struct vt_err *e)
{
  int rc = row_failed(s, why, e);
  return rc ? rc : vt__ingest_keep(s->g, s->csv.field[s->id], e);
}

static int row_of_many(struct csv_source *s, struct repeated *r, struct vt_err *e)
{
  int added, rc;
  char why[256];
  if (!r->job) {
    if (!(r->job = vt_arena_alloc(&s->arena, sizeof *r->job))) return no_memory(e);
    rc = row_text(s, &s->arena, r->job, e);
    if (!rc) rc = row_images(s, &s->arena, r->job, &added, e);
  } else {
    rc = row_images(s, &s->arena, r->job, &added, e);
    if (!rc && !added) {
      snprintf(why, sizeof why, "id '%.80s' occurs already in %.120s, and this row adds no picture",
               r->job->id, r->job->origin);
      rc = row_failed(s, why, e);
    }
  }
  if (rc == VT_ELIMIT) rc = product_failed(s, e->msg, e);
  if (rc || --r->left) return rc;
  return r->job->nimages ? vt__ingest_submit(s->g, r->job, e)
                         : product_failed(s, "the row names no picture", e);
}

static int row(struct csv_source *s, struct vt_err *e)
{
  const char *id = s->csv.field[s->id];
  if (!*id) return row_failed(s, "the id is empty", e);
  uint64_t hash = vt_hash64(id, strlen(id));
  struct repeated *r =
      s->nrepeated ? bsearch(&hash, s->repeated, (size_t)s->nrepeated, sizeof *s->repeated, by_hash) : NULL;
  if (r) return row_of_many(s, r, e);
  struct vt__job job = {0};
  struct vt_arena *a = vt__ingest_arena(s->g, e);
  if (!a) return VT_ENOMEM;
  int added, rc = row_text(s, a, &job, e);
  if (!rc) rc = row_images(s, a, &job, &added, e);
  if (rc == VT_ELIMIT) return product_failed(s, e->msg, e);
  if (!rc && !job.nimages) return product_failed(s, "the row names no picture", e);
  return rc ? rc : vt__ingest_submit(s->g, &job, e);
}

/* A row that cannot be read may belong to a product that has rows still to come: hand on what there is. */
static int rest_of_many(struct csv_source *s, struct vt_err *e)
{
  int rc = 0;
  for (int64_t i = 0; i < s->nrepeated && !rc; i++)
    if (s->repeated[i].left && s->repeated[i].job && s->repeated[i].job->nimages)
      rc = vt__ingest_submit(s->g, s->repeated[i].job, e);
  return rc;
}

int vt__ingest_csv(struct vt__ingest *g, const char *path, struct vt_err *e)
{
  struct csv_source s = {.g = g, .path = path};
  struct vt_err why;
  int64_t rows = 0;
  vt_arena_init(&s.arena);
  char *dir = vt_path_dir(&s.arena, path), *folder = dir ? realpath(dir, NULL) : NULL;
  s.folder = folder;
  int rc = folder ? 0 : vt_fail_errno(e, path);
  if (!rc && !strcmp(path, "-")) rc = spool_input(&s, e);
  if (!rc) rc = open_csv(&s, e);
  if (rc) goto out;
  rc = find_columns(&s, e);
  if (!rc) rc = find_repeated(&s, &rows, e);
  vt_csv_close(&s.csv);
  if (rc || (rc = open_csv(&s, e))) goto out;
  vt_progress_start(&g->progress, "indexing", "products", rows);
  while (!rc) {
    int got = vt_csv_next(&s.csv, &why);
    if (got == 0) break;
    if (got == 1) {
      rc = row(&s, e);
    } else if (got == VT_EFORMAT) {
      g->unreadable_rows++;
      rc = row_failed(&s, why.msg, e);
    } else {
      rc = vt_fail(e, got, "%s", why.msg);
    }
  }
  if (!rc) rc = rest_of_many(&s, e);
  vt_csv_close(&s.csv);
out:
  if (!rc || rc == VT_EINTERRUPTED) { /* products of several rows live in this arena */
    struct vt_err flush;
    int bad = vt__ingest_flush(g, &flush);
    if (bad) rc = vt_fail(e, bad, "%s", flush.msg);
  }
  if (rc && rc != VT_EINTERRUPTED) vt__ingest_stop_workers(g);
  if (s.spool) fclose(s.spool);
  vt_free(s.repeated);
  free(folder);
  vt_arena_clear(&s.arena);
  return rc;
}
