/* Curves and confusions of detections: a small case counted by hand, random ones against their definition. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "eval/eval.h"

/* Two classes on two pictures. Detections: a right 0, a double of it, one of another class on a truth of 1,
 * one on nothing, one in a crowd, one of low score on a truth. */
static const struct vt_coco_object gt[] = {{.image = 0, .cls = 0, .box = {0, 0, 10, 10}},
                                           {.image = 0, .cls = 1, .box = {20, 0, 10, 10}},
                                           {.image = 1, .cls = 1, .box = {0, 0, 10, 10}},
                                           {.image = 1, .cls = 0, .box = {50, 50, 40, 40}, .crowd = true}};
static const struct vt_coco_object dt[] = {{.image = 0, .cls = 0, .box = {0, 0, 10, 10}, .score = .9},
                                           {.image = 0, .cls = 0, .box = {0, 1, 10, 10}, .score = .8},
                                           {.image = 0, .cls = 0, .box = {20, 0, 10, 11}, .score = .7},
                                           {.image = 1, .cls = 1, .box = {30, 0, 5, 5}, .score = .6},
                                           {.image = 1, .cls = 0, .box = {60, 60, 9, 9}, .score = .5},
                                           {.image = 1, .cls = 1, .box = {0, 0, 10, 9}, .score = .1}};
static const struct vt_coco_input input = {.ncls = 2, .ngt = 4, .ndt = 6, .gt = gt, .dt = dt};

static void test_confusion(void **state)
{
  static const struct {
    double score;
    int64_t count[9];
    struct vt_image_counts picture[2];
  } cases[] = {{.25, {1, 0, 0, 1, 0, 1, 1, 1, 0}, {{1, 1, 2}, {0, 1, 1}}},
               {0, {1, 0, 0, 1, 1, 0, 1, 1, 0}, {{1, 1, 2}, {1, 0, 1}}},
               {.95, {0, 0, 1, 0, 0, 2, 0, 0, 0}, {{0, 2, 0}, {0, 1, 0}}}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_confusion c;
    struct vt_image_counts counts[2] = {{0}};
    struct vt_err e = {0};
    assert_int_equal(vt_confusion_init(&c, 3, &e), 0);
    assert_int_equal(vt_detection_confusion(&c, &input, .5, cases[i].score, counts, &e), 0);
    assert_memory_equal(c.count, cases[i].count, sizeof cases[i].count);
    assert_memory_equal(counts, cases[i].picture, sizeof counts);
    vt_confusion_clear(&c);
    assert_int_equal(vt_confusion_init(&c, 2, &e), 0);
    assert_int_equal(vt_detection_confusion(&c, &input, .5, 0, NULL, &e), VT_EARG);
    vt_confusion_clear(&c);
  }
}

static void test_by_hand(void **state)
{
  struct vt_pr_curves c;
  struct vt_err e = {0};
  assert_int_equal(vt_detection_pr(&c, &input, .5, &e), 0);
  assert_int_equal(c.truths[0], 1);
  assert_int_equal(c.truths[1], 2);
  assert_float_equal(vt_pr_precision(&c, 0, 1), 1, 1e-12);
  assert_float_equal(vt_pr_precision(&c, 1, .5), .5, 1e-12);
  assert_float_equal(vt_pr_precision(&c, 1, .6), 0, 1e-12);
  assert_float_equal(vt_pr_f1(&c, 0, .85), 1, 1e-12);
  assert_float_equal(vt_pr_f1(&c, 0, .65), .5, 1e-12); /* precision 1/3, recall 1 */
  assert_float_equal(vt_pr_f1(&c, 1, .95), 0, 1e-12);
  assert_float_equal(vt_pr_f1(&c, 1, .05), .5, 1e-12);
  vt_pr_curves_clear(&c);
}

