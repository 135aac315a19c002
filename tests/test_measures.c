/* Measures by hand, or against brute force: VOC, the contest's mAP, clusters, boundaries, classification,
 * retrieval. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "eval/eval.h"
#include "eval/ranking.h"

static void near_to(double got, double want, const char *what)
{
  if (isnan(want) ? !isnan(got) : !(fabs(got - want) < 1e-9))
    fail_msg("%s: %.12g, expected %.12g", what, got, want);
}

#define BOX(x)                                                                                               \
  {                                                                                                          \
    .box = { x, 0, 100, 100 }                                                                                \
  }
#define DET(x, s)                                                                                            \
  {                                                                                                          \
    .box = {x, 0, 100, 100}, .score = s                                                                      \
  }

static void test_voc(void **state)
{
  static const struct {
    int ngt, ndt;
    struct vt_coco_object gt[3], dt[4];
    double area, eleven;
  } cases[] = {
      /* hit, miss, hit: precision 1 to recall 1/2, then 2/3 */
      {2,
       3,
       {BOX(0), BOX(300)},
       {DET(0, .9), DET(600, .8), DET(300, .7)},
       .5 + .5 * 2 / 3,
       (6 + 5 * 2. / 3) / 11},
      /* found twice: the second is wrong */
      {2,
       3,
       {BOX(0), BOX(300)},
       {DET(0, .9), DET(5, .8), DET(300, .7)},
       .5 + .5 * 2 / 3,
       (6 + 5 * 2. / 3) / 11},
      /* a difficult one: neither truth nor what takes it counts */
      {2, 2, {BOX(0), {.box = {300, 0, 100, 100}, .crowd = true}}, {DET(300, .9), DET(0, .8)}, 1, 1},
      {1, 1, {BOX(0)}, {DET(60, .9)}, 0, 0}, /* IoU 1/4 */
      {1, 0, {BOX(0)}, {DET(0, 0)}, 0, 0},
      {0, 1, {BOX(0)}, {DET(0, 1)}, NAN, NAN},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    const struct vt_coco_input in = {
        .ncls = 1, .ngt = cases[i].ngt, .ndt = cases[i].ndt, .gt = cases[i].gt, .dt = cases[i].dt};
    double ap, map;
    assert_int_equal(vt_voc_ap(&ap, &map, &in, .5, false, NULL), 0);
    near_to(map, cases[i].area, "area");
    assert_int_equal(vt_voc_ap(&ap, &map, &in, .5, true, NULL), 0);
    near_to(map, cases[i].eleven, "eleven points");
  }
}

static void test_contest(void **state)
{
  static const struct {
    int ngt, ndt;
    struct vt_coco_object gt[3], dt[4];
    double map;
  } cases[] = {
      {1, 1, {BOX(0)}, {DET(0, 1)}, 1},
      {1, 1, {BOX(0)}, {DET(25, 1)}, .2}, /* IoU .6 is above .50 and .55, not above .60 */
      {2, 1, {BOX(0), BOX(300)}, {DET(0, 1)}, .5},
      {1, 2, {BOX(0)}, {DET(0, 1), DET(0, .5)}, .5},
      {1, 1, {{.box = {0, 0, 100, 100}, .cls = 1}}, {DET(0, 1)}, 0},            /* another class */
      {2, 1, {BOX(0), {.box = {0, 0, 100, 100}, .image = 1}}, {DET(0, 1)}, .5}, /* mean over pictures */
      {0, 0, {BOX(0)}, {DET(0, 1)}, NAN},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    const struct vt_coco_input in = {
        .ncls = 2, .ngt = cases[i].ngt, .ndt = cases[i].ndt, .gt = cases[i].gt, .dt = cases[i].dt};
    double map;
    assert_int_equal(vt_contest_map(&map, NULL, &in, NULL), 0);
    near_to(map, cases[i].map, "mAP");
  }
}

static double plain_mi(const int32_t *a, const int32_t *b, int n)
{
  double mi = 0;
  for (int i = 0; i < 8; i++)
    for (int j = 0; j < 8; j++) {
      double both = 0, x = 0, y = 0;
      for (int k = 0; k < n; k++) both += a[k] == i && b[k] == j, x += a[k] == i, y += b[k] == j;
      if (both > 0) mi += both / n * log(n * both / (x * y));
    }
  return mi;
}

