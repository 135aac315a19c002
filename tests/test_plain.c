/* Masks without a network: each method against a plain search over all answers, or pictures drawn with known
 * masks. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "data/synth_internal.h"
#include "image/plain_internal.h"

static void ok(int rc, const struct vt_err *e)
{
  if (rc) fail_msg("%d: %s", rc, e->msg);
}

/* Luma as Pillow gives it, L*a*b* as published for the primaries of sRGB (CIE 1976, D65). */
static void test_colours(void **state)
{
  static const struct {
    uint8_t rgb[3], grey;
    float lab[3];
  } known[] = {{{255, 255, 255}, 255, {100, 0, 0}},           {{0, 0, 0}, 0, {0, 0, 0}},
               {{255, 0, 0}, 76, {53.24f, 80.09f, 67.20f}},   {{0, 255, 0}, 150, {87.73f, -86.18f, 83.18f}},
               {{0, 0, 255}, 29, {32.30f, 79.19f, -107.86f}}, {{128, 128, 128}, 128, {53.59f, 0, 0}}};
  struct vt_err e = {0};
  struct vt_image im, grey;
  float *lab;
  ok(vt_image_init(&im, VT_COUNT(known), 1, 3, &e), &e);
  for (size_t i = 0; i < VT_COUNT(known); i++) memcpy(im.px + 3 * i, known[i].rgb, 3);
  ok(vt_image_grey(&grey, &im, &e), &e);
  ok(vt_image_lab(&lab, &im, &e), &e);
  for (size_t i = 0; i < VT_COUNT(known); i++) {
    assert_int_equal(grey.px[i], known[i].grey);
    for (int c = 0; c < 3; c++) assert_float_equal(lab[3 * i + c], known[i].lab[c], .03);
  }
  vt_free(lab);
  vt_image_clear(&im);
  vt_image_clear(&grey);
}

static double between(const int64_t *hist, const int *t, int n)
{
  double value = 0;
  for (int k = 0; k < n; k++) {
    double w = 0, s = 0;
    for (int v = k ? t[k - 1] + 1 : 0; v <= (k < n - 1 ? t[k] : 255); v++)
      w += (double)hist[v], s += (double)hist[v] * v;
    if (w > 0) value += s * s / w;
  }
  return value;
}

/* Otsu's thresholds against all there are. */
static void test_otsu(void **state)
{
  struct vt_rng r;
  struct vt_err e = {0};
  vt_rng_init(&r, 4, 0, 0);
  for (int round = 0; round < 20; round++) {
    int64_t hist[256] = {0};
    int t[VT_MAX_LEVELS], u[2];
    for (int v = 0; v < 256; v++)
      hist[v] = round == 0 ? v == 7 : (int64_t)(vt_rng_below(&r, 100) * (1 + (unsigned)abs(v % 97 - 40)));
    double best = 0;
    for (u[0] = 0; u[0] < 255; u[0]++) best = VT_MAX(best, between(hist, u, 2));
    ok(vt_otsu(hist, 2, t, &e), &e);
    assert_float_equal(between(hist, t, 2) / best, 1, 1e-12);
    if (round > 3) continue;
    for (u[0] = 0; u[0] < 254; u[0]++)
      for (u[1] = u[0] + 1; u[1] < 255; u[1]++) best = VT_MAX(best, between(hist, u, 3));
    ok(vt_otsu(hist, 3, t, &e), &e);
    assert_float_equal(between(hist, t, 3) / best, 1, 1e-12);
    assert_true(t[0] < t[1]);
  }
  int t[8];
  const int64_t hist[256] = {0};
  assert_int_equal(vt_otsu(hist, 1, t, &e), VT_EARG);
  assert_int_equal(vt_otsu(hist, VT_MAX_LEVELS + 1, t, &e), VT_EARG);
}

