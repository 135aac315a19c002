/* Retrieval among vectors: every query against the whole gallery, by cosine. Memory is the vectors and one
 * row of scores; queries without anything relevant are counted and enter no mean. */
#include "app/eval_retrieval.h"

#include "engine/engine.h"

#include <math.h>
#include <string.h>

enum { KMEANS_ROUNDS = 100 };
#define MAX_VECTOR_BYTES ((size_t)16 << 30)
const int vt_retrieval_k[VT_RETRIEVAL_KS] = {1, 5, 10, 20, 50, 100};

static int no_memory(struct vt_err *e)
{
  return vt_fail(e, VT_ENOMEM, "out of memory");
}

/* ---- the table */

enum { LABEL, CATEGORY, SAME, QUERY, GALLERY, NAME, COLUMNS };

static int find_columns(const struct vt_csv *c, const struct vt_retrieval_opts *o, int column[COLUMNS],
                        struct vt_err *e)
{
  const char *const wanted[NAME] = {o->label, o->category, o->same, o->query, o->gallery};
  static const char *const names[] = {"image", "photo", "path"};
  int rc = 0;
  for (int k = 0; k < NAME && !rc; k++) {
    column[k] = -1;
    if (wanted[k]) rc = vt_csv_need(c, wanted[k], &column[k], e);
  }
  column[NAME] = -1;
  for (size_t k = 0; k < VT_COUNT(names) && column[NAME] < 0; k++) column[NAME] = vt_csv_find(c, names[k]);
  return rc;
}

static int read_flag(const struct vt_csv *c, int column, uint8_t *flag, struct vt_err *e)
{
  const char *text = column < 0 ? "1" : c->field[column];
  if (strcmp(text, "0") && strcmp(text, "1"))
    return vt_fail(e, VT_EFORMAT, "%s: line %lld: column %s: '%.40s', expected 0 or 1", c->path,
                   (long long)c->line, c->column[column], text);
  *flag = *text == '1';
  return 0;
}

static int number_of(struct vt_words *w, const struct vt_csv *c, int column, int32_t *to, struct vt_err *e)
{
  if (column < 0) return 0;
  *to = vt_words_number(w, c->field[column]);
  return *to < 0 ? no_memory(e) : 0;
}

static int read_row(struct vt_retrieved *r, const struct vt_csv *c, const int column[COLUMNS], int64_t i,
                    struct vt_err *e)
{
  if (!*c->field[column[LABEL]])
    return vt_fail(e, VT_EFORMAT, "%s: line %lld: column %s is empty", c->path, (long long)c->line,
                   c->column[column[LABEL]]);
  int rc = number_of(&r->labels, c, column[LABEL], &r->label[i], e);
  if (!rc) rc = number_of(&r->categories, c, column[CATEGORY], r->category + i, e);
  if (column[SAME] >= 0 && !*c->field[column[SAME]])
    r->same_as[i] = -1; /* a thing of its own */
  else if (!rc)
    rc = number_of(&r->same, c, column[SAME], r->same_as + i, e);
  if (!rc) rc = read_flag(c, column[QUERY], &r->query[i], e);
  if (!rc) rc = read_flag(c, column[GALLERY], &r->gallery[i], e);
  if (!rc && column[NAME] >= 0 && !(r->name[i] = vt_arena_strdup(&r->arena, c->field[column[NAME]])))
    rc = no_memory(e);
  return rc;
}

static int read_table(struct vt_retrieved *r, const struct vt_retrieval_opts *o, struct vt_err *e)
{
  struct vt_csv c;
  int column[COLUMNS], got = 0, rc = vt_csv_open(&c, o->table, e);
  if (rc) return rc;
  const size_t n = (size_t)r->n + 1;
  rc = find_columns(&c, o, column, e);
  r->label = vt_calloc(n, sizeof *r->label);
  r->category = vt_calloc(n, sizeof *r->category);
  r->same_as = vt_calloc(n, sizeof *r->same_as);
  r->query = vt_calloc(n, 1);
  r->gallery = vt_calloc(n, 1);
  r->row = vt_calloc(n, sizeof *r->row);
  r->name = vt_calloc(n, sizeof *r->name);
  if (!rc && (!r->label || !r->category || !r->same_as || !r->query || !r->gallery || !r->row || !r->name))
    rc = no_memory(e);
  int64_t i = 0;
  for (; !rc && (got = vt_csv_next(&c, e)) > 0; i++) {
    if (i == r->n)
      rc = vt_fail(e, VT_ESHAPE, "%s: line %lld: more rows than the %lld vectors of %s", o->table,
                   (long long)c.line, (long long)r->n, o->vectors);
    else
      rc = read_row(r, &c, column, i, e);
  }
  if (!rc && got < 0) rc = got;
  if (!rc && i < r->n)
    rc = vt_fail(e, VT_ESHAPE, "%s has %lld rows, %s %lld vectors", o->table, (long long)i, o->vectors,
                 (long long)r->n);
  vt_csv_close(&c);
  for (i = 0; i < r->n && !rc; i++)
    if (r->query[i]) r->row[r->nqueries++] = i;
  if (!rc && !r->nqueries) rc = vt_fail(e, VT_EFORMAT, "%s: no row is a query", o->table);
  return rc;
}