/* Mean of MI over all orders of b. */
static double mean_mi(const int32_t *a, int32_t *b, int n, int from, double *orders)
{
  if (from == n) {
    ++*orders;
    return plain_mi(a, b, n);
  }
  double sum = 0;
  for (int i = from; i < n; i++) {
    int32_t t = b[from];
    b[from] = b[i];
    b[i] = t;
    sum += mean_mi(a, b, n, from + 1, orders);
    b[i] = b[from];
    b[from] = t;
  }
  return sum;
}

static void test_clusters(void **state)
{
  struct vt_rng r;
  vt_rng_init(&r, 5, 0, 0);
  for (int round = 0; round < 12; round++) {
    int32_t a[7], b[7];
    int n = 4 + round % 4;
    for (int k = 0; k < n; k++) a[k] = (int32_t)vt_rng_below(&r, 3), b[k] = (int32_t)vt_rng_below(&r, 3);
    a[0] = b[1] = 0;
    a[1] = b[0] = 1;
    double nmi, ami, orders = 0, mi = plain_mi(a, b, n);
    double mean = (plain_mi(a, a, n) + plain_mi(b, b, n)) / 2, e = mean_mi(a, b, n, 0, &orders) / orders;
    assert_int_equal(vt_cluster_agreement(a, b, n, &nmi, &ami, NULL), 0);
    near_to(nmi, mi / mean, "NMI");
    if (fabs(mean - e) > 1e-9) near_to(ami, (mi - e) / (mean - e), "AMI");
  }
  static const struct {
    int32_t a[4], b[4];
    double nmi, ami;
  } cases[] = {{{0, 0, 1, 1}, {5, 5, 2, 2}, 1, 1},
               {{0, 0, 0, 0}, {1, 1, 1, 1}, 1, 1},
               {{0, 0, 0, 0}, {0, 1, 2, 3}, 0, 0}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    double nmi, ami;
    assert_int_equal(vt_cluster_agreement(cases[i].a, cases[i].b, 4, &nmi, &ami, NULL), 0);
    near_to(nmi, cases[i].nmi, "NMI");
    near_to(ami, cases[i].ami, "AMI");
  }
  double nmi, ami;
  assert_int_equal(vt_cluster_agreement((int32_t[]){-1}, (int32_t[]){0}, 1, &nmi, &ami, NULL), VT_EARG);
}

/* Pixels with anything clear, or the picture's edge, within d in both directions. */
static void slow_boundary(uint8_t *out, const uint8_t *in, int w, int h, int d)
{
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++) {
      bool inner = true;
      for (int v = y - d; v <= y + d; v++)
        for (int u = x - d; u <= x + d; u++)
          inner = inner && u >= 0 && v >= 0 && u < w && v < h && in[v * w + u];
      out[y * w + x] = in[y * w + x] && !inner;
    }
}

static void test_boundary(void **state)
{
  enum { W = 40, H = 30 };
  static const struct {
    double share;
    int width; /* of a diagonal of 50, halves to even as in Python's round */
  } cases[] = {{.01, 1}, {.02, 1}, {.03, 2}, {.05, 2}, {.06, 3}, {.08, 4}};
  struct vt_rng r;
  vt_rng_init(&r, 6, 0, 0);
  for (int round = 0; round < 20; round++) {
    uint8_t px[2][W * H], edge[2][W * H];
    struct vt_mask m[2];
    const double share = cases[round % VT_COUNT(cases)].share;
    const int d = cases[round % VT_COUNT(cases)].width;
    int64_t got[2];
    double both = 0, any = 0;
    for (int k = 0; k < 2; k++) {
      int cx = 10 + (int)vt_rng_below(&r, 20), cy = 8 + (int)vt_rng_below(&r, 14),
          rad = 5 + (int)vt_rng_below(&r, 12);
      for (int i = 0; i < W * H; i++)
        px[k][i] =
            (i % W - cx) * (i % W - cx) + (i / W - cy) * (i / W - cy) < rad * rad && vt_rng_below(&r, 60);
      slow_boundary(edge[k], px[k], W, H, d);
      assert_int_equal(vt_mask_from_bitmap(&m[k], px[k], W, H, W, NULL), 0);
    }
    for (int i = 0; i < W * H; i++) both += edge[0][i] && edge[1][i], any += edge[0][i] || edge[1][i];
    assert_int_equal(vt_boundary_counts(&got[0], &got[1], &m[0], &m[1], share, NULL), 0);
    near_to((double)got[0], both, "boundary pixels of both");
    near_to((double)got[1], any, "boundary pixels of either");
    vt_mask_clear(&m[0]);
    vt_mask_clear(&m[1]);
  }
}

