/* The exact index against brute force in double precision. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "index/index.h"

struct ref_hit {
  int64_t id;
  double score;
};

static int by_ref(const void *a, const void *b)
{
  const struct ref_hit *x = a, *y = b;
  if (x->score != y->score) return x->score > y->score ? -1 : 1;
  return (x->id > y->id) - (x->id < y->id);
}

static double cosine(const float *a, const float *b, int dim)
{
  double ab = 0, aa = 0, bb = 0;
  for (int d = 0; d < dim; d++) {
    ab += (double)a[d] * b[d];
    aa += (double)a[d] * a[d];
    bb += (double)b[d] * b[d];
  }
  return ab / sqrt(aa * bb);
}

struct world {
  int dim;
  int64_t n;
  float *v;
  int64_t *id;
  uint8_t *group;
  struct vt_index *x;
};

static void world_make(struct world *w, int dim, int64_t n, uint64_t seed)
{
  struct vt_rng r;
  vt_rng_init(&r, seed, 0, 0);
  *w = (struct world){.dim = dim, .n = n};
  w->v = malloc((size_t)(n * dim) * sizeof *w->v + 1);
  w->id = malloc((size_t)n * sizeof *w->id + 1);
  w->group = malloc((size_t)n + 1);
  for (int64_t i = 0; i < n * dim; i++) w->v[i] = vt_rng_normal(&r);
  for (int64_t i = 0; i < n; i++) {
    w->id[i] = (i * 7919) % (n + 13);
    w->group[i] = i % 11 == 10 ? VT_INDEX_NO_GROUP : (uint8_t)(i % 5);
  }
  struct vt_err e;
  assert_int_equal(vt_index_new(&w->x, dim, &e), 0);
  int64_t half = n / 2;
  assert_int_equal(vt_index_add(w->x, half, w->id, w->group, w->v, &e), 0);
  assert_int_equal(vt_index_add(w->x, n - half, w->id + half, w->group + half, w->v + half * dim, &e), 0);
  assert_int_equal(vt_index_count(w->x), n);
}

static void world_free(struct world *w)
{
  vt_index_free(w->x);
  free(w->v);
  free(w->id);
  free(w->group);
}

static void check_query(const struct world *w, const float *q, int k, const struct vt_filter_rows *f,
                        const struct vt_hit *hits, int count)
{
  struct ref_hit *ref = malloc((size_t)w->n * sizeof *ref + 1);
  int n = 0;
  for (int64_t i = 0; i < w->n; i++) {
    if (f && f->groups && (w->group[i] > 63 || !(f->groups >> w->group[i] & 1))) continue;
    if (f && f->rows && !(f->rows[i / 64] >> (i % 64) & 1)) continue;
    ref[n++] = (struct ref_hit){w->id[i], cosine(q, w->v + i * w->dim, w->dim)};
  }
  qsort(ref, (size_t)n, sizeof *ref, by_ref);
  assert_int_equal(count, VT_MIN(n, k));
  for (int i = 0; i < count; i++) {
    assert_true(fabs(hits[i].score - ref[i].score) < 2e-6);
    bool near_tie = (i > 0 && ref[i - 1].score - ref[i].score < 1e-6) ||
                    (i + 1 < n && ref[i].score - ref[i + 1].score < 1e-6);
    if (!near_tie) assert_int_equal(hits[i].id, ref[i].id);
  }
  free(ref);
}

static void test_brute_force(void **state)
{
  static const struct {
    int dim, n, nq, k;
    uint64_t groups;
    bool rows;
  } cases[] = {
      {1, 1, 1, 1, 0, false},      {3, 10, 2, 20, 0, false},     {192, 700, 5, 10, 0, false},
      {192, 3000, 3, 7, 6, false}, {200, 901, 70, 5, 0, true},   {17, 5000, 2, 100, 1, true},
      {64, 100, 1, 5, 32, false},  {128, 2000, 65, 3, 0, false}, {33, 257, 4, 257, 0, false},
  };
  for (size_t c = 0; c < VT_COUNT(cases); c++) {
    struct world w;
    world_make(&w, cases[c].dim, cases[c].n, c + 1);
    struct vt_rng r;
    vt_rng_init(&r, 99, c, 0);
    int nq = cases[c].nq, k = cases[c].k;
    float *q = malloc((size_t)(nq * w.dim) * sizeof *q);
    for (int i = 0; i < nq * w.dim; i++) q[i] = 3 * vt_rng_normal(&r);
    uint64_t *rows = calloc((size_t)w.n / 64 + 1, sizeof *rows);
    for (int64_t i = 0; i < w.n; i++)
      if (vt_rng_below(&r, 3) == 0) rows[i / 64] |= UINT64_C(1) << (i % 64);
    struct vt_filter_rows f = {cases[c].groups, cases[c].rows ? rows : NULL};
    struct vt_hit *hits = malloc((size_t)(nq * k) * sizeof *hits);
    int *count = malloc((size_t)nq * sizeof *count);
    struct vt_err e;
    assert_int_equal(vt_index_search(w.x, nq, q, k, &f, hits, count, &e), 0);
    for (int i = 0; i < nq; i++) check_query(&w, q + i * w.dim, k, &f, hits + i * k, count[i]);
    free(count);
    free(hits);
    free(rows);
    free(q);
    world_free(&w);
  }
}

/* Equal vectors anywhere in the index tie exactly, and smaller ids come first. */
static void test_ties(void **state)
{
  enum { DIM = 37, N = 3001 };
  struct vt_rng r;
  vt_rng_init(&r, 5, 0, 0);
  float one[DIM];
  for (int d = 0; d < DIM; d++) one[d] = vt_rng_normal(&r);
  struct vt_index *x;
  struct vt_err e;
  assert_int_equal(vt_index_new(&x, DIM, &e), 0);
  for (int64_t i = 0; i < N; i++) {
    int64_t id = N - i;
    assert_int_equal(vt_index_add(x, 1, &id, NULL, one, &e), 0);
  }
  struct vt_hit hits[10];
  int count;
  assert_int_equal(vt_index_search(x, 1, one, 10, NULL, hits, &count, &e), 0);
  assert_int_equal(count, 10);
  for (int i = 0; i < 10; i++) {
    assert_int_equal(hits[i].id, i + 1);
    assert_true(hits[i].score == hits[0].score);
  }
  /* rows without a group never pass a group filter */
  struct vt_filter_rows f = {~UINT64_C(0), NULL};
  assert_int_equal(vt_index_search(x, 1, one, 10, &f, hits, &count, &e), 0);
  assert_int_equal(count, 0);
  vt_index_free(x);
}

