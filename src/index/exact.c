/* The exact index: packed vectors, scanned whole.
 *
 * Rows are scanned in blocks that stay in the second-level cache while all queries of a group of queries meet
 * them. Blocks are dealt to threads in turn, so that a filter on one group, whose rows usually lie together,
 * still gives every thread its share. Each thread keeps, per query, a heap of its k best; the heaps are
 * merged at the end. "Better" is a total order (score, then smaller id), so the result does not depend on
 * threads or blocks. */
#include "index/index.h"
#include "index/dot.h"
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 192 << 10, QUERY_GROUP = 64, SERIAL_BELOW = 4096 };
#define MAX_ROWS (INT64_C(1) << 32)

struct vt_index {
  int dim;
  int64_t n, cap;
  bool view;
  int64_t *id;
  uint8_t *group;
  float *v; /* (n, dim) unit vectors */
};

int vt_index_new(struct vt_index **out, int dim, struct vt_err *e)
{
  *out = NULL;
  if (dim < 1 || dim > VT_INDEX_MAX_DIM)
    return vt_fail(e, VT_EARG, "index: dimension %d is not within 1..%d", dim, VT_INDEX_MAX_DIM);
  struct vt_index *x = vt_calloc(1, sizeof *x);
  if (!x) return vt_fail(e, VT_ENOMEM, "index: out of memory");
  x->dim = dim;
  *out = x;
  return 0;
}

int vt_index_view(struct vt_index **out, int dim, int64_t n, const int64_t *id, const uint8_t *group,
                  const float *v, struct vt_err *e)
{
  int rc = vt_index_new(out, dim, e);
  if (rc) return rc;
  struct vt_index *x = *out;
  x->view = true;
  x->n = x->cap = n;
  x->id = (int64_t *)id;
  x->group = (uint8_t *)group;
  x->v = (float *)v;
  return 0;
}

void vt_index_free(struct vt_index *x)
{
  if (!x) return;
  if (!x->view) {
    vt_free(x->id);
    vt_free(x->group);
    vt_free(x->v);
  }
  vt_free(x);
}

int64_t vt_index_count(const struct vt_index *x)
{
  return x->n;
}

int vt_index_dim(const struct vt_index *x)
{
  return x->dim;
}

static int reserve(struct vt_index *x, int64_t need, struct vt_err *e)
{
  if (need <= x->cap) return 0;
  if (need > MAX_ROWS) return vt_fail(e, VT_ELIMIT, "index: more than %lld rows", (long long)MAX_ROWS);
  int64_t cap = VT_MAX(need, x->cap + x->cap / 2);
  int64_t *id = vt_reallocarray(x->id, (size_t)cap, sizeof *id);
  if (id) x->id = id;
  uint8_t *group = vt_realloc(x->group, (size_t)cap);
  if (group) x->group = group;
  float *v = vt_aligned((size_t)cap * (size_t)x->dim * sizeof *v);
  if (!id || !group || !v) {
    vt_free(v);
    return vt_fail(e, VT_ENOMEM, "index: out of memory for %lld vectors of %d numbers", (long long)cap,
                   x->dim);
  }
  if (x->n) memcpy(v, x->v, (size_t)x->n * (size_t)x->dim * sizeof *v);
  vt_free(x->v);
  x->v = v;
  x->cap = cap;
  return 0;
}

/* 1 / |v|, or 0 for vectors that are zero or not finite. */
static float inverse_norm(const float *v, int dim)
{
  double s = 0;
  for (int d = 0; d < dim; d++) s += (double)v[d] * v[d];
  return isfinite(s) && s > 0 ? (float)(1 / sqrt(s)) : 0;
}

int vt_index_add(struct vt_index *x, int64_t n, const int64_t *id, const uint8_t *group, const float *v,
                 struct vt_err *e)
{
  if (x->view) return vt_fail(e, VT_ESTATE, "index: a view cannot grow");
  int rc = reserve(x, x->n + n, e);
  if (rc) return rc;
  for (int64_t i = 0; i < n; i++) {
    const float *in = v + i * x->dim;
    float *out = x->v + (x->n + i) * x->dim;
    float s = inverse_norm(in, x->dim);
    if (s == 0)
      return vt_fail(e, VT_EARG, "index: vector %lld (id %lld) is zero or not finite", (long long)i,
                     (long long)id[i]);
    for (int d = 0; d < x->dim; d++) out[d] = in[d] * s;
    x->id[x->n + i] = id[i];
    x->group[x->n + i] = group ? group[i] : VT_INDEX_NO_GROUP;
  }
  x->n += n;
  return 0;
}

