/* Splits keep groups together and shares near; samplers give what they promise; same seed, same result. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "data/data.h"

enum { IMAGES = 400, CLASSES = 12 };

/* A drawn set: rare and frequent classes, some pictures of several. */
static void drawn(struct vt_labels *l)
{
  char path[] = "/tmp/vitrine-split-XXXXXX.csv";
  struct vt_err e = {0};
  struct vt_rng r;
  FILE *f = fdopen(mkstemps(path, 4), "w");
  vt_rng_init(&r, 3, 0, 0);
  fputs("path,label,x_1,y_1,x_2,y_2\n", f);
  for (int i = 0; i < IMAGES; i++)
    for (int k = 0; k < 1 + i % 3; k++) {
      double u = vt_rng_unit(&r);
      fprintf(f, "%d.jpg,%d,0,0,5,5\n", i, (int)(CLASSES * u * u));
    }
  fclose(f);
  assert_int_equal(vt_labels_init(l, &e), 0);
  if (vt_format_find("csv-boxes", &e)->read(l, path, &(struct vt_labels_opts){0}, &e)) fail_msg("%s", e.msg);
  unlink(path);
  assert_int_equal(l->nimages, IMAGES);
}

static void count_parts(const struct vt_labels *l, int images[3], int classes[3][CLASSES])
{
  memset(images, 0, 3 * sizeof *images);
  memset(classes, 0, 3 * sizeof *classes);
  for (int i = 0; i < l->nimages; i++) images[l->image[i].split]++;
  for (int64_t i = 0; i < l->n; i++) classes[l->image[l->v[i].image].split][l->v[i].cls]++;
}

static void test_ratios(void **state)
{
  static const struct {
    struct vt_split_opts o;
    int images[3], slack;
  } cases[] = {
      {{.share = {80, 20}, .seed = 1}, {320, 80, 0}, 0},
      {{.share = {90, 10}, .seed = 2}, {360, 40, 0}, 0},
      {{.share = {.8, .1, .1}, .seed = 3}, {320, 40, 40}, 0},
      {{.share = {80, 20}, .stratified = true, .seed = 4}, {320, 80, 0}, 8},
      {{.folds = 5, .fold = 2, .seed = 5}, {320, 80, 0}, 0},
      {{.folds = 5, .fold = 2, .stratified = true, .seed = 5}, {320, 80, 0}, 8},
  };
  struct vt_labels l;
  drawn(&l);
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    int images[3], classes[3][CLASSES];
    uint8_t first[IMAGES];
    assert_int_equal(vt_labels_split(&l, &cases[i].o, NULL), 0);
    count_parts(&l, images, classes);
    for (int k = 0; k < 3; k++)
      if (abs(images[k] - cases[i].images[k]) > cases[i].slack)
        fail_msg("case %zu: %d in part %d", i, images[k], k);
    for (int c = 0; c < CLASSES && cases[i].o.stratified; c++) {
      int all = classes[0][c] + classes[1][c];
      if (fabs(classes[1][c] - .2 * all) > 4.5)
        fail_msg("case %zu: class %d: %d of %d", i, c, classes[1][c], all);
    }
    for (int k = 0; k < IMAGES; k++) first[k] = l.image[k].split;
    assert_int_equal(vt_labels_split(&l, &cases[i].o, NULL), 0);
    for (int k = 0; k < IMAGES; k++) assert_int_equal(first[k], l.image[k].split);
  }
  static const struct vt_split_opts bad[] = {
      {.share = {0}}, {.share = {-1, 2}}, {.folds = 5, .fold = 5}, {.folds = 65}};
  for (size_t i = 0; i < VT_COUNT(bad); i++) assert_int_equal(vt_labels_split(&l, &bad[i], NULL), VT_EARG);
  vt_labels_clear(&l);
}

