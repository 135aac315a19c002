/* Street: every garment of the CCP photos, cut out by its true mask, searched among the products of the train
 * split that have a group, without group filter: how many of the ten matches are of the garment's group. */
#include "app/measure.h"

#include <string.h>

enum { K = 10 };
static const size_t cache_bytes = (size_t)400 << 20;

struct garments {
  const struct vt_dataset *d;
  struct vt_image_cache *cache;
};

static int prepare(const struct vt_embedder *x, int64_t i, float *in, void *ctx, struct vt_err *e)
{
  const struct garments *g = ctx;
  const struct vt_sample *s = &g->d->v[i];
  const struct vt_image *photo, *tags;
  struct vt_image own = {0}, own_tags = {0}, labels = {0};
  struct vt_mask mask = {0};
  int rc;
  if ((rc = vt_image_cache_get(g->cache, s->image, 0, false, &photo, &own, e)) < 0) goto out;
  if ((rc = vt_image_cache_get(g->cache, s->label_map, 0, true, &tags, &own_tags, e)) < 0) goto out;
  if ((rc = vt_image_copy(&labels, tags, e)) < 0) goto out;
  vt_sample_map_labels(g->d, s, &labels);
  rc = vt_mask_from_labels(&mask, labels.px, labels.width, labels.height, labels.stride, (uint8_t)s->region,
                           e);
  if (rc >= 0) rc = vt_embedder_prepare(x, photo, NULL, &mask, in, e);
  if (rc < 0) vt_fail_in(e, rc, "%s", s->image);
out:
  vt_mask_clear(&mask);
  vt_image_clear(&labels);
  vt_image_clear(&own_tags);
  vt_image_clear(&own);
  return rc;
}

/* Keeps the samples of a split; those without group are dropped. */
static void keep(struct vt_dataset *d, int split)
{
  int64_t n = 0;
  for (int64_t i = 0; i < d->n; i++) {
    if ((int)d->v[i].split == split && d->v[i].group >= 0) d->v[n++] = d->v[i];
  }
  d->n = n;
}

static int search(const struct vt_dataset *shop, const struct vt_dataset *street, int dim, const float *v,
                  const float *q, struct vt_means *precision, struct vt_means *first, struct vt_err *e)
{
  struct vt_index *x = NULL;
  int64_t *id = vt_calloc((size_t)shop->n + 1, sizeof *id);
  uint8_t *group = vt_calloc((size_t)shop->n + 1, 1);
  struct vt_hit *hits = vt_calloc((size_t)street->n + 1, sizeof *hits * K); // (queries, K)
  int *count = vt_calloc((size_t)street->n + 1, sizeof *count), rc;
  if (!id || !group || !hits || !count) {
    rc = vt_fail(e, VT_ENOMEM, "search: out of memory");
    goto out;
  }
  for (int64_t i = 0; i < shop->n; i++) {
    id[i] = i;
    group[i] = (uint8_t)shop->v[i].group;
  }
  if ((rc = vt_index_new(&x, dim, e)) < 0 || (rc = vt_index_add(x, shop->n, id, group, v, e)) < 0) goto out;
  if ((rc = vt_index_search(x, street->n, q, K, NULL, hits, count, e)) < 0) goto out;
  for (int64_t i = 0; i < street->n; i++) {
    uint8_t right[K];
    int g = street->v[i].group;
    for (int k = 0; k < count[i]; k++) right[k] = shop->v[hits[i * K + k].id].group == g;
    vt_means_add(precision, g, vt_precision_at(right, count[i], K));
    vt_means_add(first, g, vt_recall_at(right, count[i], 1));
  }
out:
  vt_index_free(x);
  vt_free(id);
  vt_free(group);
  vt_free(hits);
  vt_free(count);
  return rc;
}

static int64_t *count_up(int64_t n, struct vt_err *e)
{
  int64_t *row = vt_calloc((size_t)n + 1, sizeof *row);
  if (!row) vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t i = 0; row && i < n; i++) row[i] = i;
  return row;
}

static int embed(struct vt_cli *cli, const struct vt_measure_opts *o, const struct vt_dataset *shop,
                 const struct vt_dataset *street, float **v, float **q, int *dim, struct vt_err *e)
{
  struct vt_embedder *x = NULL;
  struct garments g = {street, NULL};
  int64_t *row = NULL;
  int rc = vt_measure_open_embedder(&x, cli, o, e);
  if (rc < 0) return rc;
  *dim = vt_embedder_dim(x);
  if (!(row = count_up(shop->n, e))) {
    rc = VT_ENOMEM;
    goto out;
  }
  struct vt_measure_set set = {shop, row};
  if ((rc = vt_measure_embed(x, shop->n, (int)o->batch, vt_measure_whole, &set, "catalogue", v, e)) < 0)
    goto out;
  if ((rc = vt_image_cache_new(&g.cache, cache_bytes, e)) < 0) goto out;
  rc = vt_measure_embed(x, street->n, (int)o->batch, prepare, &g, "garments", q, e);
out:
  vt_image_cache_free(g.cache);
  vt_embedder_free(x);
  vt_free(row);
  return rc;
}

int vt_eval_street(struct vt_cli *cli, const struct vt_measure_opts *o, double min_share,
                   struct vt_figures *f, struct vt_err *e)
{
  struct vt_dataset shop = {0}, street = {0};
  struct vt_means *m = NULL;
  float *v = NULL, *q = NULL; // (products, D), (garments, D)
  const char *products = vt_measure_data(cli, o, "products", e);
  const char *ccp = products ? vt_measure_data(cli, o, "ccp", e) : NULL;
  if (!ccp) return VT_ENOENT;
  int dim, rc = vt_dataset_init(&shop, e);
  if (rc < 0 || (rc = vt_dataset_init(&street, e)) < 0) goto out;
  if ((rc = vt_read_products(&shop, products, false, e)) < 0) goto out;
  if ((rc = vt_read_ccp(&street, ccp, true, min_share, e)) < 0) goto out;
  keep(&shop, VT_SPLIT_TRAIN);
  keep(&street, o->split);
  if (!(m = vt_calloc(2, sizeof *m))) {
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
    goto out;
  }
  if ((rc = embed(cli, o, &shop, &street, &v, &q, &dim, e)) < 0) goto out;
  if ((rc = search(&shop, &street, dim, v, q, &m[0], &m[1], e)) < 0) goto out;
  vt_figures_add(f, "products", (double)shop.n);
  vt_figures_add(f, "garments", (double)street.n);
  vt_figures_add(f, "group_precision_at_10", vt_means_all(&m[0]));
  vt_figures_add(f, "group_precision_at_1", vt_means_all(&m[1]));
  for (int g = 0; g < street.taxonomy.ngroups; g++) {
    if (m[0].count[g])
      vt_figures_addf(f, vt_means_of(&m[0], g), "group_precision_at_10_%s", street.taxonomy.group[g]);
  }
out:
  vt_dataset_clear(&shop);
  vt_dataset_clear(&street);
  vt_free(m);
  vt_free(v);
  vt_free(q);
  return rc;
}
