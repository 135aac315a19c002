/* Intervals: their coverage on data whose truth is known; draws of detections against the same pictures
 * copied. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "eval/eval.h"

/* 95 % intervals of the mean of 80 values of a skewed distribution (x^2 of uniform x, mean 1/3): of 400 about
 * 380 hold the truth. Binomial: standard deviation 4.4; the percentile bootstrap of 80 values covers about
 * .94. */
static void test_coverage(void **state)
{
  enum { SETS = 400, N = 80 };
  int holds = 0;
  for (int s = 0; s < SETS; s++) {
    struct vt_rng r;
    double v[N], lo, hi;
    vt_rng_init(&r, 77, (uint64_t)s, 0);
    for (int i = 0; i < N; i++) {
      const double x = vt_rng_unit(&r);
      v[i] = x * x;
    }
    assert_int_equal(vt_bootstrap(v, N, 400, .95, (uint64_t)s, &lo, &hi, NULL), 0);
    holds += lo <= 1 / 3. && 1 / 3. <= hi;
  }
  assert_in_range(holds, 364, 396);
}

struct ratio {
  const double *a, *b;
};
static void measure(void *ctx, const int32_t *weight, double *figure)
{
  const struct ratio *q = ctx;
  double a = 0, b = 0;
  int64_t n = 0;
  for (int i = 0; i < 50; i++) {
    a += weight[i] * q->a[i];
    b += weight[i] * q->b[i];
    n += weight[i];
  }
  figure[0] = a / (double)n;
  figure[1] = a / b;
  figure[2] = NAN;
}

/* Figures of several kinds at once: the mean as vt_bootstrap has it, a ratio that is certain, one that never
 * is there. */
static void test_figures(void **state)
{
  double a[50], b[50], lo[3], hi[3], l, h;
  for (int i = 0; i < 50; i++) a[i] = i % 7, b[i] = 2 * (i % 7);
  struct ratio q = {a, b};
  const struct vt_bootstrap_job j = {
      .n = 50, .rounds = 300, .figures = 3, .level = .9, .seed = 5, .measure = measure, .ctx = &q};
  assert_int_equal(vt_bootstrap_of(&j, lo, hi, NULL), 0);
  assert_int_equal(vt_bootstrap(a, 50, 300, .9, 5, &l, &h, NULL), 0);
  assert_true(fabs(lo[0] - l) < 1e-12 && fabs(hi[0] - h) < 1e-12);
  assert_true(fabs(lo[1] - .5) < 1e-12 && fabs(hi[1] - .5) < 1e-12 && isnan(lo[2]) && isnan(hi[2]));
}

enum { PICTURES = 7, OBJECTS = 60, ROUNDS = 20, COPIES = OBJECTS * PICTURES };

static struct vt_coco_object draw_object(struct vt_rng *r, bool detection)
{
  struct vt_coco_object o = {.image = (int32_t)vt_rng_below(r, PICTURES), .cls = (int32_t)vt_rng_below(r, 3)};
  o.box = (struct vt_box){20. * vt_rng_below(r, 4) + 6 * detection * vt_rng_unit(r), 20, 18, 20};
  o.area = o.box.w * o.box.h;
  o.crowd = !detection && !vt_rng_below(r, 9);
  o.score = detection ? vt_rng_below(r, 30) / 30. : 0; /* with ties */
  return o;
}

static int64_t copy_drawn(struct vt_coco_object *to, const struct vt_coco_object *v, const int32_t *weight)
{
  int64_t n = 0;
  for (int32_t i = 0, image = 0; i < PICTURES; i++)
    for (int c = 0; c < weight[i]; c++, image++)
      for (int k = 0; k < OBJECTS; k++) {
        if (v[k].image != i) continue;
        to[n] = v[k];
        to[n++].image = image;
      }
  return n;
}

/* Scores of equal detections of several pictures tie, and copies would shuffle them otherwise than weights
 * do. */
static void untie(struct vt_coco_object *v)
{
  for (int k = 0; k < OBJECTS; k++) v[k].score += v[k].image * 1e-4 + k * 1e-7;
}

static void test_drawn_detections(void **state)
{
  static struct vt_coco_object gt[OBJECTS], dt[OBJECTS], gt_copy[COPIES], dt_copy[COPIES];
  static int32_t weight[ROUNDS * PICTURES];
  struct vt_rng r;
  double ap[3], map, voc[2][ROUNDS], figure[VT_COCO_FIGURES], each[PICTURES];
  vt_rng_init(&r, 9, 0, 0);
  for (int k = 0; k < OBJECTS; k++) {
    gt[k] = draw_object(&r, false);
    dt[k] = draw_object(&r, true);
  }
  untie(dt);
  for (int k = 0; k < ROUNDS; k++) vt_bootstrap_draw(weight + k * PICTURES, PICTURES, 3, k);
  const struct vt_coco_input in = {.ncls = 3,
                                   .ngt = OBJECTS,
                                   .ndt = OBJECTS,
                                   .gt = gt,
                                   .dt = dt,
                                   .rounds = ROUNDS,
                                   .pictures = PICTURES,
                                   .weight = weight};
  struct vt_coco_result all, one;
  assert_int_equal(vt_coco_eval(&all, &in, NULL), 0);
  for (int points = 0; points < 2; points++)
    assert_int_equal(vt_voc_ap_draws(voc[points], &in, .5, points, NULL), 0);
  assert_int_equal(vt_contest_map(&map, each, &in, NULL), 0);
  for (int k = 0; k < ROUNDS; k++) {
    const int32_t *w = weight + k * PICTURES;
    struct vt_coco_input copy = {.ncls = 3, .gt = gt_copy, .dt = dt_copy};
    copy.ngt = copy_drawn(gt_copy, gt, w);
    copy.ndt = copy_drawn(dt_copy, dt, w);
    assert_int_equal(vt_coco_eval(&one, &copy, NULL), 0);
    vt_coco_summary(&one, figure);
    for (int f = 0; f < VT_COCO_DRAWN; f++) assert_true(fabs(all.drawn[f * ROUNDS + k] - figure[f]) < 1e-12);
    vt_coco_result_clear(&one);
    for (int points = 0; points < 2; points++) {
      assert_int_equal(vt_voc_ap(ap, &map, &copy, .5, points, NULL), 0);
      assert_true(fabs(map - voc[points][k]) < 1e-12);
    }
    assert_int_equal(vt_contest_map(&map, NULL, &copy, NULL), 0);
    double sum = 0;
    int n = 0;
    for (int i = 0; i < PICTURES; i++)
      if (!isnan(each[i])) sum += w[i] * each[i], n += w[i];
    assert_true(fabs(map - sum / n) < 1e-12);
  }
  vt_coco_result_clear(&all);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_coverage), cmocka_unit_test(test_figures),
                                     cmocka_unit_test(test_drawn_detections)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