/* The cut of small grids against all cuts. */
static void test_cut(void **state)
{
  enum { W = 4, H = 3, N = W * H };
  struct vt_rng r;
  struct vt_err e = {0};
  vt_rng_init(&r, 9, 0, 0);
  for (int round = 0; round < 60; round++) {
    struct vt__grid g;
    float term[N], cap[N][4] = {{0}};
    uint8_t side[N];
    double flow, least = INFINITY, mine = 0;
    ok(vt__grid_new(&g, W, H, &e), &e);
    for (int i = 0; i < N; i++) {
      int x = i % W, y = i / W;
      term[i] = g.terminal[vt__grid_at(&g, x, y)] = (float)vt_rng_below(&r, 41) - 20;
      for (int d = 0; d < 4; d++) {
        static const int dx[] = {1, 1, 0, -1}, dy[] = {0, 1, 1, 1};
        if (x + dx[d] < 0 || x + dx[d] >= W || y + dy[d] >= H) continue;
        cap[i][d] = (float)vt_rng_below(&r, round % 2 ? 9 : 2);
        vt__grid_join(&g, vt__grid_at(&g, x, y), d, cap[i][d]);
      }
    }
    ok(vt__grid_cut(&g, side, &flow, &e), &e);
    for (int cut = -1; cut < 1 << N; cut++) { /* -1: the one found */
      double v = 0;
      for (int i = 0; i < N; i++) {
        static const int step[] = {1, W + 1, W, W - 1};
        int a = cut < 0 ? side[i] : cut >> i & 1;
        v += a ? VT_MAX(-term[i], 0) : VT_MAX(term[i], 0);
        for (int d = 0; d < 4; d++)
          if (cap[i][d] > 0 && a != (cut < 0 ? side[i + step[d]] : cut >> (i + step[d]) & 1)) v += cap[i][d];
      }
      if (cut < 0)
        mine = v;
      else
        least = VT_MIN(least, v);
    }
    assert_float_equal(mine, least, 1e-6);
    assert_float_equal(flow, least, 1e-6);
    vt__grid_clear(&g);
  }
}

/* Flat colours: a disc, a bar and a ground. */
static void draw_flat(struct vt_image *im, uint8_t *truth)
{
  static const uint8_t colour[3][3] = {{240, 240, 235}, {30, 60, 160}, {200, 40, 40}};
  struct vt_err e = {0};
  ok(vt_image_init(im, 61, 47, 3, &e), &e);
  for (int y = 0; y < 47; y++)
    for (int x = 0; x < 61; x++) {
      int k = (x - 20) * (x - 20) + (y - 22) * (y - 22) < 120 ? 1
              : x >= 40 && x < 52 && y >= 8 && y < 40         ? 2
                                                              : 0;
      truth[y * 61 + x] = (uint8_t)k;
      memcpy(im->px + y * im->stride + 3 * (int64_t)x, colour[k], 3);
    }
}

static void test_regions(void **state)
{
  struct vt_image im, labels;
  struct vt_err e = {0};
  uint8_t truth[61 * 47];
  int32_t *region;
  int n;
  draw_flat(&im, truth);
  ok(vt_split_merge(&region, &n, &im, 5, &e), &e);
  assert_int_equal(n, 3);
  static const int order[] = {0, 2, 1}; /* of first pixels: ground, bar, disc */
  for (int i = 0; i < 61 * 47; i++) assert_int_equal(order[region[i]], truth[i]);
  vt_free(region);

  const int seeds[] = {20, 22, 45, 20, 46, 21};
  ok(vt_region_grow(&labels, &im, 3, seeds, 5, &e), &e);
  for (int i = 0; i < 61 * 47; i++) assert_int_equal(labels.px[i], truth[i]);
  vt_image_clear(&labels);
  const int outside[] = {61, 0};
  assert_int_equal(vt_region_grow(&labels, &im, 1, outside, 5, &e), VT_EARG);

  ok(vt_colour_kmeans(&labels, &im, 3, 1, &e), &e);
  static const int by_lightness[] = {2, 0, 1}; /* truth -> cluster: blue, red, ground */
  for (int i = 0; i < 61 * 47; i++) assert_int_equal(labels.px[i], by_lightness[truth[i]]);
  vt_image_clear(&labels);
  vt_image_clear(&im);
}

static void counts(const struct vt_image *mask, const uint8_t *truth, int64_t step, int64_t *both,
                   int64_t *any)
{
  *both = *any = 0;
  for (int64_t i = 0; i < (int64_t)mask->width * mask->height; i++) {
    *both += mask->px[i] && truth[i * step];
    *any += mask->px[i] || truth[i * step];
  }
}

static double iou(const struct vt_image *mask, const uint8_t *truth, int64_t step)
{
  int64_t both, any;
  counts(mask, truth, step, &both, &any);
  return any ? (double)both / (double)any : 1;
}

/* An object of two colours on a noisy ground of two others: GrabCut from a loose box, others are not asked.
 */