/* Every picture is in val in exactly one fold. */
static void test_folds(void **state)
{
  struct vt_labels l;
  int val[IMAGES] = {0};
  drawn(&l);
  for (int fold = 0; fold < 4; fold++) {
    assert_int_equal(vt_labels_split(&l, &(struct vt_split_opts){.folds = 4, .fold = fold, .seed = 9}, NULL),
                     0);
    for (int k = 0; k < IMAGES; k++) val[k] += l.image[k].split == VT_SPLIT_VAL;
  }
  for (int k = 0; k < IMAGES; k++) assert_int_equal(val[k], 1);
  vt_labels_clear(&l);
}

static void test_groups(void **state)
{
  struct vt_labels l;
  int64_t group[IMAGES];
  int images[3], classes[3][CLASSES];
  drawn(&l);
  for (int k = 0; k < IMAGES; k++) group[k] = k % 7 ? k / 5 : -1;
  for (int stratified = 0; stratified < 2; stratified++) {
    const struct vt_split_opts o = {.share = {80, 20}, .group = group, .stratified = stratified, .seed = 3};
    assert_int_equal(vt_labels_split(&l, &o, NULL), 0);
    for (int k = 0; k < IMAGES; k++)
      for (int j = k + 1; j < IMAGES && j < k + 5; j++)
        if (group[k] >= 0 && group[k] == group[j]) assert_int_equal(l.image[k].split, l.image[j].split);
    count_parts(&l, images, classes);
    assert_true(abs(images[1] - 80) < 15);
  }
  /* products: instances that share a class */
  for (int64_t i = 0; i < l.n; i++) l.v[i].cls = l.v[i].image % CLASSES;
  assert_int_equal(
      vt_labels_split(&l, &(struct vt_split_opts){.share = {2, 1}, .group_by_class = true}, NULL), 0);
  count_parts(&l, images, classes);
  for (int c = 0; c < CLASSES; c++) assert_true(!classes[0][c] || !classes[1][c]);
  assert_true(images[1] > 60);
  /* what the set itself knows: products of instances, pairs of pictures */
  l.products.n = 40;
  for (int64_t i = 0; i < l.n; i++) l.v[i].product = l.v[i].image < 200 ? l.v[i].image % 40 : -1;
  for (int k = 0; k < IMAGES; k++) l.image[k].pair = k < 200 ? 0 : 1 + k % 50;
  assert_int_equal(vt_labels_split(&l, &(struct vt_split_opts){.share = {80, 20}, .seed = 4}, NULL), 0);
  for (int k = 0; k < IMAGES; k++) {
    const int other = k < 200 ? (k + 40) % 200 : 200 + (k - 200 + 50) % 200;
    assert_int_equal(l.image[k].split, l.image[other].split);
  }
  count_parts(&l, images, classes);
  assert_true(abs(images[1] - 80) < 10);
  vt_labels_clear(&l);
}

/* Shares are kept as well as groups allow, and no part stays empty that could have one, whatever the seed. */
static void test_shares_of_groups(void **state)
{
  static const struct {
    int group[8]; /* pictures of each, ended by 0 */
    double share[3];
    int images[3];
  } cases[] = {
      {{4, 1}, {80, 20}, {4, 1}},
      {{1, 4}, {80, 20}, {4, 1}},
      {{3, 2, 20, 2, 3}, {2, 1}, {20, 10}},
      {{1, 1, 2, 6, 10}, {.5, .3, .2}, {10, 6, 4}},
      {{9, 1}, {.8, .1, .1}, {9, -1, -1}},
      {{5, 1, 1}, {.98, .01, .01}, {5, 1, 1}},
      {{7}, {80, 20}, {7, 0}},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++)
    for (uint64_t seed = 0; seed < 80; seed++) {
      struct vt_labels l;
      int64_t group[IMAGES];
      int images[3], classes[3][CLASSES], n = 0;
      drawn(&l);
      for (int k = 0; cases[i].group[k]; k++)
        for (int j = 0; j < cases[i].group[k]; j++) group[n++] = k;
      bool gone[IMAGES] = {false};
      bool *row = vt_calloc((size_t)l.n, sizeof *row);
      assert_non_null(row);
      for (int k = n; k < IMAGES; k++) gone[k] = true;
      assert_int_equal(vt_labels_take_out(&l, row, gone, NULL), 0);
      vt_free(row);
      struct vt_split_opts o = {.group = group, .stratified = seed % 2, .seed = seed};
      memcpy(o.share, cases[i].share, sizeof o.share);
      assert_int_equal(vt_labels_split(&l, &o, NULL), 0);
      count_parts(&l, images, classes);
      for (int k = 0; k < 3; k++)
        if (cases[i].images[k] >= 0 && images[k] != cases[i].images[k] && !o.stratified)
          fail_msg("case %zu, seed %d: %d in part %d", i, (int)seed, images[k], k);
      vt_labels_clear(&l);
    }
}

