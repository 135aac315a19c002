/* Which samples an epoch of the embedding task shows, in which company.
 *
 * Anchors come from the sources in given shares, ROW in a row of one source, each followed by its partner.
 * Samples that stand in one batch are each other's negatives, so a row of drawn garments holds products of
 * one group, and with `neighbours` those that the present weights find alike. */
#include "train/embed_pool.h"

#include <string.h>

enum { ROW = 8, TRIES = 50 };

/* The drawn products with a studio picture, and for each those of its group that look most like it. */
struct alike {
  int64_t n, nnear;
  int64_t *product; /* (n) samples: studio pictures */
  int64_t *near;    // (n, nnear) positions in `product`; -1: none
};

static void clear(struct alike *a)
{
  vt_free(a->product);
  vt_free(a->near);
}

static void find_near(struct alike *a, const struct vt__embed_samples *s, const float *v, int64_t d,
                      int64_t i, float *score)
{
  int64_t *near = a->near + i * a->nnear, kept = 0;
  for (int64_t k = 0; k < a->n; k++) {
    if (k == i || s->v[a->product[k]].group != s->v[a->product[i]].group) continue;
    float x = vt__embed_dot(v + i * d, v + k * d, d);
    if (kept == a->nnear && x <= score[kept - 1]) continue;
    int64_t j = kept < a->nnear ? kept++ : kept - 1;
    for (; j > 0 && score[j - 1] < x; j--) score[j] = score[j - 1], near[j] = near[j - 1];
    score[j] = x;
    near[j] = k;
  }
  while (kept < a->nnear) near[kept++] = -1;
}

static int find_alike(struct alike *a, struct vt__embed_task *t, const struct vt_weights *w, struct vt_err *e)
{
  const struct vt__embed_samples *s = &t->s;
  int64_t d = 0, n = s->nsource[VT_SOURCE_SYNTH];
  float *v = NULL, *score = NULL;
  *a = (struct alike){.nnear = t->o.neighbours};
  if (!a->nnear || !n) return 0;
  a->product = vt_reallocarray(NULL, (size_t)n, sizeof *a->product);
  a->near = vt_reallocarray(NULL, (size_t)(n * a->nnear), sizeof *a->near);
  score = vt_reallocarray(NULL, (size_t)(n * a->nnear), sizeof *score);
  int rc = a->product && a->near && score ? 0 : vt_fail(e, VT_ENOMEM, "embed: out of memory");
  for (int64_t i = 0; !rc && i < n; i++)
    if (s->v[s->of_source[VT_SOURCE_SYNTH][i]].studio) a->product[a->n++] = s->of_source[VT_SOURCE_SYNTH][i];
  if (!rc) rc = vt__embed_vectors(t, w, a->product, a->n, &v, &d, e);
  if (!rc)
#pragma omp parallel for schedule(dynamic, 16)
    for (int64_t i = 0; i < a->n; i++) find_near(a, s, v, d, i, score + i * a->nnear);
  vt_free(v);
  vt_free(score);
  return rc;
}

/* Positions in `product`: one at random, then some of those that look like it. */
static void draw_alike(const struct alike *a, struct vt_rng *rng, int64_t row[ROW])
{
  row[0] = vt_rng_below(rng, (uint32_t)a->n);
  for (int k = 1; k < ROW; k++) {
    const int64_t *near = a->near + row[0] * a->nnear;
    bool again = true;
    for (int i = 0; again && i < TRIES; i++) {
      row[k] = near[vt_rng_below(rng, (uint32_t)a->nnear)];
      again = row[k] < 0;
      for (int j = 0; j < k; j++) again |= row[j] == row[k];
    }
    if (row[k] < 0) row[k] = row[0];
  }
}

static int64_t draw_source(const struct vt__embed_task *t, struct vt_rng *rng)
{
  int64_t total = 0, s = 0;
  for (int k = 0; k < VT__NSOURCES; k++) total += t->s.nsource[k] ? t->share[k] : 0;
  int64_t u = vt_rng_below(rng, (uint32_t)total);
  for (; s < VT__NSOURCES - 1; s++) {
    int64_t part = t->s.nsource[s] ? t->share[s] : 0;
    if (u < part) break;
    u -= part;
  }
  return s;
}