static void test_grabcut(void **state)
{
  enum { W = 120, H = 90 };
  struct vt_image im, mask;
  struct vt_rng r;
  struct vt_err e = {0};
  uint8_t truth[W * H];
  vt_rng_init(&r, 2, 0, 0);
  ok(vt_image_init(&im, W, H, 3, &e), &e);
  for (int y = 0; y < H; y++)
    for (int x = 0; x < W; x++) {
      static const uint8_t colour[4][3] = {{90, 120, 70}, {150, 160, 150}, {180, 60, 60}, {60, 50, 110}};
      double dx = (x - 60) / 30., dy = (y - 45) / 28.;
      bool in = dx * dx + dy * dy < 1;
      truth[y * W + x] = in;
      const uint8_t *c = colour[in ? 2 + (y > 45) : y > 60];
      for (int k = 0; k < 3; k++)
        im.px[y * im.stride + 3 * (int64_t)x + k] = (uint8_t)VT_CLAMP(c[k] + 12 * vt_rng_normal(&r), 0, 255);
    }
  const struct vt_box box = {20, 8, 80, 74};
  ok(vt_grabcut(&mask, &im, &(struct vt_grabcut_opts){.box = box}, &e), &e);
  assert_true(iou(&mask, truth, 1) > .98);
  vt_image_clear(&mask);
  ok(vt_grabcut(&mask, &im, &(struct vt_grabcut_opts){.box = box, .max_side = 60}, &e), &e);
  assert_true(iou(&mask, truth, 1) > .93);
  vt_image_clear(&mask);
  assert_int_equal(vt_grabcut(&mask, &im, &(struct vt_grabcut_opts){0}, &e), VT_EARG);
  vt_image_clear(&im);
}

/* Drawn studio pictures, whose label maps are known: mean IoU over products. Floors are below what was
 * measured. */
static void test_studio(void **state)
{
  enum { N = 14 };
  static const struct {
    const char *name;
    struct vt_plain_opts o;
    double floor;
  } methods[] = {
      {"otsu", {.method = VT_PLAIN_OTSU}, .9},
      {"otsu, grey", {.method = VT_PLAIN_OTSU, .grey = true}, .9},
      {"threshold", {.method = VT_PLAIN_THRESHOLD}, .95},
      {"multi", {.method = VT_PLAIN_MULTI}, .96},
      {"grow", {.method = VT_PLAIN_GROW}, .94},
      {"split-merge", {.method = VT_PLAIN_SPLIT_MERGE}, .94},
      {"kmeans", {.method = VT_PLAIN_KMEANS}, .88},
      {"grabcut", {.method = VT_PLAIN_GRABCUT}, .96},
  };
  struct product *v = vt_calloc(N, sizeof *v);
  struct vt_err e = {0};
  double sum[VT_COUNT(methods)] = {0};
  assert_non_null(v);
  ok(vt__catalogue_make(v, N, 3, &e), &e);
  for (int i = 0; i < N; i++) {
    struct vt_image im, truth, mask;
    ok(vt__studio_draw(&im, &truth, &v[i], 3, &e), &e);
    for (size_t k = 0; k < VT_COUNT(methods); k++) {
      ok(vt_plain_mask(&mask, &im, &methods[k].o, &e), &e);
      sum[k] += iou(&mask, truth.px, 3) / N;
      vt_image_clear(&mask);
    }
    vt_image_clear(&im);
    vt_image_clear(&truth);
  }
  for (size_t k = 0; k < VT_COUNT(methods); k++) printf("%-12s mean IoU %.3f\n", methods[k].name, sum[k]);
  for (size_t k = 0; k < VT_COUNT(methods); k++)
    if (sum[k] < methods[k].floor) fail_msg("%s: %.3f", methods[k].name, sum[k]);
  vt_free(v);
}

/* A product that the photo cuts off at its lower edge is found down to that edge. */
static void test_cut_off(void **state)
{
  enum { W = 120, H = 100 };
  struct vt_err e = {0};
  struct vt_image im, mask;
  uint8_t *truth = vt_calloc(W * H, 1);
  assert_non_null(truth);
  ok(vt_image_init(&im, W, H, 3, &e), &e);
  for (int y = 0; y < H; y++)
    for (int x = 0; x < W; x++) {
      const bool in = x >= 35 && x < 85 && y >= 30;
      uint8_t *p = im.px + y * im.stride + 3 * x;
      truth[y * W + x] = in;
      for (int c = 0; c < 3; c++) p[c] = (uint8_t)((in ? 60 + 60 * c : 235) + (x * 7 + y * 13) % 9);
    }
  ok(vt_plain_mask(&mask, &im, &(struct vt_plain_opts){.method = VT_PLAIN_GRABCUT}, &e), &e);
  const double got = iou(&mask, truth, 1);
  if (got < .98) fail_msg("%.3f", got);
  vt_image_clear(&mask);
  vt_image_clear(&im);
  vt_free(truth);
}

