/* Label maps in two folders, against loops over their pixels. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>
#include "app/eval_maps.h"
#include "plot/plot.h"
#include "image/image.h"

enum {
  PICTURES = 5,
  W = 37,
  H = 29,
  CLASSES = 4,
  IGNORE = 255,
  EDGE = 1
}; /* 2 % of the diagonal of 47 is 1 */
static char dir[] = "/tmp/vitrine-maps-XXXXXX";
static uint8_t truth[PICTURES][H][W], found[PICTURES][H][W];

static const char *path_of(const char *side, int i)
{
  static char path[2][100];
  static int k;
  k = !k;
  if (i < 0)
    snprintf(path[k], sizeof path[k], "%s/%s", dir, side);
  else
    snprintf(path[k], sizeof path[k], "%s/%s/%d.png", dir, side, i);
  return path[k];
}

static void put(const char *side, int i, const uint8_t *px, int width)
{
  struct vt_image im;
  struct vt_err e = {0};
  assert_int_equal(vt_mkdirs(path_of(side, -1), &e), 0);
  assert_int_equal(vt_image_init(&im, width, H, 1, &e), 0);
  for (int y = 0; y < H; y++) memcpy(im.px + y * im.stride, px + y * W, (size_t)width);
  if (vt_image_write(&im, path_of(side, i), 0, &e)) fail_msg("%s", e.msg);
  vt_image_clear(&im);
}

/* Rectangles of classes; the third never occurs, some truth is to be ignored. */
static void draw(void)
{
  struct vt_rng r;
  vt_rng_init(&r, 12, 0, 0);
  for (int i = 0; i < PICTURES; i++)
    for (int k = 0; k < 8; k++) {
      static const uint8_t value[] = {0, 1, 3};
      const int x0 = (int)vt_rng_below(&r, W - 8), y0 = (int)vt_rng_below(&r, H - 8);
      const uint8_t v = value[vt_rng_below(&r, 3)];
      for (int y = y0; y < y0 + 8; y++)
        for (int x = x0; x < x0 + 8; x++) {
          truth[i][y][x] = k == 7 ? IGNORE : v;
          if (x + 2 < W) found[i][y][x + 2] = v;
        }
    }
  for (int i = 0; i < PICTURES; i++) {
    put("truth", i, truth[i][0], W);
    put("found", i, found[i][0], W);
  }
}

static bool is(uint8_t px[H][W], int i, int x, int y, int c)
{
  return x >= 0 && y >= 0 && x < W && y < H && px[y][x] == c && truth[i][y][x] != IGNORE;
}

/* Set, and something within EDGE steps is not. */
static bool on_edge(uint8_t px[H][W], int i, int x, int y, int c)
{
  bool inside = true;
  if (!is(px, i, x, y, c)) return false;
  for (int v = -EDGE; v <= EDGE; v++)
    for (int u = -EDGE; u <= EDGE; u++) inside &= is(px, i, x + u, y + v, c);
  return !inside;
}

static double figure(json_t *o, const char *name)
{
  json_t *v = json_object_get(o, name);
  if (!v) fail_msg("no %s", name);
  return json_is_null(v) ? NAN : json_number_value(v);
}

static void same(json_t *o, const char *name, double want)
{
  const double got = figure(o, name);
  if (!(fabs(got - want) < 1e-11)) fail_msg("%s: %.12g, expected %.12g", name, got, want);
}

