/* Masks against brute force on bitmaps, COCO's strings and iMaterialist's rows of the real data. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "mask/mask.h"

enum { MAX = 96 };

/* Blobs, stripes or noise: runs long and short, full and empty pictures among them. */
static void random_bits(struct vt_rng *r, uint8_t *bits, int w, int h)
{
  int kind = (int)vt_rng_below(r, 5);
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++) {
      bool set = kind == 0   ? vt_rng_below(r, 2)
                 : kind == 1 ? false
                 : kind == 2 ? true
                 : kind == 3 ? (x - w / 2) * (x - w / 2) + (y - h / 3) * (y - h / 3) < w * h / 9
                             : x / 7 % 2 == 0;
      if (kind >= 3 && vt_rng_below(r, 50) == 0) set = !set;
      bits[y * w + x] = set;
    }
}

static struct vt_mask from(const uint8_t *bits, int w, int h)
{
  struct vt_mask m;
  assert_int_equal(vt_mask_from_bitmap(&m, bits, w, h, w, NULL), 0);
  return m;
}

static void test_against_bitmaps(void **state)
{
  struct vt_rng r;
  vt_rng_init(&r, 7, 0, 0);
  static uint8_t a[MAX * MAX], b[MAX * MAX], out[MAX * MAX];
  for (int round = 0; round < 300; round++) {
    int w = 1 + (int)vt_rng_below(&r, MAX), h = 1 + (int)vt_rng_below(&r, MAX), n = w * h;
    random_bits(&r, a, w, h);
    random_bits(&r, b, w, h);
    struct vt_mask ma = from(a, w, h), mb = from(b, w, h), merged;
    int area = 0, both = 0, any = 0, x0 = w, x1 = -1, y0 = h, y1 = -1;
    int64_t sum = 0;
    for (int i = 0; i < n; i++) {
      area += a[i];
      both += a[i] && b[i];
      any += a[i] || b[i];
      if (a[i]) {
        x0 = VT_MIN(x0, i % w), x1 = VT_MAX(x1, i % w);
        y0 = VT_MIN(y0, i / w), y1 = VT_MAX(y1, i / w);
      }
    }
    for (int i = 0; i < ma.n; i++) sum += ma.runs[i];
    assert_int_equal(sum, n);
    memset(out, 0, sizeof out);
    vt_mask_to_bitmap(&ma, out, w, 1);
    assert_memory_equal(out, a, (size_t)n);
    assert_int_equal(vt_mask_area(&ma), area);
    struct vt_box box = vt_mask_box(&ma);
    if (area)
      assert_true(box.x == x0 && box.y == y0 && box.w == x1 - x0 + 1 && box.h == y1 - y0 + 1);
    else
      assert_true(box.w == 0 && box.h == 0);
    assert_true(fabs(vt_mask_iou(&ma, &mb, false) - (any ? (double)both / any : 0)) < 1e-12);
    assert_true(fabs(vt_mask_iou(&ma, &mb, true) - (area ? (double)both / area : 0)) < 1e-12);
    const struct vt_mask *in[] = {&ma, &mb};
    for (int intersect = 0; intersect < 2; intersect++) {
      assert_int_equal(vt_mask_merge(&merged, in, 2, intersect, NULL), 0);
      memset(out, 0, sizeof out);
      vt_mask_to_bitmap(&merged, out, w, 1);
      for (int i = 0; i < n; i++) assert_int_equal(out[i], intersect ? a[i] && b[i] : a[i] || b[i]);
      vt_mask_clear(&merged);
    }
    vt_mask_clear(&ma);
    vt_mask_clear(&mb);
  }
}

