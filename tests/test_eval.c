/* Metrics against numbers worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "app/measure.h"
#include "eval/eval.h"

static void near(double a, double b)
{
  assert_true(fabs(a - b) < 1e-12);
}

/* truth\pred   0  1  2
 *        0     2  1  0      IoU 2/4, truth 3, pred 3
 *        1     1  3  0      IoU 3/6, truth 4, pred 5
 *        2     0  1  0      IoU 0/1, truth 1, pred 0
 * class 3 nowhere: NaN. accuracy 5/8, F1 (4/6 + 6/9 + 0)/3 */
static void test_confusion(void **state)
{
  static const uint8_t truth[] = {0, 0, 0, 1, 1, 1, 1, 2, 255, 255};
  static const uint8_t pred[] = {0, 0, 1, 0, 1, 1, 1, 1, 0, 3};
  struct vt_confusion c, d;
  struct vt_err e;
  assert_int_equal(vt_confusion_init(&c, 4, &e), 0);
  assert_int_equal(vt_confusion_add(&c, truth, pred, 4, 255, &e), 0);
  assert_int_equal(vt_confusion_add(&c, truth + 4, pred + 4, 6, 255, &e), 0);
  near(vt_confusion_iou(&c, 0), 0.5);
  near(vt_confusion_iou(&c, 1), 0.5);
  near(vt_confusion_iou(&c, 2), 0);
  assert_true(isnan(vt_confusion_iou(&c, 3)));
  near(vt_confusion_mean_iou(&c), 1.0 / 3);
  near(vt_confusion_accuracy(&c), 5.0 / 8);
  near(vt_macro_f1(&c), 4.0 / 9);
  assert_int_equal(vt_confusion_init(&d, 4, &e), 0);
  assert_true(isnan(vt_confusion_mean_iou(&d)) && isnan(vt_confusion_accuracy(&d)));
  assert_true(isnan(vt_macro_f1(&d)));
  vt_confusion_clear(&d);
  vt_confusion_clear(&c);
}

static void test_confusion_refuses(void **state)
{
  static const struct {
    uint8_t truth, pred;
    int rc;
  } row[] = {{3, 0, VT_EARG}, {0, 3, VT_EARG}, {2, 2, 0}, {9, 9, 0}, {9, 0, 0}};
  struct vt_confusion c;
  struct vt_err e;
  assert_int_equal(vt_confusion_init(&c, 0, &e), VT_EARG);
  assert_int_equal(vt_confusion_init(&c, 1 << 20, &e), VT_EARG);
  assert_int_equal(vt_confusion_init(&c, 3, &e), 0);
  for (size_t i = 0; i < VT_COUNT(row); i++) {
    assert_int_equal(vt_confusion_add(&c, &row[i].truth, &row[i].pred, 1, 9, &e), row[i].rc);
  }
  vt_confusion_clear(&c);
}

static void test_retrieval(void **state)
{
  static const struct {
    uint8_t hit[5];
    int n, k;
    double precision, recall, rr;
  } row[] = {
      {{1, 0, 1, 0, 0}, 5, 5, 0.4, 1, 1},
      {{0, 0, 1, 1, 0}, 5, 2, 0, 0, 1.0 / 3},
      {{1, 1}, 2, 10, 0.2, 1, 1}, /* eight matches missing */
      {{0}, 0, 10, 0, 0, 0},
      {{1, 1, 1, 1, 1}, 5, 5, 1, 1, 1},
  };
  for (size_t i = 0; i < VT_COUNT(row); i++) {
    near(vt_precision_at(row[i].hit, row[i].n, row[i].k), row[i].precision);
    near(vt_recall_at(row[i].hit, row[i].n, row[i].k), row[i].recall);
    near(vt_reciprocal_rank(row[i].hit, row[i].n), row[i].rr);
  }
}

static void test_means(void **state)
{
  static struct vt_means m;
  assert_true(isnan(vt_means_all(&m)));
  vt_means_add(&m, 2, 1);
  vt_means_add(&m, 2, 0.5);
  vt_means_add(&m, 7, 0);
  vt_means_add(&m, -1, 0.5);
  near(vt_means_all(&m), 0.5);
  near(vt_means_of(&m, 2), 0.75);
  near(vt_means_of(&m, 7), 0);
  assert_true(isnan(vt_means_of(&m, 3)) && isnan(vt_means_of(&m, -1)) && isnan(vt_means_of(&m, 1000)));
}

/* Kept values give the interval that the bootstrap gives for them. */
static void test_kept_means(void **state)
{
  static struct vt_means m = {.keep = true};
  struct vt_figures f = {0};
  struct vt_err e = {0};
  double v[300], lo, hi, low, high;
  for (int i = 0; i < 300; i++) vt_means_add(&m, i % 3, v[i] = i % 7);
  assert_int_equal(vt_means_interval(&m, 100, 4, &lo, &hi, &e), 0);
  assert_int_equal(vt_bootstrap(v, 300, 100, .95, 4, &low, &high, &e), 0);
  near(lo, low);
  near(hi, high);
  assert_int_equal(vt_figures_mean(&f, "a", &m, 100, &e), 0);
  assert_non_null(strstr(f.json.data, "\"a_low\": 2.") /* 2.97 less about .2 */);
  vt_figures_clear(&f);
  vt_means_clear(&m);
}

static void test_figures(void **state)
{
  struct vt_figures f = {0};
  vt_figures_add(&f, "a", 0.5);
  vt_figures_add(&f, "b", NAN);
  vt_figures_add(&f, "c", 40571);
  vt_figures_addf(&f, 1.0 / 3, "d_%s", "top");
  assert_string_equal(f.json.data, "\"a\": 0.5, \"b\": null, \"c\": 40571, \"d_top\": 0.333333333333");
  vt_figures_clear(&f);
  assert_null(f.table.data);
}

int main(void)
{
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_confusion), cmocka_unit_test(test_confusion_refuses),
      cmocka_unit_test(test_retrieval), cmocka_unit_test(test_means),
      cmocka_unit_test(test_figures),   cmocka_unit_test(test_kept_means),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