static void test_maps(void **state)
{
  struct vt_figures f = {0};
  struct vt_err e = {0};
  struct vt_buf b = {0};
  char table[100], page[100];
  assert_non_null(mkdtemp(dir));
  draw();
  snprintf(table, sizeof table, "%s/table.csv", dir);
  snprintf(page, sizeof page, "%s/page.html", dir);
  char t[100], p[100];
  snprintf(t, sizeof t, "%s", path_of("truth", -1));
  snprintf(p, sizeof p, "%s", path_of("found", -1));
  const struct vt_map_folders d = {
      .truth = t, .found = p, .classes = CLASSES, .ignore = IGNORE, .boundary = true};
  const struct vt_map_opts o = {
      .classes = true, .rounds = 200, .seed = 2, .per_image = table, .report = page};
  if (vt_eval_maps(&d, o, &f, &e)) fail_msg("%s", e.msg);
  vt_buf_addf(&b, "{%s}", f.json.data);
  json_t *got = json_loads(b.data, 0, NULL);
  assert_non_null(got);
  char *shown = NULL;
  size_t length;
  if (vt_file_read(page, 1 << 20, &shown, &length, &e)) fail_msg("%s", e.msg);
  double iou = 0, dice = 0, edge = 0, weighted = 0, all = 0, right = 0;
  for (int c = 0; c < CLASSES; c++) {
    double in = 0, nt = 0, np = 0, both = 0, any = 0;
    for (int i = 0; i < PICTURES; i++)
      for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
          const bool u = is(truth[i], i, x, y, c), v = is(found[i], i, x, y, c);
          in += u && v;
          nt += u;
          np += v;
          const bool eu = on_edge(truth[i], i, x, y, c), ev = on_edge(found[i], i, x, y, c);
          both += eu && ev;
          any += eu || ev;
        }
    if (c == 2) {
      assert_null(json_object_get(got, "iou_2"));
      continue;
    }
    iou += in / (nt + np - in) / 3;
    dice += 2 * in / (nt + np) / 3;
    edge += both / any / 3;
    weighted += nt * in / (nt + np - in);
    all += nt;
    right += in;
    char name[40];
    const struct {
      const char *what;
      double want;
    } each[] = {{"iou", in / (nt + np - in)},
                {"precision", in / np},
                {"recall", in / nt},
                {"dice", 2 * in / (nt + np)},
                {"boundary_iou", both / any}};
    for (size_t k = 0; k < VT_COUNT(each); k++) {
      snprintf(name, sizeof name, "%s_%d", each[k].what, c);
      same(got, name, each[k].want);
    }
    struct vt_buf line = {0}; /* of the page */
    vt_buf_addf(&line, "<tr><td>%d</td><td>", c);
    vt_html_count(&line, (int64_t)nt);
    vt_buf_adds(&line, "</td><td>");
    vt_html_count(&line, (int64_t)np);
    for (int k = 1; k < 5; k++) vt_buf_addf(&line, "</td><td>%.4f", each[k == 3 ? 0 : k == 4 ? 3 : k].want);
    vt_buf_adds(&line, "</td></tr>");
    if (!strstr(shown, line.data)) fail_msg("the page lacks %s", line.data);
    vt_buf_clear(&line);
  }
  vt_free(shown);
  same(got, "mean_iou", iou);
  same(got, "mean_dice", dice);
  same(got, "mean_boundary_iou", edge);
  same(got, "pixel_accuracy", right / all);
  same(got, "frequency_weighted_iou", weighted / all);
  assert_true(figure(got, "mean_iou_low") < iou && iou < figure(got, "mean_iou_high"));
  json_decref(got);
  vt_buf_clear(&b);
  vt_figures_clear(&f);
  struct vt_csv c;
  int rows = 0;
  assert_int_equal(vt_csv_open(&c, table, &e), 0);
  while (vt_csv_next(&c, &e) == 1) rows++;
  assert_int_equal(rows, PICTURES);
  vt_csv_close(&c);
  /* Names of the classes: a file's lines, of which only the last may be empty. */
  static const struct {
    const char *text, *fault;
  } lists[] = {{"a\nb\n\nc\n", "line 3: no name"},
               {"a\nb\na\n", "line 3: the name 'a' stands twice"},
               {"\n\n", "names no class"},
               {"a\r\nb\r\nc\r\nd\r\ne\r\n\r\n\n", NULL}};
  char list[100];
  snprintf(list, sizeof list, "%s/names.txt", dir);
  for (size_t i = 0; i < VT_COUNT(lists); i++) {
    struct vt_map_folders named = d;
    struct vt_figures g = {0};
    named.names = list;
    assert_int_equal(vt_file_write(list, lists[i].text, strlen(lists[i].text), &e), 0);
    const int rc = vt_eval_maps(&named, (struct vt_map_opts){0}, &g, &e);
    if (lists[i].fault ? rc != VT_EFORMAT || !strstr(e.msg, lists[i].fault) : rc)
      fail_msg("'%s': %d %s", lists[i].text, rc, e.msg);
    vt_figures_clear(&g);
  }
  /* A label that is no class, a picture of another size, a picture that is missing. */
  const struct vt_map_folders few = {.truth = t, .found = p, .classes = 3, .ignore = IGNORE};
  assert_int_equal(vt_eval_maps(&few, o, &f, &e), VT_EFORMAT);
  assert_non_null(strstr(e.msg, "there are 3 classes"));
  put("found", 1, found[1][0], W - 1);
  assert_int_equal(vt_eval_maps(&d, o, &f, &e), VT_ESHAPE);
  assert_non_null(strstr(e.msg, "found/1.png 36 x 29"));
  assert_int_equal(remove(path_of("found", 1)), 0);
  assert_true(vt_eval_maps(&d, o, &f, &e) < 0 && strstr(e.msg, "1.png"));
  vt_figures_clear(&f);
  char command[100];
  snprintf(command, sizeof command, "rm -rf %s", dir);
  assert_int_equal(system(command), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_maps)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