static void test_text_round_trips(void **state)
{
  struct vt_rng r;
  vt_rng_init(&r, 8, 0, 0);
  static uint8_t a[MAX * MAX];
  struct vt_buf s;
  vt_buf_init(&s);
  for (int round = 0; round < 100; round++) {
    int w = 1 + (int)vt_rng_below(&r, MAX), h = 1 + (int)vt_rng_below(&r, MAX);
    random_bits(&r, a, w, h);
    struct vt_mask m = from(a, w, h), back;
    for (int pairs = 0; pairs < 2; pairs++) {
      s.len = 0;
      vt_buf_adds(&s, "");
      assert_int_equal(pairs ? vt_mask_to_pairs(&m, &s) : vt_mask_to_coco(&m, &s), 0);
      const char *text = s.len ? s.data : "";
      assert_int_equal((pairs ? vt_mask_from_pairs : vt_mask_from_coco)(&back, text, w, h, NULL), 0);
      assert_int_equal(back.n, m.n);
      assert_memory_equal(back.runs, m.runs, (size_t)m.n * sizeof(*m.runs));
      vt_mask_clear(&back);
    }
    vt_mask_clear(&m);
  }
  vt_buf_clear(&s);
}

/* Worked by hand from the format's description: 9 pixels, runs 3 4 2 -> '3' '4' '2'; 40 -> 40 = 8 + 32 * 1.
 */
static void test_text_by_hand(void **state)
{
  struct vt_mask m;
  struct vt_buf s;
  vt_buf_init(&s);
  assert_int_equal(vt_mask_from_coco(&m, "342", 3, 3, NULL), 0);
  assert_int_equal(m.n, 3);
  assert_int_equal(m.runs[1], 4);
  assert_int_equal(vt_mask_to_pairs(&m, &s), 0);
  assert_string_equal(s.data, "4 4");
  vt_mask_clear(&m);
  assert_int_equal(vt_mask_from_coco(&m, "X1", 5, 8, NULL), 0);
  assert_int_equal(m.runs[0], 40);
  vt_mask_clear(&m);
  vt_buf_clear(&s);
}

static void test_bad_text(void **state)
{
  static const struct {
    bool pairs;
    const char *text;
  } bad[] = {{false, "34"},     {false, "3421"},   {false, "3 4"}, {false, "oooooooooo0"},
             {false, "3O2"},    {false, "\x7f"},   {true, "4"},    {true, "0 2"},
             {true, "3 2 4 1"}, {true, "5 2 1 1"}, {true, "8 3"},  {true, "2 0"},
             {true, "-1 2"},    {true, "1 x"},     {true, "x"},    {true, "99999999999999999999 1"}};
  for (size_t i = 0; i < VT_COUNT(bad); i++) {
    struct vt_mask m;
    struct vt_err e = {0};
    int rc = (bad[i].pairs ? vt_mask_from_pairs : vt_mask_from_coco)(&m, bad[i].text, 3, 3, &e);
    if (rc != VT_EFORMAT || !e.msg[0] || m.runs) fail_msg("'%s' accepted", bad[i].text);
  }
  struct vt_mask m;
  assert_int_equal(vt_mask_from_pairs(&m, "", 0, 5, NULL), VT_ELIMIT);
  assert_int_equal(vt_mask_from_coco(&m, "", 5, 70000, NULL), VT_ELIMIT);
}

/* The text says how an edge is walked (mask/polygon.c); here every step is really made. */
struct dot {
  int u, v;
};
static int walk_edge(struct dot *out, int n, struct dot a, struct dot b)
{
  int dx = abs(a.u - b.u), dy = abs(a.v - b.v), steps = dx > dy ? dx : dy;
  bool turned = dx >= dy ? a.u > b.u : a.v > b.v;
  struct dot lo = turned ? b : a, hi = turned ? a : b;
  for (int i = 0; i <= steps && steps; i++) {
    int t = turned ? steps - i : i;
    if (dx >= dy)
      out[n++] = (struct dot){lo.u + t, (int)(lo.v + (double)(hi.v - lo.v) / dx * t + .5)};
    else
      out[n++] = (struct dot){(int)(lo.u + (double)(hi.u - lo.u) / dy * t + .5), lo.v + t};
  }
  return n;
}