static void real_photo(const char *dir, const char *name, double sum[4])
{
  static const struct vt_plain_opts methods[4] = {
      {.method = VT_PLAIN_OTSU}, {.method = VT_PLAIN_THRESHOLD}, {.method = VT_PLAIN_GRABCUT}};
  struct vt_err e = {0};
  struct vt_image im, tags, mask;
  char path[1024];
  snprintf(path, sizeof path, "%s/ccp/photos/%s.jpg", dir, name);
  ok(vt_image_read(&im, path, NULL, NULL, &e), &e);
  snprintf(path, sizeof path, "%s/ccp/masks/%s.png", dir, name);
  ok(vt_image_read(&tags, path, &(struct vt_decode_opts){.labels = true}, NULL, &e), &e);
  const int w = tags.width, h = tags.height;
  uint8_t *truth = vt_calloc((size_t)w * (size_t)h, 1);
  assert_non_null(truth);
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++) truth[y * w + x] = tags.px[y * tags.stride + x] > 0;
  struct vt_mask person;
  ok(vt_mask_from_bitmap(&person, truth, w, h, w, &e), &e);
  const struct vt_box b = vt_mask_box(&person),
                      box = vt_box_clip((struct vt_box){b.x - 4, b.y - 4, b.w + 8, b.h + 8}, w, h);
  for (int k = 0; k < 4; k++) {
    if (k == 3) { /* the box itself */
      sum[k] += (double)vt_mask_area(&person) / (box.w * box.h);
      continue;
    }
    struct vt_plain_opts o = methods[k];
    o.box = box;
    ok(vt_plain_mask(&mask, &im, &o, &e), &e);
    sum[k] += iou(&mask, truth, 1);
    vt_image_clear(&mask);
  }
  vt_mask_clear(&person);
  vt_image_clear(&tags);
  vt_image_clear(&im);
  vt_free(truth);
}

/* Street photos: a person's box refined by GrabCut is far better than the box, and than thresholds in it. */
static void test_people(void **state)
{
  static const char *const names[] = {"0429", "0175", "0061", "0486"};
  const char *dir = vt_data_dir();
  const double n = VT_COUNT(names);
  double sum[4] = {0};
  if (!dir) {
    if (getenv("VITRINE_REQUIRE_DATA")) fail_msg("VITRINE_DATA is required but not set");
    print_message("skipped: VITRINE_DATA is not set\n");
    skip();
  }
  for (size_t i = 0; i < VT_COUNT(names); i++) real_photo(dir, names[i], sum);
  printf("people: otsu %.3f, threshold %.3f, grabcut %.3f, the box %.3f\n", sum[0] / n, sum[1] / n,
         sum[2] / n, sum[3] / n);
  assert_true(sum[2] / n > .75 && sum[2] > sum[0] + .15 * n && sum[2] > sum[3] + .15 * n && sum[1] / n > .4);
}

/* Pictures of one pixel, of one row, of one colour. */
static void test_small(void **state)
{
  static const int size[][2] = {{1, 1}, {1, 9}, {9, 1}, {2, 2}, {16, 12}};
  struct vt_err e = {0};
  for (size_t i = 0; i < VT_COUNT(size); i++)
    for (int m = VT_PLAIN_OTSU; m <= VT_PLAIN_GRABCUT; m++)
      for (int boxed = 0; boxed < 2; boxed++) {
        struct vt_image im, mask;
        ok(vt_image_init(&im, size[i][0], size[i][1], 3, &e), &e);
        struct vt_plain_opts o = {.method = (enum vt_plain_method)m};
        if (boxed) o.box = (struct vt_box){0, 0, .5, .5};
        ok(vt_plain_mask(&mask, &im, &o, &e), &e);
        assert_int_equal(mask.width, size[i][0]);
        vt_image_clear(&mask);
        vt_image_clear(&im);
      }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_colours), cmocka_unit_test(test_otsu),    cmocka_unit_test(test_cut),
      cmocka_unit_test(test_regions), cmocka_unit_test(test_grabcut), cmocka_unit_test(test_studio),
      cmocka_unit_test(test_small),   cmocka_unit_test(test_cut_off), cmocka_unit_test(test_people),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
