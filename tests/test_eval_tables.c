/* Measures of tables and vectors against scikit-learn's and brute force's figures
 * (tests/fixtures/measures/make.py), and what is wrong with tables. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>
#include <unistd.h>
#include "app/eval_retrieval.h"
#include "app/eval_scores.h"

#define FIXTURE(name) VT_SOURCE_ROOT "/tests/fixtures/measures/" name

/* Every figure that the fixture has, and no NaN. */
static void check(struct vt_figures *f, const char *part)
{
  json_t *all = json_load_file(FIXTURE("expected.json"), 0, NULL), *want = json_object_get(all, part), *value;
  struct vt_buf b = {0};
  const char *name;
  vt_buf_addf(&b, "{%s}", f->json.data);
  json_t *got = json_loads(b.data, 0, NULL);
  assert_true(json_object_size(want) > 1 && got);
  json_object_foreach(want, name, value)
  {
    const double x = json_number_value(value), y = json_number_value(json_object_get(got, name));
    if (!json_object_get(got, name) || fabs(x - y) > 1e-9)
      fail_msg("%s: %s is %.12g, expected %.12g", part, name, y, x);
  }
  json_decref(all);
  json_decref(got);
  vt_buf_clear(&b);
  vt_figures_clear(f);
}

static double figure(const struct vt_figures *f, const char *name)
{
  struct vt_buf b = {0};
  vt_buf_addf(&b, "{%s}", f->json.data);
  json_t *all = json_loads(b.data, 0, NULL), *v = json_object_get(all, name);
  const double x = json_is_number(v) ? json_number_value(v) : NAN;
  assert_non_null(v);
  json_decref(all);
  vt_buf_clear(&b);
  return x;
}

static void test_scores(void **state)
{
  static const struct {
    const char *part, *table;
  } cases[] = {{"one_label", FIXTURE("one_label.csv")}, {"several_labels", FIXTURE("several_labels.csv")}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_figures f = {0};
    struct vt_err e = {0};
    char page[] = "/tmp/vitrine-scores-XXXXXX", table[] = "/tmp/vitrine-scores-XXXXXX";
    close(mkstemp(page));
    close(mkstemp(table));
    const struct vt_score_opts o = {.table = cases[i].table,
                                    .truth = "truth",
                                    .classes = true,
                                    .threshold = .5,
                                    .k = 2,
                                    .rounds = 50,
                                    .seed = 1,
                                    .report = page,
                                    .per_image = table};
    if (vt_eval_scores(&o, &f, &e)) fail_msg("%s", e.msg);
    check(&f, cases[i].part);
    char *text;
    size_t len;
    assert_int_equal(vt_file_read(page, 1 << 24, &text, &len, NULL), 0);
    assert_non_null(strstr(text, "Precision over recall"));
    assert_int_equal(strstr(text, "Confusion") != NULL, i == 0);
    vt_free(text);
    /* Right, wrong and missed of all rows give micro F1 again. */
    struct vt_csv c;
    double sum[4] = {0}, v;
    assert_int_equal(vt_csv_open(&c, table, NULL), 0);
    while (vt_csv_next(&c, NULL) == 1)
      for (int k = 1; k < 4; k++) sum[k] += vt_parse_f64(c.field[k], &v) ? v : NAN;
    vt_csv_close(&c);
    vt_figures_add(&f, "micro_f1", 2 * sum[1] / (2 * sum[1] + sum[2] + sum[3]));
    json_t *all = json_load_file(FIXTURE("expected.json"), 0, NULL);
    const double want = json_number_value(json_object_get(json_object_get(all, cases[i].part), "micro_f1"));
    assert_true(fabs(2 * sum[1] / (2 * sum[1] + sum[2] + sum[3]) - want) < 1e-9);
    json_decref(all);
    vt_figures_clear(&f);
    remove(page);
    remove(table);
  }
}