static void slow_polygon(uint8_t *bits, const double *xy, int points, int w, int h)
{
  static struct dot at[1 << 20];
  static uint8_t flip[(MAX + 1) * (MAX + 1)];
  int n = 0;
  for (int i = 0; i < points; i++) {
    int k = (i + 1) % points;
    struct dot a = {(int)(5 * xy[2 * i] + .5), (int)(5 * xy[2 * i + 1] + .5)};
    n = walk_edge(at, n, a, (struct dot){(int)(5 * xy[2 * k] + .5), (int)(5 * xy[2 * k + 1] + .5)});
  }
  memset(flip, 0, sizeof flip);
  for (int i = 1; i < n; i++) {
    int line = at[i].u < at[i - 1].u ? at[i].u : at[i - 1].u,
        v = at[i].v < at[i - 1].v ? at[i].v : at[i - 1].v;
    if (at[i].u == at[i - 1].u || line < 0 || line % 5 != 2 || line / 5 >= w) continue;
    double y = (v + .5) / 5 - .5;
    int row = y <= 0 ? 0 : y >= h ? h : (int)ceil(y);
    flip[line / 5 * h + row] ^= 1; /* column by column; row h is row 0 of the next column */
  }
  uint8_t set = 0;
  for (int i = 0; i < w * h; i++) {
    set ^= flip[i];
    bits[i % h * w + i / h] |= set;
  }
}

static void test_polygons(void **state)
{
  struct vt_rng r;
  vt_rng_init(&r, 11, 0, 0);
  static uint8_t want[MAX * MAX], got[MAX * MAX];
  for (int round = 0; round < 600; round++) {
    int w = 1 + (int)vt_rng_below(&r, MAX), h = 1 + (int)vt_rng_below(&r, MAX), parts = 1 + round % 7, n = 0;
    int start[8] = {0};
    double xy[7 * 2 * 300];
    memset(want, 0, sizeof want);
    for (int p = 0; p < parts; p++) {
      int points = 3 + (int)vt_rng_below(&r, round % 30 ? 20 : 290);
      for (int i = 0; i < 2 * points; i++) {
        double side = i % 2 ? h : w, v = (vt_rng_unit(&r) * 1.4 - .2) * side;
        xy[2 * n + i] = round % 2 ? v : floor(v * 4) / 4; /* quarters: vertical, flat and double edges */
      }
      slow_polygon(want, xy + 2 * n, points, w, h);
      n += points;
      start[p + 1] = n;
    }
    struct vt_polygons ps = {parts, start, xy};
    struct vt_mask m;
    assert_int_equal(vt_mask_from_polygons(&m, &ps, w, h, NULL), 0);
    memset(got, 0, sizeof got);
    vt_mask_to_bitmap(&m, got, w, 1);
    if (memcmp(got, want, (size_t)(w * h))) fail_msg("round %d: %d x %d", round, w, h);
    vt_mask_clear(&m);
  }
}

/* Files choose how many points and polygons there are: the time they take must not grow with the square. */
static void test_many_points(void **state)
{
  static const struct {
    int polygons, points, width, height;
  } cases[] = {{1, 120000, 4, 5000}, {20000, 3, 2000, 2000}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    const int n = cases[i].polygons, points = cases[i].points;
    struct vt_polygons p = {n, vt_calloc((size_t)n + 1, sizeof(int)),
                            vt_calloc((size_t)n * (size_t)points, 2 * sizeof(double))};
    struct vt_rng r;
    struct vt_mask m;
    vt_rng_init(&r, 12, 0, 0);
    for (int k = 0; k < n * points; k++) { /* zigzags over the whole width, small triangles */
      const double width = n > 1 ? 20 : cases[i].width, y = n > 1 ? k / points * 97 % cases[i].height : 0;
      p.xy[2 * k] = (n > 1 ? k / points * 61 % cases[i].width : 0) + (k % 2 ? width : 0);
      p.xy[2 * k + 1] = y + vt_rng_unit(&r) * (n > 1 ? 20 : cases[i].height);
      p.start[k / points + 1] = k + 1;
    }
    const double begin = vt_now();
    assert_int_equal(vt_mask_from_polygons(&m, &p, cases[i].width, cases[i].height, NULL), 0);
    assert_true(vt_now() - begin < 3);
    vt_mask_clear(&m);
    vt_polygons_clear(&p);
  }
}

