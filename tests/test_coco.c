/* COCO's figures, equal to those of its own tools; and by hand where a case is small enough. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "app/eval_coco.h"

struct oracle {
  const char *folder, *gt, *dt;
  bool masks;
  double figure[VT_COCO_FIGURES];
};

static double value(const struct vt_figures *f, const char *name)
{
  char key[260];
  snprintf(key, sizeof key, "\"%s\": ", name);
  const char *at = strstr(f->json.data, key);
  assert_non_null(at);
  at += strlen(key);
  return strncmp(at, "null", 4) ? atof(at) : NAN;
}

static bool paths(const char *folder, const char *gt, const char *dt, char *g, char *d, size_t size)
{
  const char *dir = vt_data_dir();
  snprintf(g, size, "%s/%s/%s", dir ? dir : "", folder, gt);
  snprintf(d, size, "%s/%s/%s", dir ? dir : "", folder, dt);
  if (dir && vt_is_file(g) && vt_is_file(d)) return true;
  if (getenv("VITRINE_REQUIRE_DATA")) fail_msg("%s is required but missing", g);
  print_message("skipped: VITRINE_DATA is not set or lacks %s/%s\n", folder, gt);
  return false;
}

/* pycocotools 2 on these files. */
static void test_published(void **state)
{
  static const struct oracle cases[] = {
      {"coco",
       "instances_val2014_100.json",
       "instances_val2014_fakebbox100_results.json",
       false,
       {.5045806987, .6969727247, .5729816670, .5856257209, .5193996948, .5013978986, .3868127796,
        .5936795763, .5953529829, .6398109626, .5664205979, .5642905983}},
      {"coco",
       "instances_val2014_100.json",
       "instances_val2014_fakesegm100_results.json",
       true,
       {.3195452759, .5622883973, .2989265341, .3873740316, .3101827240, .3269339071, .2682297226,
        .4154486812, .4168394992, .4694498623, .3767592267, .3814715100}},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    const struct oracle *c = &cases[i];
    char gt[1024], dt[1024];
    if (!paths(c->folder, c->gt, c->dt, gt, dt, sizeof gt)) skip();
    struct vt_figures f = {0};
    struct vt_err e = {0};
    if (vt_eval_coco(&(struct vt_coco_opts){.gt = gt, .dt = dt, .masks = c->masks}, &f, &e))
      fail_msg("%s", e.msg);
    for (int k = 0; k < VT_COCO_FIGURES; k++)
      if (fabs(value(&f, vt_coco_figure[k]) - c->figure[k]) > 1e-10)
        fail_msg("%s: %s is %.12f, expected %.10f", c->dt, vt_coco_figure[k], value(&f, vt_coco_figure[k]),
                 c->figure[k]);
    vt_figures_clear(&f);
  }
}

