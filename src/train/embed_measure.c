/* Vectors of the embedding task's samples with given weights, and the figures that measure its progress. */
#include "train/embed_task.h"

#include <string.h>

enum { GALLERY = 8000, QUERIES = 600, K = 10, DRAWN_K = 5 };

int vt__embed_choose_gallery(struct vt__embed_task *t, struct vt_err *e)
{
  struct vt_rng rng;
  int64_t n = t->s.nsource[VT_SOURCE_PRODUCTS];
  if (!(t->gallery = vt_calloc((size_t)n + 2 * QUERIES + 1, sizeof *t->gallery)))
    return vt_fail(e, VT_ENOMEM, "embed: out of memory");
  memcpy(t->gallery, t->s.of_source[VT_SOURCE_PRODUCTS], (size_t)n * sizeof *t->gallery);
  vt_rng_init(&rng, t->seed, 7, 7);
  vt_rng_shuffle(&rng, t->gallery, n);
  t->ngallery = VT_MIN(n, GALLERY);
  for (int64_t i = 0; i < t->s.n && t->nquery < QUERIES; i++) {
    const struct vt__embed_sample *x = &t->s.v[i];
    if (x->held && x->im.px && x->source == VT_SOURCE_PRODUCTS) t->gallery[t->ngallery + t->nquery++] = i;
  }
  int64_t *street = t->gallery + t->ngallery + t->nquery;
  for (int64_t i = 0; i < t->s.n && t->nstreet < QUERIES; i++) {
    const struct vt__embed_sample *x = &t->s.v[i];
    if (x->held && x->im.px && x->source == VT_SOURCE_CCP && x->group >= 0) street[t->nstreet++] = i;
  }
  return t->nquery ? 0 : vt_fail(e, VT_EARG, "embed: hold_out leaves no products to measure with");
}

int vt__embed_vectors(struct vt__embed_task *t, const struct vt_weights *w, const int64_t *list, int64_t n,
                      float **out, int64_t *dim, struct vt_err *e)
{
  enum { CHUNK = 64 };
  struct vt_embedder *x = NULL;
  size_t plane = vt__embed_plane_bytes(t) / sizeof(float);
  float *planes = vt_aligned(plane * CHUNK * sizeof *planes);
  *out = NULL;
  char *path;
  int rc = vt__scratch_model("embed", &path, e);
  if (!rc && !planes) rc = vt_fail(e, VT_ENOMEM, "embed: out of memory");
  if (!rc) rc = vt__embed_export(t, w, NULL, path, e);
  if (!rc)
    rc = vt_embedder_open(&x, t->registry, path,
                          &(struct vt_model_opts){.precision = VT_PREC_AUTO, .batch = CHUNK}, e);
  if (rc) goto out;
  *dim = vt_embedder_dim(x);
  if (!(*out = vt_reallocarray(NULL, (size_t)n * (size_t)*dim, sizeof **out)))
    rc = vt_fail(e, VT_ENOMEM, "embed: out of memory");
  for (int64_t i = 0; !rc && i < n; i += CHUNK) {
    int64_t m = VT_MIN(CHUNK, n - i);
    for (int64_t k = 0; !rc && k < m; k++)
      rc = vt_embedder_prepare(x, &t->s.v[list[i + k]].im, NULL, NULL, planes + (size_t)k * plane, e);
    if (!rc) rc = vt_embedder_run(x, planes, m, *out + i * *dim, NULL, e);
  }
out:
  vt_embedder_free(x);
  vt__drop_scratch(path);
  vt_free(planes);
  return rc;
}

float vt__embed_dot(const float *a, const float *b, int64_t n)
{
  float s = 0;
#pragma omp simd reduction(+ : s)
  for (int64_t i = 0; i < n; i++) s += a[i] * b[i];
  return s;
}