/* Pixels that touch diagonally belong to rings of their own. */
static void test_rings(void **state)
{
  static const struct {
    const char *px; /* 5 x 5 */
    int rings;
  } cases[] = {{"11111"
                "10001"
                "10101"
                "10001"
                "11111",
                3},
               {"11111"
                "11001" /* the island's topmost left corner touches the hole's */
                "10101"
                "10001"
                "11111",
                3},
               {"11111"
                "10001"
                "10101"
                "10011" /* and the last one */
                "11111",
                3},
               {"10000"
                "01000"
                "00101"
                "00010"
                "00101",
                7}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    uint8_t bits[25];
    struct vt_mask m;
    struct vt_polygons p;
    for (int k = 0; k < 25; k++) bits[k] = cases[i].px[k] == '1';
    assert_int_equal(vt_mask_from_bitmap(&m, bits, 5, 5, 5, NULL), 0);
    assert_int_equal(vt_mask_trace(&p, &m, NULL), 0);
    assert_int_equal(p.n, cases[i].rings);
    vt_polygons_clear(&p);
    vt_mask_clear(&m);
  }
}

static void test_bad_polygons(void **state)
{
  static const struct {
    int points;
    double xy[6];
  } bad[] = {{2, {0, 0, 3, 3}},
             {0, {0}},
             {3, {0, 0, NAN, 3, 1, 1}},
             {3, {0, 0, 1e300, 3, 1, 1}},
             {3, {0, 0, -INFINITY, 3, 1, 1}}};
  for (size_t i = 0; i < VT_COUNT(bad); i++) {
    int start[] = {0, bad[i].points};
    struct vt_polygons p = {1, start, (double *)bad[i].xy};
    struct vt_mask m;
    struct vt_err e = {0};
    assert_int_equal(vt_mask_from_polygons(&m, &p, 10, 10, &e), VT_EFORMAT);
    assert_true(strstr(e.msg, "polygon 0") && !m.runs);
  }
  struct vt_mask m;
  assert_int_equal(vt_mask_from_polygons(&m, &(struct vt_polygons){0}, 10, 10, NULL), VT_EFORMAT);
}