static int by_number(const void *a, const void *b)
{
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

int vt_index_remove(struct vt_index *x, int64_t n, const int64_t *id)
{
  if (x->view) return VT_ESTATE;
  if (n <= 0) return 0;
  int64_t *sorted = vt_reallocarray(NULL, (size_t)n, sizeof *sorted);
  if (!sorted) return VT_ENOMEM;
  memcpy(sorted, id, (size_t)n * sizeof *sorted);
  qsort(sorted, (size_t)n, sizeof *sorted, by_number);
  int64_t kept = 0;
  for (int64_t i = 0; i < x->n; i++) {
    if (bsearch(&x->id[i], sorted, (size_t)n, sizeof *sorted, by_number)) continue;
    if (kept != i) {
      x->id[kept] = x->id[i];
      x->group[kept] = x->group[i];
      memcpy(x->v + kept * x->dim, x->v + i * x->dim, (size_t)x->dim * sizeof *x->v);
    }
    kept++;
  }
  x->n = kept;
  vt_free(sorted);
  return 0;
}

/* ---- searching --------------------------------------------------------------------------------------------
 */

static bool better(struct vt_hit a, struct vt_hit b)
{
  return a.score > b.score || (a.score == b.score && a.id < b.id);
}

static int by_rank(const void *a, const void *b)
{
  const struct vt_hit *x = a, *y = b;
  return better(*x, *y) ? -1 : better(*y, *x);
}

/* A heap whose root is the worst of the k best seen so far. */
struct heap {
  int n;
  struct vt_hit *v;
};

static void heap_offer(struct heap *h, int k, struct vt_hit hit)
{
  struct vt_hit *v = h->v;
  int i;
  if (h->n < k) {
    for (i = h->n++; i > 0 && better(v[(i - 1) / 2], hit); i = (i - 1) / 2) v[i] = v[(i - 1) / 2];
  } else {
    if (!better(hit, v[0])) return;
    for (i = 0;;) {
      int c = 2 * i + 1;
      if (c >= k) break;
      if (c + 1 < k && better(v[c], v[c + 1])) c++;
      if (!better(hit, v[c])) break;
      v[i] = v[c];
      i = c;
    }
  }
  v[i] = hit;
}

static void heap_fix(struct heap *h, int k)
{
  if (h->n > 1) qsort(h->v, (size_t)h->n, sizeof *h->v, by_rank);
  h->n = VT_MIN(h->n, k);
}

struct scan {
  const struct vt_index *x;
  const struct vt_filter_rows *f;
  const float *q; /* (nq, dim) unit vectors */
  int nq, k;
  vt__dot_fn *dot;
};

static bool admits(const struct scan *s, int64_t row)
{
  const struct vt_filter_rows *f = s->f;
  if (!f) return true;
  uint8_t g = s->x->group[row];
  if (f->groups && (g > 63 || !(f->groups >> g & 1))) return false;
  return !f->rows || (f->rows[row >> 6] >> (row & 63) & 1);
}

/* Rows [from, to) against every query; only runs of admitted rows are touched. */
static void scan_block(const struct scan *s, int64_t from, int64_t to, float *score, struct heap *heap)
{
  int dim = s->x->dim;
  while (from < to) {
    while (from < to && !admits(s, from)) from++;
    int64_t end = from;
    while (end < to && admits(s, end)) end++;
    for (int i = 0; i < s->nq && end > from; i++) {
      struct heap *h = &heap[i];
      s->dot(s->x->v + from * dim, end - from, dim, s->q + (int64_t)i * dim, score);
      for (int64_t r = from; r < end; r++)
        if (h->n < s->k || score[r - from] >= h->v[0].score)
          heap_offer(h, s->k, (struct vt_hit){s->x->id[r], score[r - from]});
    }
    from = end;
  }
}

/* One group of at most QUERY_GROUP queries. */
static int scan_queries(const struct scan *s, struct vt_hit *hits, int *count, struct vt_err *e)
{
  int64_t n = s->x->n, rows = VT_MAX(BLOCK_BYTES / (s->x->dim * (int64_t)sizeof(float)), 4);
  int64_t blocks = (n + rows - 1) / rows;
  int threads = VT_MIN(vt_threads(), omp_get_max_threads());
  if (n * s->nq < SERIAL_BELOW) threads = 1;
  size_t slots = (size_t)threads * (size_t)s->nq;
  struct heap *heap = vt_calloc(slots, sizeof *heap);
  struct vt_hit *pool = vt_reallocarray(NULL, slots * (size_t)s->k, sizeof *pool);
  float *score = vt_reallocarray(NULL, (size_t)threads * (size_t)rows, sizeof *score);
  int rc = 0;
  if (!heap || !pool || !score) {
    rc = vt_fail(e, VT_ENOMEM, "index: out of memory for %d queries of %d hits", s->nq, s->k);
    goto out;
  }
  for (size_t i = 0; i < slots; i++) heap[i].v = pool + i * (size_t)s->k;

#pragma omp parallel num_threads(threads) if (threads > 1)
  {
    int t = omp_get_thread_num();
#pragma omp for schedule(static, 1)
    for (int64_t b = 0; b < blocks; b++)
      scan_block(s, b * rows, VT_MIN((b + 1) * rows, n), score + t * rows, heap + (size_t)t * (size_t)s->nq);
  }
  for (int i = 0; i < s->nq; i++) {
    struct heap *first = &heap[i];
    for (int t = 1; t < threads; t++) {
      const struct heap *other = &heap[(size_t)t * (size_t)s->nq + (size_t)i];
      for (int j = 0; j < other->n; j++) heap_offer(first, s->k, other->v[j]);
    }
    heap_fix(first, s->k);
    memcpy(hits + (int64_t)i * s->k, first->v, (size_t)first->n * sizeof *hits);
    count[i] = first->n;
  }
out:
  vt_free(score);
  vt_free(pool);
  vt_free(heap);
  return rc;
}

int vt_index_search(const struct vt_index *x, int64_t nq, const float *q, int k,
                    const struct vt_filter_rows *f, struct vt_hit *hits, int *count, struct vt_err *e)
{
  if (k < 1 || nq < 0) return vt_fail(e, VT_EARG, "index: k = %d, queries = %lld", k, (long long)nq);
  if (f && !f->groups && !f->rows) f = NULL;
  for (int64_t i = 0; i < nq; i++) count[i] = 0;
  struct scan s = {.x = x, .f = f, .k = (int)VT_MIN(k, x->n), .dot = vt__dot_select()};
  float *unit = vt_aligned((size_t)QUERY_GROUP * (size_t)x->dim * sizeof *unit);
  struct vt_hit *part = vt_reallocarray(NULL, QUERY_GROUP, (size_t)VT_MAX(s.k, 1) * sizeof *part);
  int rc = unit && part ? 0 : vt_fail(e, VT_ENOMEM, "index: out of memory");
  for (int64_t first = 0; first < nq && !rc; first += s.nq) {
    s.nq = (int)VT_MIN(nq - first, QUERY_GROUP);
    s.q = unit;
    for (int i = 0; i < s.nq && !rc; i++) {
      const float *in = q + (first + i) * x->dim;
      float inv = inverse_norm(in, x->dim);
      if (inv == 0) rc = vt_fail(e, VT_EARG, "index: query %lld is zero or not finite", (long long)first + i);
      for (int d = 0; d < x->dim; d++) unit[i * x->dim + d] = in[d] * inv;
    }
    if (rc || s.k == 0) continue;
    rc = scan_queries(&s, part, count + first, e);
    for (int i = 0; i < s.nq && !rc; i++)
      memcpy(hits + (first + i) * k, part + (int64_t)i * s.k, (size_t)count[first + i] * sizeof *hits);
  }
  vt_free(part);
  vt_free(unit);
  return rc;
}