/* Fashionpedia's evaluator on its sample. */
static void test_fashionpedia(void **state)
{
  char gt[1024], dt[1024];
  if (!paths("fashionpedia", "sample.json", "fake_results.json", gt, dt, sizeof gt)) skip();
  static const int64_t with[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 28, 29, 31, 32, 33};
  struct vt_figures f = {0};
  struct vt_err e = {0};
  const struct vt_coco_opts o = {
      .gt = gt, .dt = dt, .masks = true, .nattribute_classes = VT_COUNT(with), .attribute_class = with};
  if (vt_eval_fashionpedia(&o, &f, &e)) fail_msg("%s", e.msg);
  assert_true(fabs(value(&f, "AP") - .532) < 5e-4);
  assert_true(fabs(value(&f, "APs") - .505) < 5e-4);
  assert_true(fabs(value(&f, "APm")) < 5e-4);
  assert_true(fabs(value(&f, "APl") - .8) < 5e-4);
  assert_true(fabs(value(&f, "AP_F1") - .590) < 5e-4);
  vt_figures_clear(&f);
  /* Both photos drawn once give the figure itself: it lies in the interval. Classes' figures have the mean:
   * 10 shares of each class with attributes and one of the others. */
  struct vt_coco_opts more = o;
  more.rounds = 200;
  more.seed = 3;
  more.classes = true;
  if (vt_eval_fashionpedia(&more, &f, &e)) fail_msg("%s", e.msg);
  assert_true(value(&f, "AP_F1_low") <= value(&f, "AP_F1") && value(&f, "AP_F1_high") >= value(&f, "AP_F1"));
  assert_true(value(&f, "AP_F1_low") < value(&f, "AP_F1_high"));
  assert_true(value(&f, "AP_low") <= value(&f, "AP") && value(&f, "AP_high") >= value(&f, "AP"));
  struct vt_labels gt_labels;
  double sum = 0, n = 0;
  if (vt_labels_init(&gt_labels, &e) ||
      vt_format_find("fashionpedia", &e)->read(&gt_labels, gt, &(struct vt_labels_opts){0}, &e))
    fail_msg("%s", e.msg);
  for (int c = 0; c < gt_labels.classes.n; c++) {
    char name[240];
    snprintf(name, sizeof name, "AP_F1 %.200s", gt_labels.classes.v[c].name);
    const double v = value(&f, name);
    double times = 1;
    for (size_t k = 0; k < VT_COUNT(with); k++)
      if (with[k] == gt_labels.classes.v[c].id) times = VT_COCO_IOUS;
    if (!isnan(v)) sum += times * v, n += times;
  }
  assert_true(n > 0 && fabs(sum / n - value(&f, "AP_F1")) < 1e-9);
  vt_labels_clear(&gt_labels);
  vt_figures_clear(&f);
}

/* One class, boxes of 100 x 100 side by side; IoU with a box shifted by s is (100 - s) / (100 + s). */
static void test_by_hand(void **state)
{
  static const struct {
    int ngt, ndt;
    struct vt_coco_object gt[3], dt[4];
    double ap, ap50, ar1;
  } cases[] = {
      /* a hit at every threshold */
      {1,
       1,
       {{.box = {0, 0, 100, 100}, .area = 1e4}},
       {{.box = {0, 0, 100, 100}, .area = 1e4, .score = .5}},
       1,
       1,
       1},
      /* IoU .6: thresholds .50, .55 and .60 */
      {1,
       1,
       {{.box = {0, 0, 100, 100}, .area = 1e4}},
       {{.box = {25, 0, 100, 100}, .area = 1e4, .score = .5}},
       .3,
       1,
       .3},
      /* a better-scored miss before the hit: precision 1/2 everywhere */
      {1,
       2,
       {{.box = {0, 0, 100, 100}, .area = 1e4}},
       {{.box = {0, 0, 100, 100}, .area = 1e4, .score = .5},
        {.box = {500, 0, 100, 100}, .area = 1e4, .score = .9}},
       .5,
       .5,
       0},
      /* two truths, one found: recall reaches .5, 51 of 101 points */
      {2,
       1,
       {{.box = {0, 0, 100, 100}, .area = 1e4}, {.box = {300, 0, 100, 100}, .area = 1e4}},
       {{.box = {0, 0, 100, 100}, .area = 1e4, .score = .5}},
       51. / 101,
       51. / 101,
       .5},
      /* what lies in a crowd does not count, however many */
      {2,
       3,
       {{.box = {0, 0, 100, 100}, .area = 1e4}, {.box = {300, 0, 400, 400}, .area = 16e4, .crowd = true}},
       {{.box = {0, 0, 100, 100}, .area = 1e4, .score = .5},
        {.box = {310, 0, 50, 50}, .area = 2500, .score = .9},
        {.box = {410, 0, 50, 50}, .area = 2500, .score = .8}},
       1,
       1,
       0},
      /* the same thing found twice: the second is wrong */
      {1,
       2,
       {{.box = {0, 0, 100, 100}, .area = 1e4}},
       {{.box = {0, 0, 100, 100}, .area = 1e4, .score = .5},
        {.box = {0, 0, 100, 100}, .area = 1e4, .score = .4}},
       1,
       1,
       1},
      {0, 1, {{0}}, {{.box = {0, 0, 9, 9}, .area = 81, .score = 1}}, -1, -1, -1},
      {1, 0, {{.box = {0, 0, 100, 100}, .area = 1e4}}, {{0}}, 0, 0, 0},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_coco_result r;
    double figure[VT_COCO_FIGURES];
    const struct vt_coco_input in = {
        .ncls = 1, .ngt = cases[i].ngt, .ndt = cases[i].ndt, .gt = cases[i].gt, .dt = cases[i].dt};
    assert_int_equal(vt_coco_eval(&r, &in, NULL), 0);
    vt_coco_summary(&r, figure);
    if (fabs(figure[0] - cases[i].ap) > 1e-12 || fabs(figure[1] - cases[i].ap50) > 1e-12 ||
        fabs(figure[6] - cases[i].ar1) > 1e-12)
      fail_msg("case %zu: AP %g, AP50 %g, AR1 %g", i, figure[0], figure[1], figure[6]);
    vt_coco_result_clear(&r);
  }
}