/* Rings put together by the even-odd rule, and the joined outline rasterised, give the mask back. */
static void test_outlines(void **state)
{
  struct vt_rng r;
  vt_rng_init(&r, 12, 0, 0);
  static uint8_t a[MAX * MAX], got[MAX * MAX];
  static int32_t comp[MAX * MAX];
  for (int round = 0; round < 200; round++) {
    int w = 1 + (int)vt_rng_below(&r, 40), h = 1 + (int)vt_rng_below(&r, 40), outer = 0;
    random_bits(&r, a, w, h);
    struct vt_mask m = from(a, w, h), one, back;
    struct vt_polygons p;
    assert_int_equal(vt_mask_trace(&p, &m, NULL), 0);
    memset(got, 0, sizeof got);
    for (int i = 0; i < p.n; i++) {
      int start[] = {0, p.start[i + 1] - p.start[i]};
      const double *xy = p.xy + 2 * p.start[i];
      double twice = 0;
      for (int k = 0, n = start[1]; k < n; k++)
        twice += xy[2 * k] * xy[2 * ((k + 1) % n) + 1] - xy[2 * ((k + 1) % n)] * xy[2 * k + 1];
      outer += twice > 0;
      struct vt_polygons ring = {1, start, (double *)xy};
      assert_int_equal(vt_mask_from_polygons(&one, &ring, w, h, NULL), 0);
      assert_true(fabs(fabs(twice) / 2 - (double)vt_mask_area(&one)) < 1e-9);
      for (int k = 0; k < w * h; k++) comp[k] = 0;
      static uint8_t ring_bits[MAX * MAX];
      memset(ring_bits, 0, sizeof ring_bits);
      vt_mask_to_bitmap(&one, ring_bits, w, 1);
      for (int k = 0; k < w * h; k++) got[k] ^= ring_bits[k];
      vt_mask_clear(&one);
    }
    assert_memory_equal(got, a, (size_t)(w * h));
    int64_t *areas;
    assert_int_equal(vt_components(a, w, h, w, 1, false, comp, &areas, NULL), outer);
    vt_free(areas);
    if (p.n) {
      assert_int_equal(vt_polygons_join(&p, NULL), 0);
      assert_int_equal(p.n, 1);
      assert_int_equal(vt_mask_from_polygons(&back, &p, w, h, NULL), 0);
      assert_int_equal(back.n, m.n);
      assert_memory_equal(back.runs, m.runs, (size_t)m.n * sizeof *m.runs);
      vt_mask_clear(&back);
    }
    vt_polygons_clear(&p);
    vt_mask_clear(&m);
  }
}

static void test_turned(void **state)
{
  static const uint8_t bits[] = {1, 1, 0, 0, 0, 1}; // (2, 3)
  struct vt_mask m = from(bits, 3, 2), t, back;
  struct vt_buf s;
  vt_buf_init(&s);
  assert_int_equal(vt_mask_turn(&t, &m, NULL), 0);
  assert_int_equal(vt_mask_to_pairs(&t, &s), 0);
  assert_string_equal(s.data, "1 2 6 1"); /* row by row */
  s.len = 0;
  assert_int_equal(vt_mask_to_pairs(&m, &s), 0);
  assert_string_equal(s.data, "1 1 3 1 6 1"); /* column by column */
  assert_int_equal(vt_mask_turn(&back, &t, NULL), 0);
  assert_int_equal(back.width, 3);
  assert_memory_equal(back.runs, m.runs, (size_t)m.n * sizeof *m.runs);
  vt_mask_clear(&m);
  vt_mask_clear(&t);
  vt_mask_clear(&back);
  vt_buf_clear(&s);
}

static void test_plain_runs(void **state)
{
  static const struct {
    int n, rc;
    int64_t runs[4];
  } cases[] = {{3, 0, {3, 4, 2}},
               {1, 0, {9}},
               {2, 0, {0, 9}},
               {4, 0, {1, 0, 1, 7}},
               {3, VT_EFORMAT, {3, 4}},
               {2, VT_EFORMAT, {3, 7}},
               {3, VT_EFORMAT, {4, -1, 6}},
               {2, VT_EFORMAT, {INT64_MAX, 9}},
               {0, VT_EFORMAT, {0}}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_mask m;
    struct vt_err e = {0};
    assert_int_equal(vt_mask_from_runs(&m, cases[i].runs, cases[i].n, 3, 3, &e), cases[i].rc);
    assert_int_equal(e.msg[0] != 0, cases[i].rc != 0);
    if (!cases[i].rc)
      assert_int_equal(vt_mask_area(&m),
                       (cases[i].n > 1 ? cases[i].runs[1] : 0) + (cases[i].n > 3 ? cases[i].runs[3] : 0));
    vt_mask_clear(&m);
  }
}