/* The `most` samples of list[0..n), of the given group (-1: any), nearest to q; v: their vectors (n, d). */
static int nearest(const struct vt__embed_task *t, const float *q, const int64_t *list, const float *v,
                   int64_t n, int64_t d, int group, int most, int64_t *best)
{
  float score[K];
  int kept = 0;
  for (int64_t i = 0; i < n; i++) {
    if (group >= 0 && t->s.v[list[i]].group != group) continue;
    float s = vt__embed_dot(q, v + i * d, d);
    if (kept == most && s <= score[most - 1]) continue;
    int k = kept < most ? kept++ : most - 1;
    for (; k > 0 && score[k - 1] < s; k--) score[k] = score[k - 1], best[k] = best[k - 1];
    score[k] = s;
    best[k] = list[i];
  }
  return kept;
}

static int measure_products(struct vt__embed_task *t, const struct vt_weights *w, struct vt_metrics *m,
                            struct vt_err *e)
{
  int64_t d = 0, n = t->ngallery, type_right = 0, both_right = 0, group_right = 0;
  float *v = NULL;
  int rc = vt__embed_vectors(t, w, t->gallery, n + t->nquery + t->nstreet, &v, &d, e);
  if (!rc)
#pragma omp parallel for reduction(+ : type_right, both_right, group_right)
    for (int64_t q = 0; q < t->nquery + t->nstreet; q++) {
      const struct vt__embed_sample *x = &t->s.v[t->gallery[n + q]];
      int64_t best[K];
      int kept = nearest(t, v + (n + q) * d, t->gallery, v, n, d, -1, K, best);
      for (int k = 0; k < kept; k++) {
        const struct vt__embed_sample *y = &t->s.v[best[k]];
        if (q >= t->nquery) {
          group_right += x->group == y->group;
          continue;
        }
        bool type = x->label[0] == y->label[0];
        type_right += type;
        both_right += type && x->label[1] == y->label[1];
      }
    }
  vt_free(v);
  if (rc) return rc;
  vt_metrics_add(m, "p10_type", (double)type_right / (K * (double)t->nquery));
  vt_metrics_add(m, "p10_type_colour", (double)both_right / (K * (double)t->nquery));
  if (t->nstreet) vt_metrics_add(m, "street_p10_group", (double)group_right / (K * (double)t->nstreet));
  return 0;
}

static int measure_drawn(struct vt__embed_task *t, const struct vt_weights *w, struct vt_metrics *m,
                         struct vt_err *e)
{
  const struct vt__embed_samples *s = &t->s;
  int64_t d = 0, n = 0, nquery = 0, hits = 0;
  float *v = NULL;
  int64_t *list = vt_reallocarray(NULL, (size_t)s->n + 1, sizeof *list); /* studio pictures, then queries */
  if (!list) return vt_fail(e, VT_ENOMEM, "embed: out of memory");
  for (int64_t i = 0; i < s->n; i++)
    if (s->v[i].im.px && s->v[i].studio) list[n++] = i;
  for (int64_t i = 0; i < s->n && nquery < QUERIES; i++) {
    const struct vt__embed_sample *x = &s->v[i];
    if (x->held && x->im.px && x->source == VT_SOURCE_SYNTH && !x->studio && x->key >= 0)
      list[n + nquery++] = i;
  }
  int rc = n && nquery ? vt__embed_vectors(t, w, list, n + nquery, &v, &d, e) : 0;
  if (!rc)
#pragma omp parallel for reduction(+ : hits)
    for (int64_t q = 0; q < nquery; q++) {
      const struct vt__embed_sample *x = &s->v[list[n + q]];
      int64_t best[K];
      int kept = nearest(t, v + (n + q) * d, list, v, n, d, x->group, DRAWN_K, best);
      for (int k = 0; k < kept; k++) hits += s->v[best[k]].key == x->key;
    }
  vt_free(v);
  vt_free(list);
  if (!rc && n && nquery) vt_metrics_add(m, "drawn_recall_at_5", (double)hits / (double)nquery);
  return rc;
}

int vt__embed_validate(struct vt__embed_task *t, const struct vt_weights *w, struct vt_metrics *m,
                       struct vt_err *e)
{
  int rc = measure_products(t, w, m, e);
  return rc ? rc : measure_drawn(t, w, m, e);
}