/* Figures of small tables, by hand. */
static void test_small_scores(void **state)
{
  static const struct {
    const char *table;
    double threshold, top1, macro_f1, soft; /* soft NaN: none */
    const char *page;
  } cases[] = {
      /* what has the threshold itself is found, and the best mean stands at a score of the table */
      {"truth,a,b\na|b,.7,.7\na,.7,.1\n", .7, 1, 1, (2 * 1.4 / 3.4 + 2 * .7 / 1.8) / 2,
       "mean 1.000 at score 0."},
      {"truth,a,b\na,.7,.3\nb,.695,.705\n", .5, 1, 1, (2 * .7 / 2.395 + 2 * .705 / 2.005) / 2,
       "at score 0.70"},
      /* equal as floats, but not equal */
      {"truth,a,b\nb,.99999999,.999999999\n", .5, 1, 1, (0 + 2 * .999999999 / 1.999999999) / 2, "F1"},
      /* logarithms and logits: no probabilities, so curves have their own scale */
      {"truth,a,b\na,-.1,-2.3\na,-.2,-1.7\nb,-3,-.05\nb,-2,-.14\n", .5, 1, 1, NAN, "mean 1.000 at score -1."},
      {"truth,a,b\na,5,0\nb,0,-1\n", .5, .5, 1. / 3, NAN, "mean 0.667 at score -1"},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_figures f = {0};
    struct vt_err e = {0};
    char table[] = "/tmp/vitrine-small-XXXXXX", page[] = "/tmp/vitrine-small-XXXXXX", *text;
    size_t len;
    close(mkstemp(table));
    close(mkstemp(page));
    assert_int_equal(vt_file_write(table, cases[i].table, strlen(cases[i].table), &e), 0);
    const struct vt_score_opts o = {
        .table = table, .truth = "truth", .threshold = cases[i].threshold, .k = 1, .report = page};
    if (vt_eval_scores(&o, &f, &e)) fail_msg("%s", e.msg);
    if (fabs(figure(&f, "top1") - cases[i].top1) > 1e-12 ||
        fabs(figure(&f, "macro_f1") - cases[i].macro_f1) > 1e-11 ||
        (isnan(cases[i].soft) ? !isnan(figure(&f, "soft_macro_f1"))
                              : fabs(figure(&f, "soft_macro_f1") - cases[i].soft) > 1e-11))
      fail_msg("case %zu: %s", i, f.json.data);
    assert_int_equal(vt_file_read(page, 1 << 24, &text, &len, &e), 0);
    if (!strstr(text, cases[i].page)) fail_msg("case %zu: no '%s' in the page", i, cases[i].page);
    vt_free(text);
    vt_figures_clear(&f);
    remove(table);
    remove(page);
  }
}

/* Names of classes are anything, of any length: they come back from the JSON as they were. */
static void test_long_names(void **state)
{
  enum { LONG = 300 };
  struct vt_figures f = {0};
  char name[2][LONG + 2];
  for (int k = 0; k < 2; k++) {
    for (int i = 0; i < LONG; i += 2) memcpy(name[k] + i, "\xC3\xA9", 2);
    name[k][LONG] = (char)('A' + k);
    name[k][LONG + 1] = 0;
    vt_figures_addf(&f, k + 1, "%s", name[k]);
  }
  for (int k = 0; k < 2; k++) assert_true(figure(&f, name[k]) == k + 1);
  vt_figures_clear(&f);
}

