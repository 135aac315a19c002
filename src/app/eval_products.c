/* Products: each held-out product's large picture, searched in the catalogue of all small ones, itself left
 * out. A match is right if it has the query's article type; or that and its base colour. */
#include "app/measure.h"

#include <math.h>
#include <string.h>

enum { K = 10 };

/* Numbers of the samples from `first` on that belong to the split (or all if any). */
static int64_t choose(const struct vt_dataset *d, int64_t first, bool any, int split, int64_t *row)
{
  int64_t n = 0;
  for (int64_t i = first; i < d->n; i++) {
    if (any || (int)d->v[i].split == split) row[n++] = i;
  }
  return n;
}

struct totals {
  struct vt_means type, both; /* by group of the query */
  struct vt_means first_type, first_both, rank;
};

static void judge(const struct vt_dataset *d, const struct vt_sample *q, const struct vt_hit *hit, int count,
                  int type, int colour, struct totals *t)
{
  uint8_t right[K] = {0}, both[K] = {0};
  int n = 0;
  for (int i = 0; i < count && n < K; i++) {
    const struct vt_sample *m = &d->v[hit[i].id];
    if (m->instance == q->instance) continue;
    right[n] = m->attr[type] == q->attr[type];
    both[n] = right[n] && m->attr[colour] == q->attr[colour];
    n++;
  }
  vt_means_add(&t->type, q->group, vt_precision_at(right, n, K));
  vt_means_add(&t->both, q->group, vt_precision_at(both, n, K));
  vt_means_add(&t->first_type, q->group, vt_recall_at(right, n, 1));
  vt_means_add(&t->first_both, q->group, vt_recall_at(both, n, 1));
  vt_means_add(&t->rank, q->group, vt_reciprocal_rank(both, n));
}

static int report(const struct vt_dataset *d, const struct totals *t, int64_t products, int64_t rounds,
                  struct vt_figures *f, struct vt_err *e)
{
  int rc;
  vt_figures_add(f, "products", (double)products);
  vt_figures_add(f, "queries", (double)t->type.n);
  if ((rc = vt_figures_mean(f, "precision_at_10_type", &t->type, rounds, e))) return rc;
  if ((rc = vt_figures_mean(f, "precision_at_10_type_colour", &t->both, rounds, e))) return rc;
  vt_figures_add(f, "precision_at_1_type", vt_means_all(&t->first_type));
  vt_figures_add(f, "precision_at_1_type_colour", vt_means_all(&t->first_both));
  vt_figures_add(f, "mrr_type_colour", vt_means_all(&t->rank));
  for (int g = 0; g < d->taxonomy.ngroups; g++) {
    if (!t->type.count[g]) continue;
    vt_figures_addf(f, vt_means_of(&t->type, g), "precision_at_10_type_%s", d->taxonomy.group[g]);
    vt_figures_addf(f, vt_means_of(&t->both, g), "precision_at_10_type_colour_%s", d->taxonomy.group[g]);
  }
  return 0;
}

static int search(const struct vt_dataset *d, const struct vt_index *x, const int64_t *row, int64_t nq,
                  const float *q, struct totals *t, struct vt_err *e)
{
  int type = vt_dataset_attr(d, "articleType"), colour = vt_dataset_attr(d, "baseColour");
  struct vt_hit *hits = vt_calloc((size_t)nq + 1, sizeof *hits * (K + 1)); // (nq, K + 1)
  int *count = vt_calloc((size_t)nq + 1, sizeof *count);
  int rc;
  if (!hits || !count) {
    rc = vt_fail(e, VT_ENOMEM, "search: out of memory");
    goto out;
  }
  if ((rc = vt_index_search(x, nq, q, K + 1, NULL, hits, count, e)) < 0) goto out;
  for (int64_t i = 0; i < nq; i++) judge(d, &d->v[row[i]], hits + i * (K + 1), count[i], type, colour, t);
out:
  vt_free(hits);
  vt_free(count);
  return rc;
}

int vt_eval_products(struct vt_cli *cli, const struct vt_measure_opts *o, struct vt_figures *f,
                     struct vt_err *e)
{
  struct vt_dataset d = {0};
  struct vt_embedder *x = NULL;
  struct vt_index *index = NULL;
  struct totals *t = NULL;
  int64_t *row = NULL, n = 0, nq;
  float *v = NULL, *q = NULL; // (n, D), (nq, D)
  const char *root = vt_measure_data(cli, o, "products", e);
  if (!root) return VT_ENOENT;
  int rc = vt_dataset_init(&d, e);
  if (rc < 0 || (rc = vt_read_products(&d, root, false, e)) < 0) goto out;
  n = d.n;
  if ((rc = vt_read_products(&d, root, true, e)) < 0) goto out;
  if ((rc = vt_measure_open_embedder(&x, cli, o, e)) < 0) goto out;
  if (!(row = vt_calloc((size_t)d.n + 1, sizeof *row)) || !(t = vt_calloc(1, sizeof *t))) {
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
    goto out;
  }
  t->type.keep = t->both.keep = o->bootstrap > 0;
  struct vt_measure_set set = {&d, row, NULL};
  choose(&d, 0, true, 0, row);
  if ((rc = vt_measure_embed(x, n, (int)o->batch, vt_measure_whole, &set, "catalogue", &v, e)) < 0) goto out;
  if ((rc = vt_measure_index(&index, &set, n, vt_embedder_dim(x), v, e)) < 0) goto out;
  nq = choose(&d, n, false, o->split, row);
  if ((rc = vt_measure_embed(x, nq, (int)o->batch, vt_measure_whole, &set, "queries", &q, e)) < 0) goto out;
  if ((rc = search(&d, index, row, nq, q, t, e)) < 0) goto out;
  rc = report(&d, t, n, o->bootstrap, f, e);
out:
  vt_index_free(index);
  vt_embedder_free(x);
  vt_dataset_clear(&d);
  if (t) {
    vt_means_clear(&t->type);
    vt_means_clear(&t->both);
  }
  vt_free(t);
  vt_free(row);
  vt_free(v);
  vt_free(q);
  return rc;
}