/* The mean over eleven recalls of the curve is VOC 2007's AP; F1 over scores from counts made anew. */
static void test_against_ap(void **state)
{
  enum { N = 60, PICTURES = 6, CLASSES = 3 };
  struct vt_rng r;
  vt_rng_init(&r, 8, 0, 0);
  for (int k0 = 0; k0 < 10; k0++) {
    struct vt_coco_object g[N], d[N];
    struct vt_pr_curves c;
    struct vt_err e = {0};
    double ap[CLASSES], map;
    for (int i = 0; i < N; i++) {
      g[i] = (struct vt_coco_object){.image = (int32_t)vt_rng_below(&r, PICTURES),
                                     .cls = (int32_t)vt_rng_below(&r, CLASSES)};
      g[i].box = (struct vt_box){vt_rng_below(&r, 40), vt_rng_below(&r, 40), 12, 12};
      d[i] = g[vt_rng_below(&r, (uint32_t)i + 1)];
      d[i].box.x += vt_rng_below(&r, 7);
      d[i].score = vt_rng_unit(&r);
    }
    const struct vt_coco_input in = {.ncls = CLASSES, .ngt = N, .ndt = N, .gt = g, .dt = d};
    assert_int_equal(vt_voc_ap(ap, &map, &in, .5, true, &e), 0);
    assert_int_equal(vt_detection_pr(&c, &in, .5, &e), 0);
    for (int k = 0; k < CLASSES; k++) {
      double sum = 0;
      for (int t = 0; t <= 10; t++) sum += vt_pr_precision(&c, k, t / 10.) / 11;
      assert_float_equal(sum, ap[k], 1e-12);
      for (int64_t i = c.start[k]; i < c.start[k + 1]; i++) { /* 2 TP / (detections + truths) */
        double n = (double)(i - c.start[k] + 1), right = c.precision[i] * n;
        assert_float_equal(right, round(right), 1e-9);
        assert_float_equal(vt_pr_f1(&c, k, c.score[i]), 2 * right / (n + (double)c.truths[k]), 1e-9);
      }
    }
    vt_pr_curves_clear(&c);
  }
}

/* Charts are text without what would break a page: names are escaped, NaN is left out. */
static void test_charts(void **state)
{
  struct vt_buf b = {0};
  const double x[] = {1e6, 2e7, 0}, y[] = {.5, .6, NAN};
  const char *const name[] = {"a<b>&\"c\"", "d", "e"};
  const int64_t count[] = {5, 0, 1, 0, 7, 0, 2, 0, 3};
  const struct vt_series s[] = {{"one", 3, NULL, y}, {"two", 2, x, y}};
  vt_html_open(&b, "<t>");
  vt_svg_points(&b, "points", "parameters", "metric", true, 3, name, x, y);
  vt_svg_curves(&b, "curves", "x", "y", false, 2, s);
  vt_svg_curves(&b, "none", "x", "y", false, 0, NULL);
  vt_svg_matrix(&b, "matrix", false, 3, name, count);
  vt_svg_matrix(&b, "shares", true, 3, name, count);
  vt_html_close(&b);
  assert_false(b.failed);
  assert_null(strstr(b.data, "a<b>"));
  assert_non_null(strstr(b.data, "a&lt;b&gt;&amp;&quot;c&quot;"));
  assert_null(strstr(b.data, "nan"));
  assert_null(strstr(b.data, "inf"));
  assert_non_null(strstr(b.data, ">0.83<")); /* 5 of 6 */
  int circles = 0;
  for (const char *p = b.data; (p = strstr(p, "<circle")); p++) circles++;
  assert_int_equal(circles, 2);
  vt_buf_clear(&b);
}

static int times(const char *text, const char *what)
{
  int n = 0;
  for (const char *p = text; (p = strstr(p, what)); p++) n++;
  return n;
}

/* Axes end, whatever the values: a few ticks, all of the curve inside. */
static void test_axes(void **state)
{
  static const double cases[][2] = {{.7, 0x1.6666666666667p-1}, /* the next number */
                                    {.7, .7},
                                    {0, 0},
                                    {-1e300, 1e300},
                                    {0x1.7e43c8800759bp+996, 1e300},
                                    {5e-324, 1e-323},
                                    {-5e-324, 5e-324},
                                    {1e-310, 2e-310},
                                    {-1e17, -1e17 - 16},
                                    {1e-300, 1e300},
                                    {-1e308, 1e308}};
  for (size_t i = 0; i < VT_COUNT(cases); i++)
    for (int log = 0; log < 2; log++) {
      struct vt_buf b = {0};
      double ends[4];
      const struct vt_series s = {"s", 2, NULL, cases[i]};
      if (log)
        vt_svg_points(&b, NULL, "x", "y", true, 2, (const char *const[]){"a", "b"}, cases[i], cases[i]);
      else
        vt_svg_curves(&b, NULL, "x", "y", false, 1, &s);
      assert_false(b.failed);
      if (times(b.data, "<line") > (log ? 4000 : 30) || strstr(b.data, "nan") || strstr(b.data, "inf"))
        fail_msg("%g and %g: %d lines", cases[i][0], cases[i][1], times(b.data, "<line"));
      const char *d = strstr(b.data, " d=\"M");
      if (!log && d) {
        assert_int_equal(sscanf(d, " d=\"M%lf %lfL%lf %lf", &ends[0], &ends[1], &ends[2], &ends[3]), 4);
        for (int k = 1; k < 4; k += 2) assert_true(ends[k] >= 40 && ends[k] <= 400);
        if (cases[i][0] < cases[i][1]) assert_true(ends[1] >= ends[3]);
      }
      vt_buf_clear(&b);
    }
}