/* Wide, tall and strided pictures; values other than 1; labels; what was there before stays. */
static void test_bitmaps_of_all_shapes(void **state)
{
  static const int size[][2] = {{1, 1},    {63, 5},   {64, 5},  {65, 5},
                                {130, 70}, {1, 4000}, {700, 3}, {129, 1000}};
  struct vt_rng r;
  vt_rng_init(&r, 13, 0, 0);
  for (size_t i = 0; i < VT_COUNT(size); i++) {
    int w = size[i][0], h = size[i][1], stride = w + 7;
    uint8_t *px = vt_calloc((size_t)stride, (size_t)h), *out = vt_calloc((size_t)stride, (size_t)h);
    for (int k = 0; k < stride * h; k++) px[k] = (uint8_t)(vt_rng_below(&r, 20) ? 3 * (k / 11 % 2) : 9);
    memset(out, 200, (size_t)stride * (size_t)h);
    struct vt_mask m;
    assert_int_equal(vt_mask_from_labels(&m, px, w, h, stride, 3, NULL), 0);
    vt_mask_to_bitmap(&m, out, stride, 77);
    for (int y = 0; y < h; y++)
      for (int x = 0; x < stride; x++)
        assert_int_equal(out[y * stride + x], x < w && px[y * stride + x] == 3 ? 77 : 200);
    vt_mask_clear(&m);
    assert_int_equal(vt_mask_from_bitmap(&m, px, w, h, stride, NULL), 0);
    int64_t area = 0;
    for (int y = 0; y < h; y++)
      for (int x = 0; x < w; x++) area += px[y * stride + x] != 0;
    assert_int_equal(vt_mask_area(&m), area);
    vt_mask_clear(&m);
    vt_free(px);
    vt_free(out);
  }
}

static void test_boxes(void **state)
{
  struct vt_box a = {0, 0, 10, 10}, b = {5, 5, 10, 10}, c = {20, 0, 1, 1};
  assert_true(fabs(vt_box_iou(a, b) - 25. / 175) < 1e-12);
  assert_true(vt_box_iou(a, c) == 0);
  assert_true(vt_box_iou(a, a) == 1);
  assert_true(fabs(vt_box_iou_crowd(a, b) - 25. / 100) < 1e-12);
  assert_true(vt_box_iou_crowd(a, c) == 0);
  struct vt_box k = vt_box_clip((struct vt_box){-5, 3, 100, 2.5}, 10, 5);
  assert_true(k.x == 0 && k.y == 3 && k.w == 10 && k.h == 2);
}

/* Flood fill, pixel by pixel. */
static int64_t flood(const uint8_t *l, int w, int h, int x, int y, bool eight, int32_t *mark, int32_t number)
{
  if (x < 0 || y < 0 || x >= w || y >= h || !l[y * w + x] || mark[y * w + x]) return 0;
  mark[y * w + x] = number;
  int64_t n = 1;
  for (int dy = -1; dy <= 1; dy++)
    for (int dx = -1; dx <= 1; dx++)
      if (eight || !dx || !dy) n += flood(l, w, h, x + dx, y + dy, eight, mark, number);
  return n;
}

static void test_components(void **state)
{
  struct vt_rng r;
  vt_rng_init(&r, 9, 0, 0);
  static uint8_t l[MAX * MAX];
  static int32_t got[MAX * MAX], want[MAX * MAX];
  for (int round = 0; round < 200; round++) {
    int w = 1 + (int)vt_rng_below(&r, 40), h = 1 + (int)vt_rng_below(&r, 40), n = 0;
    bool eight = round % 2;
    random_bits(&r, l, w, h);
    memset(want, 0, sizeof want);
    int64_t *areas, sizes[MAX * MAX];
    for (int i = 0; i < w * h; i++)
      if (l[i] && !want[i]) {
        n++;
        sizes[n] = flood(l, w, h, i % w, i / w, eight, want, n);
      }
    assert_int_equal(vt_components(l, w, h, w, 1, eight, got, &areas, NULL), n);
    assert_memory_equal(got, want, (size_t)(w * h) * sizeof(*got));
    for (int i = 1; i <= n; i++) assert_int_equal(areas[i], sizes[i]);
    vt_free(areas);
  }
}