static void test_retrieval(void **state)
{
  for (int parts = 0; parts < 2; parts++) {
    struct vt_figures f = {0};
    struct vt_err e = {0};
    char page[] = "/tmp/vitrine-retrieval-XXXXXX", table[] = "/tmp/vitrine-retrieval-XXXXXX", *text;
    size_t len;
    close(mkstemp(page));
    close(mkstemp(table));
    struct vt_retrieval_opts o = {.vectors = FIXTURE("vectors.npy"),
                                  .table = FIXTURE("vectors.csv"),
                                  .label = "label",
                                  .category = "colour",
                                  .rounds = 50,
                                  .seed = 1,
                                  .classes = true,
                                  .report = page,
                                  .per_query = table};
    if (parts) {
      o.same = "thing";
      o.query = "is_query";
      o.gallery = "is_gallery";
    }
    if (vt_eval_retrieval(&o, &f, &e)) fail_msg("%s", e.msg);
    check(&f, parts ? "retrieval_parts" : "retrieval");
    assert_int_equal(vt_file_read(page, 1 << 24, &text, &len, NULL), 0);
    assert_non_null(strstr(text, "green"));
    vt_free(text);
    assert_int_equal(vt_file_read(table, 1 << 24, &text, &len, NULL), 0);
    assert_non_null(strstr(text, "\n1.jpg,L101,,,"));
    vt_free(text);
    remove(page);
    remove(table);
  }
}

static void test_clusters(void **state)
{
  struct vt_figures f = {0};
  struct vt_err e = {0};
  if (vt_eval_clusters(FIXTURE("clusters.csv"), "label", "cluster", 0, 1, &f, &e)) fail_msg("%s", e.msg);
  check(&f, "clusters");
}

/* Two clusterings of 600 rows that agree in four of five: in most of 40 tables drawn so, the interval holds
 * the figure of 60,000 rows. */
static void test_cluster_intervals(void **state)
{
  char path[] = "/tmp/vitrine-test-clusters-XXXXXX";
  close(mkstemp(path));
  double whole = 0;
  int inside = 0;
  for (int k = 0; k <= 40; k++) {
    struct vt_figures f = {0};
    struct vt_err e = {0};
    struct vt_rng r;
    vt_rng_init(&r, 5, (uint64_t)k, 0);
    FILE *t = fopen(path, "w");
    fputs("a,b\n", t);
    for (int i = 0; i < (k ? 600 : 60000); i++) {
      const uint32_t a = vt_rng_below(&r, 5), b = vt_rng_below(&r, 5) ? a : vt_rng_below(&r, 5);
      fprintf(t, "%u,%u\n", a, b);
    }
    fclose(t);
    if (vt_eval_clusters(path, "a", "b", k ? 100 : 0, (uint64_t)k, &f, &e)) fail_msg("%s", e.msg);
    if (!k) whole = figure(&f, "AMI");
    inside += k && figure(&f, "AMI_low") <= whole && figure(&f, "AMI_high") >= whole;
    vt_figures_clear(&f);
  }
  unlink(path);
  print_message("%d of 40 hold %.4f\n", inside, whole);
  assert_in_range(inside, 34, 40);
}

/* Four heaps far from each other are found whatever the seed, and as many clusters as vectors are all apart.
 */
static void test_kmeans(void **state)
{
  enum { N = 200, DIM = 9 };
  float v[N * DIM];
  int32_t heap[N], label[N];
  struct vt_rng r;
  double nmi, ami;
  vt_rng_init(&r, 4, 0, 0);
  for (int i = 0; i < N; i++) {
    heap[i] = i % 4;
    for (int d = 0; d < DIM; d++) v[i * DIM + d] = (float)(20 * (d == heap[i]) + vt_rng_unit(&r));
  }
  for (uint64_t seed = 0; seed < 20; seed++) {
    assert_int_equal(vt_kmeans(label, v, N, DIM, 4, 50, seed, NULL), 0);
    assert_int_equal(vt_cluster_agreement(label, heap, N, &nmi, &ami, NULL), 0);
    assert_true(nmi > 1 - 1e-12 && ami > 1 - 1e-12);
  }
  assert_int_equal(vt_kmeans(label, v, N, DIM, N, 50, 1, NULL), 0);
  for (int i = 0; i < N; i++)
    for (int k = 0; k < i; k++) assert_int_not_equal(label[i], label[k]);
  assert_int_equal(vt_kmeans(label, v, N, DIM, N + 1, 50, 1, NULL), VT_EARG);
}