static void test_classification(void **state)
{
  static const double score[] = {.5, .3, .2, .1, .1, .8, .4, .4, .2}; // (3, 3)
  static const int32_t truth[] = {1, 0, 1};
  static const uint8_t many[] = {0, 1, 1, 0, 0, 0, 1, 0, 0}; // (3, 3)
  near_to(vt_top_k(score, truth, 3, 3, 1), 0, "top 1");
  near_to(vt_top_k(score, truth, 3, 3, 2), 1, "top 2"); /* equal scores: the lower class first */
  near_to(vt_top_k_multi(score, many, 3, 3, 1), .5, "top 1 of several");
  near_to(vt_top_k_multi(score, many, 3, 3, 2), 1, "top 2 of several");
  struct vt_confusion c;
  assert_int_equal(vt_confusion_init(&c, 3, NULL), 0);
  static const uint8_t t[] = {0, 0, 0, 1}, p[] = {0, 0, 1, 1};
  assert_int_equal(vt_confusion_add(&c, t, p, 4, -1, NULL), 0);
  near_to(vt_macro_f1(&c), (2 * 2. / 5 + 2 * 1. / 3) / 2, "macro F1"); /* the third class does not occur */
  vt_confusion_clear(&c);
  static const double q[] = {.75, 0, .25, 0}; // (2, 2)
  static const uint8_t y[] = {1, 0, 0, 0};
  near_to(vt_soft_macro_f1(q, y, 2, 2), 2 * .75 / 2, "soft F1");
}

static void test_retrieval(void **state)
{
  static const int three = 3;
  static const struct {
    int64_t rank[4], n;
    double figure[VT_QUERY_FIGURES + 3]; /* AP, MAP@R, R-precision, RR; of 3: any, share of 3, share of all */
  } cases[] = {
      {{1, 3, 4}, 3, {(1 + 2. / 3 + 3. / 4) / 3, (1 + 2. / 3) / 3, 2. / 3, 1, 1, 2. / 3, 2. / 3}},
      {{5, 8}, 2, {(1. / 5 + 2. / 8) / 2, 0, 0, 1. / 5, 0, 0, 0}},
      {{1, 2, 90, 100}, 4, {(2 + 3. / 90 + 4. / 100) / 4, .5, .5, 1, 1, 2. / 3, .5}},
      {{1}, 1, {1, 1, 1, 1, 1, 1. / 3, 1}},
      {{0}, 0, {NAN, NAN, NAN, NAN, NAN, NAN, NAN}},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    double figure[VT_QUERY_FIGURES + 3];
    vt_query_figures(cases[i].rank, cases[i].n, &three, 1, figure);
    for (int k = 0; k < VT_QUERY_FIGURES + 3; k++)
      near_to(figure[k], cases[i].figure[k],
              k < VT_QUERY_FIGURES ? vt_query_figure[k] : "of the first three");
  }
}

static void test_bootstrap(void **state)
{
  double v[400], lo, hi, again, top;
  for (int i = 0; i < 400; i++) v[i] = i % 2;
  assert_int_equal(vt_bootstrap(v, 400, 1000, .95, 1, &lo, &hi, NULL), 0);
  /* a coin thrown 400 times: .5 +- 1.96 * .025 */
  assert_true(fabs(lo - .451) < .008 && fabs(hi - .549) < .008);
  assert_int_equal(vt_bootstrap(v, 400, 1000, .95, 1, &again, &top, NULL), 0);
  assert_true(again == lo && top == hi);
  assert_int_equal(vt_bootstrap(v, 0, 10, .95, 1, &lo, &hi, NULL), 0);
  assert_true(isnan(lo) && isnan(hi));
  assert_int_equal(vt_bootstrap(v, 4, 0, .95, 1, &lo, &hi, NULL), VT_EARG);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_voc),
      cmocka_unit_test(test_contest),
      cmocka_unit_test(test_clusters),
      cmocka_unit_test(test_boundary),
      cmocka_unit_test(test_classification),
      cmocka_unit_test(test_retrieval),
      cmocka_unit_test(test_bootstrap),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