/* ---- the vectors */

static float dot(const float *a, const float *b, int dim)
{
  float s[8] = {0}, sum = 0;
  int d = 0;
  for (; d + 8 <= dim; d += 8)
    for (int j = 0; j < 8; j++) s[j] += a[d + j] * b[d + j];
  for (int j = 0; j < 8; j++) sum += s[j];
  for (; d < dim; d++) sum += a[d] * b[d];
  return sum;
}

/* To length 1, in place. */
static int normalise(float *v, int64_t n, int dim, const char *path, struct vt_err *e)
{
  for (int64_t i = 0; i < n; i++) {
    double sum = 0;
    for (int d = 0; d < dim; d++) sum += (double)v[i * dim + d] * v[i * dim + d];
    if (!(sum > 0) || !isfinite(sum))
      return vt_fail(e, VT_EFORMAT, "%s: vector %lld has no direction (length %g)", path, (long long)i,
                     sqrt(sum));
    for (int d = 0; d < dim; d++) v[i * dim + d] = (float)(v[i * dim + d] / sqrt(sum));
  }
  return 0;
}

static int read_vectors(struct vt_tensor *t, const char *path, struct vt_err *e)
{
  int rc = vt_npy_read(t, path, MAX_VECTOR_BYTES, e);
  if (rc) return rc;
  if (t->dtype != VT_F32 || t->rank != 2 || t->dim[0] < 1 || t->dim[1] < 1)
    return vt_fail(e, VT_ESHAPE, "%s: expected float32 vectors of shape (N, D)", path);
  return normalise(t->data, t->dim[0], (int)t->dim[1], path, e);
}

static int measure_queries(struct vt_retrieved *r, const float *v, int dim, struct vt_err *e)
{
  const size_t n = (size_t)r->n + 1;
  float *score = vt_calloc(n, sizeof *score), *sorted = vt_calloc(n, sizeof *sorted);
  uint8_t *kind = vt_calloc(n, 1);
  int64_t *rank = vt_calloc(n, sizeof *rank);
  struct vt_progress bar;
  r->figure = vt_calloc((size_t)r->nqueries, VT_RETRIEVAL_FIGURES * sizeof *r->figure);
  int rc = score && sorted && kind && rank && r->figure ? 0 : no_memory(e);
  vt_progress_start(&bar, "retrieval", "queries", r->nqueries);
  for (int64_t q = 0; q < r->nqueries && !rc; q++) {
    const int64_t row = r->row[q];
    for (int64_t i = 0; i < r->n; i++) {
      const bool asked =
          r->gallery[i] && i != row && !(r->same.n && r->same_as[i] >= 0 && r->same_as[i] == r->same_as[row]);
      kind[i] = !asked ? VT_NOT_ASKED : r->label[i] == r->label[row] ? VT_RELEVANT : VT_IRRELEVANT;
      score[i] = asked ? dot(v + row * dim, v + i * dim, dim) : 0;
    }
    const int64_t relevant = vt_relevant_ranks(score, kind, r->n, sorted, rank);
    vt_query_figures(rank, relevant, vt_retrieval_k, VT_RETRIEVAL_KS, r->figure + q * VT_RETRIEVAL_FIGURES);
    vt_progress_add(&bar, 1);
    if (vt_interrupted()) rc = vt_fail(e, VT_EINTERRUPTED, "interrupted");
  }
  vt_progress_end(&bar);
  vt_free(score);
  vt_free(sorted);
  vt_free(kind);
  vt_free(rank);
  return rc;
}

/* ---- figures */

void vt_retrieval_name(char *name, size_t size, int figure)
{
  static const char *const at[] = {"recall_at", "precision_at", "share_at"};
  const int k = figure - VT_QUERY_FIGURES;
  if (k < 0)
    snprintf(name, size, "%s", vt_query_figure[figure]);
  else
    snprintf(name, size, "%s_%d", at[k / VT_RETRIEVAL_KS], vt_retrieval_k[k % VT_RETRIEVAL_KS]);
}

