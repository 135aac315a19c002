/* Matches: the nearest vectors become distinct products, best first.
 *
 * A product has several vectors if it has several pictures; its best one counts. The index is asked for k
 * hits, and for more as long as these hold fewer than k products. */
#include <string.h>
#include "app/look_internal.h"

static int no_memory(const struct vt_look_query *q, struct vt_err *e)
{
  return vt_fail(e, VT_ENOMEM, "%s: out of memory", q->path);
}

/* Keeps the first hit of each product, at most k; ids become rows of `vectors`. Returns how many. */
static int distinct(const struct vt_look *l, struct vt_hit *hits, int n, int k)
{
  int kept = 0;
  for (int i = 0; i < n && kept < k; i++) {
    bool seen = false;
    for (int j = 0; j < kept && !seen; j++)
      seen = l->vectors.product[hits[j].id] == l->vectors.product[hits[i].id];
    if (!seen) hits[kept++] = hits[i];
  }
  return kept;
}

/* The k nearest products of one vector; *hits is vt_free'd by the caller. */
static int nearest(const struct vt_look *l, const struct vt_look_query *q, const float *v,
                   const struct vt_filter_rows *f, struct vt_hit **hits, int *n, struct vt_err *e)
{
  int64_t rows = vt_index_count(l->index);
  int k = (int)VT_MIN(q->k, rows), rc;
  for (int64_t ask = k;; ask = VT_MIN(ask * 4, rows)) {
    int got;
    struct vt_hit *h = vt_reallocarray(*hits, (size_t)ask, sizeof *h);
    if (!h) return no_memory(q, e);
    *hits = h;
    if ((rc = vt_index_search(l->index, 1, v, (int)ask, f, h, &got, e)))
      return vt_fail_in(e, rc, "%s", q->path);
    *n = distinct(l, h, got, k);
    if (*n == k || got < ask || ask == rows) return 0;
  }
}

/* The product of one hit, with the picture that matched. */
static int describe(struct vt_look *l, const struct vt_hit *hit, struct vt_arena *a, struct vt_match *m,
                    struct vt_err *e)
{
  struct vt_product p;
  int64_t image = l->vectors.image[hit->id];
  int rc = vt_catalog_get(l->catalog, l->vectors.product[hit->id], a, &p, e);
  if (rc) return rc;
  *m = (struct vt_match){
      .score = hit->score, .id = p.id, .title = p.title, .image = "", .nattrs = p.nattrs, .attrs = p.attrs};
  for (int i = 0; i < p.nimages; i++)
    if (p.images[i].row == image || !*m->image) m->image = p.images[i].path;
  return 0;
}

static int match_item(struct vt_look *l, const struct vt_look_query *q, const float *v, struct vt_found *f,
                      struct vt_arena *a, struct vt_err *e)
{
  struct vt_hit *hits = NULL;
  int n = 0, group = f->group ? vt_taxonomy_find(&l->taxonomy, f->group) : -1;
  bool any = q->what != VT_LOOK_ITEMS || l->opts.any_group || group < 0;
  struct vt_filter_rows filter = {.groups = any ? 0 : UINT64_C(1) << group, .rows = l->filter};
  int rc = nearest(l, q, v, &filter, &hits, &n, e);
  if (!rc && !(f->matches = vt_arena_alloc(a, (size_t)VT_MAX(n, 1) * sizeof *f->matches)))
    rc = no_memory(q, e);
  for (int i = 0; i < n && !rc; i++) {
    rc = describe(l, &hits[i], a, &f->matches[f->nmatches], e);
    if (rc == VT_ENOENT)
      rc = 0; /* removed since the vectors were loaded */
    else if (!rc)
      f->nmatches++;
  }
  vt_free(hits);
  return rc;
}

int vt__look_match(struct vt_look *l, const struct vt_look_query *q, const float *v, struct vt_look_result *r,
                   struct vt_err *e)
{
  int rc = 0, dim = vt_embedder_dim(l->embedder);
  if (!l->index) return 0;
  pthread_mutex_lock(&l->catalog_lock);
  for (int i = 0; i < r->n && !rc; i++)
    rc = match_item(l, q, v + (int64_t)i * dim, &r->item[i], &r->arena, e);
  pthread_mutex_unlock(&l->catalog_lock);
  return rc;
}
