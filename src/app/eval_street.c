/* Street: every garment of the CCP photos, cut out by its true mask, searched among the products of the train
 * split that have a group, without group filter: how many of the ten matches are of the garment's group. */
#include "app/measure.h"

enum { K = 10 };
static const size_t cache_bytes = (size_t)400 << 20;

/* Keeps the samples of a split; those without group are dropped. */
static void keep(struct vt_dataset *d, int split)
{
  int64_t n = 0;
  for (int64_t i = 0; i < d->n; i++) {
    if ((int)d->v[i].split == split && d->v[i].group >= 0) d->v[n++] = d->v[i];
  }
  d->n = n;
}

static int judge(const struct vt_dataset *shop, const struct vt_dataset *street, const struct vt_index *x,
                 const float *q, struct vt_means *precision, struct vt_means *first, struct vt_err *e)
{
  struct vt_hit *hits = vt_calloc((size_t)street->n + 1, sizeof *hits * K); // (garments, K)
  int *count = vt_calloc((size_t)street->n + 1, sizeof *count);
  int rc;
  if (!hits || !count) {
    rc = vt_fail(e, VT_ENOMEM, "search: out of memory");
    goto out;
  }
  if ((rc = vt_index_search(x, street->n, q, K, NULL, hits, count, e)) < 0) goto out;
  for (int64_t i = 0; i < street->n; i++) {
    uint8_t right[K] = {0};
    int g = street->v[i].group;
    for (int k = 0; k < count[i]; k++) right[k] = shop->v[hits[i * K + k].id].group == g;
    vt_means_add(precision, g, vt_precision_at(right, count[i], K));
    vt_means_add(first, g, vt_recall_at(right, count[i], 1));
  }
out:
  vt_free(hits);
  vt_free(count);
  return rc;
}

static int search(struct vt_cli *cli, const struct vt_measure_opts *o, const struct vt_dataset *shop,
                  const struct vt_dataset *street, struct vt_means *precision, struct vt_means *first,
                  struct vt_err *e)
{
  struct vt_embedder *x = NULL;
  struct vt_image_cache *cache = NULL;
  struct vt_index *index = NULL;
  float *v = NULL, *q = NULL; // (products, D), (garments, D)
  int64_t n = VT_MAX(shop->n, street->n), *row = vt_calloc((size_t)n + 1, sizeof *row);
  int rc;
  if (!row) {
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
    goto out;
  }
  if ((rc = vt_measure_open_embedder(&x, cli, o, e)) < 0) goto out;
  for (int64_t i = 0; i < n; i++) row[i] = i;
  if ((rc = vt_image_cache_new(&cache, cache_bytes, e)) < 0) goto out;
  struct vt_measure_set products = {shop, row, NULL}, garments = {street, row, cache};
  if ((rc = vt_measure_embed(x, shop->n, (int)o->batch, vt_measure_whole, &products, "catalogue", &v, e)) < 0)
    goto out;
  if ((rc = vt_measure_embed(x, street->n, (int)o->batch, vt_measure_garment, &garments, "garments", &q, e)) <
      0)
    goto out;
  if ((rc = vt_measure_index(&index, &products, shop->n, vt_embedder_dim(x), v, e)) < 0) goto out;
  rc = judge(shop, street, index, q, precision, first, e);
out:
  vt_index_free(index);
  vt_image_cache_free(cache);
  vt_embedder_free(x);
  vt_free(row);
  vt_free(v);
  vt_free(q);
  return rc;
}

int vt_eval_street(struct vt_cli *cli, const struct vt_measure_opts *o, double min_share,
                   struct vt_figures *f, struct vt_err *e)
{
  struct vt_dataset shop = {0}, street = {0};
  struct vt_means *m = NULL;
  const char *products = vt_measure_data(cli, o, "products", e);
  const char *ccp = products ? vt_measure_data(cli, o, "ccp", e) : NULL;
  if (!ccp) return VT_ENOENT;
  int rc = vt_dataset_init(&shop, e);
  if (rc < 0 || (rc = vt_dataset_init(&street, e)) < 0) goto out;
  if ((rc = vt_read_products(&shop, products, false, e)) < 0) goto out;
  if ((rc = vt_read_ccp(&street, ccp, true, min_share, e)) < 0) goto out;
  keep(&shop, VT_SPLIT_TRAIN);
  keep(&street, o->split);
  if (!(m = vt_calloc(2, sizeof *m))) {
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
    goto out;
  }
  m[0].keep = m[1].keep = o->bootstrap > 0;
  if ((rc = search(cli, o, &shop, &street, &m[0], &m[1], e)) < 0) goto out;
  vt_figures_add(f, "products", (double)shop.n);
  vt_figures_add(f, "garments", (double)street.n);
  if ((rc = vt_figures_mean(f, "group_precision_at_10", &m[0], o->bootstrap, e))) goto out;
  if ((rc = vt_figures_mean(f, "group_precision_at_1", &m[1], o->bootstrap, e))) goto out;
  for (int g = 0; g < street.taxonomy.ngroups; g++) {
    if (m[0].count[g])
      vt_figures_addf(f, vt_means_of(&m[0], g), "group_precision_at_10_%s", street.taxonomy.group[g]);
  }
out:
  vt_dataset_clear(&shop);
  vt_dataset_clear(&street);
  for (int k = 0; k < 2 && m; k++) vt_means_clear(&m[k]);
  vt_free(m);
  return rc;
}