/* A sample of source s, for drawn data one of the group of sample `like`. */
static int64_t draw_like(const struct vt__embed_task *t, struct vt__embed_pool *pool, int64_t s, int64_t like,
                         struct vt_rng *rng)
{
  int64_t a = like;
  for (int k = 0; k < TRIES; k++) {
    a = vt__embed_pool_next(pool, &t->s, s, rng);
    if (s != VT_SOURCE_SYNTH || t->s.v[a].group == t->s.v[like].group) break;
  }
  return a;
}

/* A street view of the product with studio picture `studio`, or that picture if it was never worn. */
static int64_t draw_worn(const struct vt__embed_task *t, int64_t studio, struct vt_rng *rng)
{
  int64_t a = studio;
  for (int k = 0; k < ROW && t->s.v[a].studio; k++) a = vt__embed_partner(&t->s, studio, rng);
  return a;
}

static void fill_row(const struct vt__embed_task *t, const struct alike *a, struct vt__embed_pool *pool,
                     struct vt_rng *rng, int64_t *order, int64_t count)
{
  int64_t step = vt__embed_per_anchor(t), s = draw_source(t, rng), row[ROW];
  bool pairs = s == VT_SOURCE_SYNTH && a->n;
  if (pairs) draw_alike(a, rng, row);
  const int64_t first = vt__embed_pool_next(pool, &t->s, s, rng);
  for (int64_t k = 0; k < count; k++, order += step) {
    if (pairs) {
      order[1] = a->product[row[k]];
      order[0] = draw_worn(t, order[1], rng);
    } else {
      order[0] = k ? draw_like(t, pool, s, first, rng) : first;
      order[1] = vt__embed_partner(&t->s, order[0], rng);
    }
  }
}

/* order holds anchor, partner, free, …: fills each free place with the pool's nearest sample of another key.
 */
static int mine(struct vt__embed_task *t, const struct vt_weights *w, int64_t *order, struct vt_err *e)
{
  int64_t n = t->o.anchors, m = VT_MIN(t->o.pool, t->s.nkey), d = 0;
  struct vt_rng rng;
  float *v = NULL;
  int64_t *list = vt_reallocarray(NULL, (size_t)(m + n), sizeof *list); /* candidates, then anchors */
  if (!list) return vt_fail(e, VT_ENOMEM, "embed: out of memory");
  vt_rng_init(&rng, t->seed, (uint64_t)order[0], 0x3117);
  for (int64_t i = 0; i < m; i++) list[i] = t->s.by_key[vt_rng_below(&rng, (uint32_t)t->s.nkey)];
  for (int64_t i = 0; i < n; i++) list[m + i] = order[3 * i];
  int rc = vt__embed_vectors(t, w, list, m + n, &v, &d, e);
  if (!rc)
#pragma omp parallel for
    for (int64_t i = 0; i < n; i++) {
      float best = -2;
      order[3 * i + 2] = list[0];
      for (int64_t k = 0; k < m; k++) {
        if (t->s.v[list[k]].key == t->s.v[order[3 * i]].key) continue;
        float s = vt__embed_dot(v + (m + i) * d, v + k * d, d);
        if (s > best) best = s, order[3 * i + 2] = list[k];
      }
    }
  vt_free(v);
  vt_free(list);
  return rc;
}

int vt__embed_order(struct vt__embed_task *t, int epoch, const struct vt_weights *w, int64_t *order,
                    struct vt_err *e)
{
  struct vt_rng rng;
  struct alike a;
  struct vt__embed_pool pool = {.at = {0}};
  vt_rng_init(&rng, t->seed, (uint64_t)epoch, 0xe4b);
  int rc = find_alike(&a, t, w, e);
  if (!rc) rc = vt__embed_pool_init(&pool, t, epoch, e);
  for (int64_t i = 0; !rc && i < t->o.anchors; i += ROW)
    fill_row(t, &a, &pool, &rng, order + i * vt__embed_per_anchor(t), VT_MIN(ROW, t->o.anchors - i));
  if (!rc && t->o.mining == VT__MINE_OFFLINE) rc = mine(t, w, order, e);
  vt__embed_pool_clear(&pool);
  clear(&a);
  return rc;
}