/* Numbers as people read them; classes that never occur stand in no matrix; names of any length are whole on
 * a page; columns have the heights of their counts; names of points near each other stand on lines of their
 * own. */
static void test_pages(void **state)
{
  static const struct {
    double v;
    const char *text;
  } numbers[] = {{0, "0"},        {999, "999"},   {1000, "1k"},  {1536, "1.536k"}, {25.6e6, "25.6M"},
                 {4.1e9, "4.1G"}, {-2000, "-2k"}, {.25, "0.25"}, {1e-15, "0"},     {2e12, "2T"}};
  char text[16];
  for (size_t i = 0; i < VT_COUNT(numbers); i++)
    assert_string_equal(vt_short_number(text, numbers[i].v), numbers[i].text);
  struct vt_buf b = {0};
  vt_html_count(&b, 1234567);
  vt_buf_addc(&b, ' ');
  vt_html_count(&b, -100);
  vt_buf_addc(&b, ' ');
  vt_html_count(&b, 1000);
  assert_string_equal(b.data, "1,234,567 -100 1,000");
  b.len = 0;
  char wild[300] = "no UTF-8";
  memset(wild + 8, 0x80, sizeof wild - 9);
  wild[sizeof wild - 1] = 0;
  const char *const name[] = {wild, "never", "headband, head covering, hair accessory and then some"};
  const int64_t count[] = {5, 0, 1, 0, 0, 0, 2, 0, 3};
  vt_svg_matrix(&b, "m", false, 3, name, count);
  assert_null(strstr(b.data, ">never<"));
  assert_non_null(strstr(b.data, "1 classes never occur"));
  assert_non_null(
      strstr(b.data, "headband, head covering, hair access\xe2\x80\xa6")); /* cut, and it says so */
  assert_null(strstr(b.data, wild));
  assert_non_null(strstr(b.data, ">no UTF-8\x80"));
  b.len = 0;
  vt_html_bars_open(&b, "a", "b");
  vt_html_bar(&b, name[2], .5, .25, "5 in 2");
  vt_html_bar(&b, name[0], NAN, -1, "-");
  vt_html_bars_close(&b);
  assert_non_null(strstr(b.data, name[2]));
  assert_non_null(strstr(b.data, "width:50.00%"));
  assert_null(strstr(b.data, "nan"));
  b.len = 0;
  const int64_t bin[] = {4, 0, 1};
  vt_svg_columns(
      &b, &(struct vt_columns){
              .xlabel = "x", .ylabel = "y", .n = 3, .bin = bin, .width = 90, .height = 100, .density = true});
  assert_int_equal(times(b.data, "<rect"), 2);
  assert_non_null(strstr(b.data, "height=\"100.0\""));
  assert_non_null(strstr(b.data, "height=\"25.0\""));
  assert_int_equal(times(b.data, "<polyline"), 1);
  b.len = 0;
  const double x[] = {1e6, 1e6, 1e6}, y[] = {.5, .5, .50001};
  vt_svg_points(&b, "p", "parameters", "AP", true, 3, (const char *const[]){"a", "b", "c"}, x, y);
  double at[3];
  const char *p = b.data;
  for (int k = 0; k < 3; k++) {
    char want[8] = {'>', (char)('a' + k), '<', 0};
    const char *found = strstr(p, want), *line = found;
    assert_non_null(found);
    while (strncmp(line, " y=\"", 4) != 0) line--;
    at[k] = strtod(line + 4, NULL);
    for (int i = 0; i < k; i++) assert_true(fabs(at[i] - at[k]) > 12);
  }
  vt_buf_clear(&b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_confusion),  cmocka_unit_test(test_by_hand),
                                     cmocka_unit_test(test_against_ap), cmocka_unit_test(test_charts),
                                     cmocka_unit_test(test_axes),       cmocka_unit_test(test_pages)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