static void test_remove(void **state)
{
  struct world w;
  world_make(&w, 24, 500, 3);
  int64_t gone[3] = {w.id[0], w.id[77], 123456789};
  int64_t same = 0;
  for (int64_t i = 0; i < w.n; i++) same += w.id[i] == gone[0] || w.id[i] == gone[1];
  assert_int_equal(vt_index_remove(w.x, 3, gone), 0);
  assert_int_equal(vt_index_count(w.x), w.n - same);
  struct vt_hit hit;
  int count;
  struct vt_err e;
  assert_int_equal(vt_index_search(w.x, 1, w.v + 77 * w.dim, 1, NULL, &hit, &count, &e), 0);
  assert_true(hit.id != gone[1]);
  assert_int_equal(vt_index_search(w.x, 1, w.v + 78 * w.dim, 1, NULL, &hit, &count, &e), 0);
  assert_int_equal(hit.id, w.id[78]);
  assert_true(fabsf(hit.score - 1) < 1e-6f);
  world_free(&w);
}

static void test_view(void **state)
{
  float v[2][2] = {{1, 0}, {0.6f, 0.8f}};
  int64_t id[2] = {5, 6};
  uint8_t group[2] = {1, 2};
  struct vt_index *x;
  struct vt_err e;
  assert_int_equal(vt_index_view(&x, 2, 2, id, group, v[0], &e), 0);
  struct vt_hit hits[4];
  int count;
  assert_int_equal(vt_index_search(x, 1, (float[]){0, 2}, 4, NULL, hits, &count, &e), 0);
  assert_int_equal(count, 2);
  assert_int_equal(hits[0].id, 6);
  assert_true(fabsf(hits[0].score - 0.8f) < 1e-6f && hits[1].score == 0);
  assert_int_equal(vt_index_add(x, 1, id, group, v[0], &e), VT_ESTATE);
  assert_int_equal(vt_index_remove(x, 1, id), VT_ESTATE);
  vt_index_free(x);
}

static void test_refused(void **state)
{
  struct vt_index *x;
  struct vt_err e;
  assert_int_equal(vt_index_new(&x, 0, &e), VT_EARG);
  assert_int_equal(vt_index_new(&x, VT_INDEX_MAX_DIM + 1, &e), VT_EARG);
  assert_int_equal(vt_index_new(&x, 2, &e), 0);
  struct vt_hit hit;
  int count = 7;
  assert_int_equal(vt_index_search(x, 1, (float[]){1, 0}, 3, NULL, &hit, &count, &e), 0);
  assert_int_equal(count, 0);
  static const float bad[][2] = {{0, 0}, {NAN, 1}, {INFINITY, 1}, {1, -INFINITY}};
  for (size_t i = 0; i < VT_COUNT(bad); i++) {
    int64_t id = (int64_t)i;
    assert_int_equal(vt_index_add(x, 1, &id, NULL, bad[i], &e), VT_EARG);
    assert_int_equal(vt_index_search(x, 1, bad[i], 1, NULL, &hit, &count, &e), VT_EARG);
  }
  assert_int_equal(vt_index_count(x), 0);
  assert_int_equal(vt_index_search(x, 1, (float[]){1, 0}, 0, NULL, &hit, &count, &e), VT_EARG);
  vt_index_free(x);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_brute_force), cmocka_unit_test(test_ties),    cmocka_unit_test(test_remove),
      cmocka_unit_test(test_view),        cmocka_unit_test(test_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