/* Attributes that are right win over a better IoU, in classes that have them; d0 and d1 both have
 * attribute 7. COCO's way d0 takes t1 (IoU .9417) and d1 t0 (.8182): AP is 1 up to .80, then one of two
 * truths, 51 of 101 points, up to .90. The authors' way d0 takes t0 (.8349) up to .80, which leaves t1
 * (.6393) to d1 up to .60; from .85 on t1 is all that d0 can take. With a threshold of F1 t1 is never taken.
 */
static double same_attribute(void *ctx, int64_t d, int64_t g)
{
  return g == 0;
}

static void test_f1(void **state)
{
  static const double one = 51. / 101;
  static const struct vt_coco_object gt[] = {{.box = {0, 0, 100, 100}, .area = 1e4},
                                             {.box = {12, 0, 100, 100}, .area = 1e4}};
  static const struct vt_coco_object dt[] = {{.box = {9, 0, 100, 100}, .area = 1e4, .score = .9},
                                             {.box = {-10, 0, 100, 100}, .area = 1e4, .score = .8}};
  static const bool with[] = {true}, without[] = {false};
  const struct {
    double (*f1)(void *, int64_t, int64_t);
    const bool *f1_class;
    double threshold, ap;
  } cases[] = {{NULL, NULL, 0, (7 + 2 * one) / 10},
               {same_attribute, without, -1, (7 + 2 * one) / 10},
               {same_attribute, with, -1, (3 + 6 * one) / 10},
               {same_attribute, NULL, -1, (3 + 6 * one) / 10},
               {same_attribute, with, .5, 7 * one / 10}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_coco_result r;
    double figure[VT_COCO_FIGURES];
    const struct vt_coco_input in = {.ncls = 1,
                                     .ngt = 2,
                                     .ndt = 2,
                                     .gt = gt,
                                     .dt = dt,
                                     .f1 = cases[i].f1,
                                     .f1_class = cases[i].f1_class,
                                     .f1_threshold = cases[i].threshold};
    assert_int_equal(vt_coco_eval(&r, &in, NULL), 0);
    vt_coco_summary(&r, figure);
    if (fabs(figure[0] - cases[i].ap) > 1e-12) fail_msg("case %zu: AP %.12f", i, figure[0]);
    vt_coco_result_clear(&r);
  }
}

static void test_bad_objects(void **state)
{
  const struct vt_coco_object bad[] = {{.cls = 1}, {.cls = -1}, {.score = NAN}};
  for (size_t i = 0; i < VT_COUNT(bad); i++) {
    struct vt_coco_result r;
    struct vt_err e = {0};
    assert_int_equal(vt_coco_eval(&r, &(struct vt_coco_input){.ncls = 1, .ndt = 1, .dt = &bad[i]}, &e),
                     VT_EARG);
    assert_true(e.msg[0]);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_published), cmocka_unit_test(test_fashionpedia),
                                     cmocka_unit_test(test_by_hand), cmocka_unit_test(test_f1),
                                     cmocka_unit_test(test_bad_objects)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