static void test_samplers(void **state)
{
  static const int32_t label[] = {0, 0, 0, 0, 0, 0, 2, 2, 2, -1, 5, 5};
  enum { N = VT_COUNT(label) };
  static const struct {
    enum vt_sampling how;
    int64_t n;
    int m, want[6]; /* of each class; -1: about a third */
    int64_t got;
  } cases[] = {{VT_SAMPLE_BALANCED, 3000, 0, {-1, 0, -1, 0, 0, -1}, 3000},
               {VT_SAMPLE_OVER, 0, 0, {6, 0, 6, 0, 0, 6}, 18},
               {VT_SAMPLE_UNDER, 0, 0, {2, 0, 2, 0, 0, 2}, 6},
               {VT_SAMPLE_M_PER_CLASS, 12, 2, {4, 0, 4, 0, 0, 4}, 12},
               {VT_SAMPLE_M_PER_CLASS, 24, 3, {9, 0, 9, 0, 0, 6}, 24}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    int64_t *v, *again, seen[6] = {0};
    int64_t n = vt_sample_order(&v, label, N, cases[i].how, cases[i].n, cases[i].m, 7, NULL);
    assert_int_equal(n, cases[i].got);
    for (int64_t k = 0; k < n; k++) {
      assert_true(label[v[k]] >= 0);
      seen[label[v[k]]]++;
    }
    for (int c = 0; c < 6; c++) {
      if (cases[i].want[c] < 0)
        assert_true(llabs(seen[c] - cases[i].n / 3) < 120);
      else if (seen[c] != cases[i].want[c])
        fail_msg("case %zu: %lld of class %d", i, (long long)seen[c], c);
    }
    for (int64_t k = 0; cases[i].m == 2 && k < n; k += 2) /* pairs of one class, two different samples */
      assert_true(label[v[k]] == label[v[k + 1]] && v[k] != v[k + 1]);
    assert_int_equal(vt_sample_order(&again, label, N, cases[i].how, cases[i].n, cases[i].m, 7, NULL), n);
    assert_memory_equal(v, again, (size_t)n * sizeof *v);
    vt_free(v);
    vt_free(again);
  }
  int64_t *v;
  assert_int_equal(vt_sample_order(&v, (int32_t[]){-1}, 1, VT_SAMPLE_BALANCED, 5, 0, 1, NULL), VT_EARG);
  assert_int_equal(vt_sample_order(&v, label, N, VT_SAMPLE_M_PER_CLASS, 5, 0, 1, NULL), VT_EARG);
}

static void test_label_shuffle(void **state)
{
  int32_t label[1000];
  int sum = 0, moved = 0;
  for (int i = 0; i < 1000; i++) label[i] = i;
  assert_int_equal(vt_shuffle_labels(label, 1000, .3, 1, NULL), 0);
  for (int i = 0; i < 1000; i++) {
    sum += label[i];
    moved += label[i] != i;
  }
  assert_int_equal(sum, 999 * 1000 / 2);
  assert_true(moved > 280 && moved <= 300);
  assert_int_equal(vt_shuffle_labels(label, 1000, 2, 1, NULL), VT_EARG);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_ratios),   cmocka_unit_test(test_folds),
                                     cmocka_unit_test(test_groups),   cmocka_unit_test(test_shares_of_groups),
                                     cmocka_unit_test(test_samplers), cmocka_unit_test(test_label_shuffle)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