/* Every "counts": "..." of the file, with the size that stands before or after it in the same object. */
static int check_coco_file(const char *path)
{
  char *text;
  size_t len;
  struct vt_err e = {0};
  if (vt_file_read(path, 1 << 30, &text, &len, &e)) fail_msg("%s", e.msg);
  int seen = 0;
  struct vt_buf s;
  vt_buf_init(&s);
  for (char *p = text; (p = strstr(p, "\"counts\":")); p++) {
    char *from = p + 9;
    while (*from == ' ') from++;
    if (*from != '"') continue;
    from++;
    char *end = strchr(from, '"'), *size = strstr(p, "\"size\":"), coded[65536];
    char *before = p;
    while (before > text && *before != '{') before--;
    char *near = strstr(before, "\"size\":");
    if (near && near < p) size = near;
    int h, w;
    if (!size || sscanf(size + 7, " [%d, %d]", &h, &w) != 2) fail_msg("%s: no size at %td", path, p - text);
    size_t n = 0;
    for (char *c = from; c < end && n + 1 < sizeof coded; c++) {
      if (*c == '\\' && c[1] == '\\') c++;
      coded[n++] = *c;
    }
    coded[n] = 0;
    struct vt_mask m;
    if (vt_mask_from_coco(&m, coded, w, h, &e)) fail_msg("%s: %s", path, e.msg);
    s.len = 0;
    assert_int_equal(vt_mask_to_coco(&m, &s), 0);
    assert_string_equal(s.data, coded);
    vt_mask_clear(&m);
    seen++;
  }
  vt_buf_clear(&s);
  vt_free(text);
  return seen;
}

static bool have_data(const char *sub, char *path, size_t size)
{
  const char *dir = vt_data_dir();
  if (dir) snprintf(path, size, "%s/%s", dir, sub);
  if (dir && vt_is_file(path)) return true;
  if (getenv("VITRINE_REQUIRE_DATA")) fail_msg("%s is required but missing", sub);
  print_message("skipped: VITRINE_DATA is not set or lacks %s\n", sub);
  return false;
}

static void test_coco_strings(void **state)
{
  char path[1024];
  if (!have_data("coco/instances_val2014_fakesegm100_results.json", path, sizeof path)) skip();
  assert_true(check_coco_file(path) > 500);
}

static void test_imaterialist_rows(void **state)
{
  char path[1024];
  if (!have_data("imaterialist/ccp_val.csv", path, sizeof path)) skip();
  struct vt_csv c;
  struct vt_err e = {0};
  struct vt_buf s;
  vt_buf_init(&s);
  int rows = 0;
  if (vt_csv_open(&c, path, &e)) fail_msg("%s", e.msg);
  while (vt_csv_next(&c, &e) > 0) {
    struct vt_mask m;
    if (vt_mask_from_pairs(&m, c.field[1], atoi(c.field[3]), atoi(c.field[2]), &e))
      fail_msg("line %lld: %s", (long long)c.line, e.msg);
    s.len = 0;
    assert_int_equal(vt_mask_to_pairs(&m, &s), 0);
    assert_string_equal(s.data, c.field[1]);
    vt_mask_clear(&m);
    rows++;
  }
  vt_csv_close(&c);
  vt_buf_clear(&s);
  assert_true(rows > 300);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_against_bitmaps), cmocka_unit_test(test_text_round_trips),
      cmocka_unit_test(test_text_by_hand),    cmocka_unit_test(test_bad_text),
      cmocka_unit_test(test_polygons),        cmocka_unit_test(test_bad_polygons),
      cmocka_unit_test(test_many_points),     cmocka_unit_test(test_rings),
      cmocka_unit_test(test_outlines),        cmocka_unit_test(test_turned),
      cmocka_unit_test(test_plain_runs),      cmocka_unit_test(test_bitmaps_of_all_shapes),
      cmocka_unit_test(test_boxes),           cmocka_unit_test(test_components),
      cmocka_unit_test(test_coco_strings),    cmocka_unit_test(test_imaterialist_rows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