/* Values of one figure of the queries of a category (-1: all) to v; returns how many. */
static int64_t values_of(const struct vt_retrieved *r, int figure, int32_t category, double *v)
{
  int64_t n = 0;
  for (int64_t q = 0; q < r->nqueries; q++) {
    const double x = r->figure[q * VT_RETRIEVAL_FIGURES + figure];
    if (isnan(x) || (category >= 0 && r->category[r->row[q]] != category)) continue;
    v[n++] = x;
  }
  return n;
}

static double mean_of(const double *v, int64_t n)
{
  double sum = 0;
  for (int64_t i = 0; i < n; i++) sum += v[i];
  return n ? sum / (double)n : NAN;
}

static int add_means(const struct vt_retrieved *r, const struct vt_retrieval_opts *o, struct vt_figures *f,
                     struct vt_err *e)
{
  double *v = vt_calloc((size_t)r->nqueries, sizeof *v), low, high;
  char name[80];
  int rc = v ? 0 : no_memory(e);
  for (int k = 0; k < VT_RETRIEVAL_FIGURES && !rc; k++) {
    const int64_t n = values_of(r, k, -1, v);
    vt_retrieval_name(name, sizeof name, k);
    vt_figures_add(f, name, mean_of(v, n));
    if (!o->rounds) continue;
    rc = vt_bootstrap(v, n, o->rounds, .95, o->seed, &low, &high, e);
    vt_figures_addf(f, low, "%s_low", name);
    vt_figures_addf(f, high, "%s_high", name);
  }
  for (int32_t c = 0; c < r->categories.n && !rc && o->classes; c++) {
    vt_figures_addf(f, (double)values_of(r, 0, c, v), "queries %s", r->categories.v[c]);
    for (int k = 0; k < VT_RETRIEVAL_FIGURES; k++) {
      vt_retrieval_name(name, sizeof name, k);
      vt_figures_addf(f, mean_of(v, values_of(r, k, c, v)), "%s %s", name, r->categories.v[c]);
    }
  }
  vt_free(v);
  return rc;
}

static int add_clusters(const struct vt_retrieved *r, const struct vt_retrieval_opts *o, const float *v,
                        int dim, struct vt_figures *f, struct vt_err *e)
{
  double nmi, ami;
  const int k = (int)VT_MIN(o->clusters ? o->clusters : r->labels.n, r->n);
  int32_t *found = vt_calloc((size_t)r->n, sizeof *found);
  int rc = found ? vt_kmeans(found, v, r->n, dim, k, KMEANS_ROUNDS, o->seed, e) : no_memory(e);
  if (!rc) rc = vt_cluster_agreement(found, r->label, r->n, &nmi, &ami, e);
  if (!rc) {
    vt_figures_add(f, "clusters", k);
    vt_figures_add(f, "NMI", nmi);
    vt_figures_add(f, "AMI", ami);
  }
  vt_free(found);
  return rc;
}

static void clear(struct vt_retrieved *r)
{
  vt_words_clear(&r->labels);
  vt_words_clear(&r->categories);
  vt_words_clear(&r->same);
  vt_free(r->label);
  vt_free(r->category);
  vt_free(r->same_as);
  vt_free(r->query);
  vt_free(r->gallery);
  vt_free(r->name);
  vt_free(r->row);
  vt_free(r->figure);
  vt_arena_clear(&r->arena);
}

int vt_eval_retrieval(const struct vt_retrieval_opts *o, struct vt_figures *f, struct vt_err *e)
{
  struct vt_retrieved r = {0};
  struct vt_tensor t = {0};
  double gallery = 0, without = 0;
  int rc = read_vectors(&t, o->vectors, e);
  if (rc) goto out;
  const int dim = (int)t.dim[1];
  r.n = t.dim[0];
  if ((rc = read_table(&r, o, e)) || (rc = measure_queries(&r, t.data, dim, e))) goto out;
  for (int64_t i = 0; i < r.n; i++) gallery += r.gallery[i];
  for (int64_t q = 0; q < r.nqueries; q++) without += isnan(r.figure[q * VT_RETRIEVAL_FIGURES]);
  vt_figures_add(f, "queries", (double)r.nqueries);
  vt_figures_add(f, "gallery", gallery);
  vt_figures_add(f, "without_match", without);
  if ((rc = add_means(&r, o, f, e))) goto out;
  if (o->clusters >= 0 && (rc = add_clusters(&r, o, t.data, dim, f, e))) goto out;
  if (o->report && (rc = vt_retrieval_page(&r, o->report, e))) goto out;
  if (o->per_query) rc = vt_retrieval_queries(&r, o->per_query, e);
out:
  vt_tensor_clear(&t);
  clear(&r);
  return rc;
}