static const char *put(const char *text)
{
  static char path[] = "/tmp/vitrine-table-XXXXXX";
  static bool made;
  struct vt_err e = {0};
  if (!made) close(mkstemp(path));
  made = true;
  if (vt_file_write_atomic(path, text, strlen(text), &e)) fail_msg("%s", e.msg);
  return path;
}

static void test_bad_scores(void **state)
{
  static const struct {
    const char *text, *why;
    int lenient_rows; /* -1: an error also then */
  } cases[] = {
      {"", "", -1},
      {"image,truth\na,b\n", "0 columns of scores", -1},
      {"image,a,b\nx,1,2\n", "truth", -1},
      {"image,truth,a,a\nx,a,1,2\n", "two columns of the class 'a'", -1},
      {"image,truth,a,b|c\nx,a,1,2\n", "no name of a class", -1},
      {"image,truth,a,b\n", "no row with a label", -1},
      {"image,truth,a,b\nx,a,1,nan\ny,b,1,2\n", "line 2: column b: 'nan' is no score", 1},
      {"image,truth,a,b\ny,b,1,2\nx,a,1e99,0\n", "line 3: column a: '1e99' is no score", 1},
      {"image,truth,a,b\nx,c,1,0\ny,b,1,2\n", "line 2: column truth: 'c' is no class", 1},
      {"image,truth,a,b\nx,a,1\ny,b,1,2\n", "line 2", 1},
      {"image,truth,a,b\nx,,1,0\n", "no row with a label (1 without", -1},
      {"truth,a,b\na|b,1,0\n,0,0\n", NULL, 1},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++)
    for (int lenient = 0; lenient < 2; lenient++) {
      struct vt_score_table t;
      struct vt_err e = {0};
      const char *path = put(cases[i].text);
      const int rc = vt_score_table_read(&t, path, "truth", lenient, &e);
      const bool bad = cases[i].why && (!lenient || cases[i].lenient_rows < 0);
      if (!rc == bad) fail_msg("case %zu lenient %d: %d %s", i, lenient, rc, e.msg);
      if (bad && (!strstr(e.msg, cases[i].why) || !strstr(e.msg, path))) fail_msg("case %zu: %s", i, e.msg);
      if (!bad) assert_int_equal(t.n, cases[i].lenient_rows);
      vt_score_table_clear(&t);
    }
}

static void test_bad_vectors(void **state)
{
  static const struct {
    const char *text, *query, *why;
  } cases[] = {{"", NULL, ""},
               {"name\n1\n", NULL, "label"},
               {"label\nx\ny\n", NULL, "2 rows"},
               {"label\n\"\"\n", NULL, "line 2: column label is empty"},
               {"label,q\nx,2\n", "q", "line 2: column q: '2', expected 0 or 1"}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_figures f = {0};
    struct vt_err e = {0};
    const char *path = put(cases[i].text);
    const struct vt_retrieval_opts o = {
        .vectors = FIXTURE("vectors.npy"), .table = path, .label = "label", .query = cases[i].query};
    if (!vt_eval_retrieval(&o, &f, &e) || !strstr(e.msg, cases[i].why) || !strstr(e.msg, path))
      fail_msg("case %zu: %s", i, e.msg);
    vt_figures_clear(&f);
    const struct vt_retrieval_opts no_vectors = {.vectors = path, .table = path, .label = "label"};
    assert_true(vt_eval_retrieval(&no_vectors, &f, &e) && strstr(e.msg, path));
    vt_figures_clear(&f);
  }
  remove(put(""));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_scores),     cmocka_unit_test(test_small_scores),
      cmocka_unit_test(test_long_names), cmocka_unit_test(test_retrieval),
      cmocka_unit_test(test_clusters),   cmocka_unit_test(test_cluster_intervals),
      cmocka_unit_test(test_kmeans),     cmocka_unit_test(test_bad_scores),
      cmocka_unit_test(test_bad_vectors)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
