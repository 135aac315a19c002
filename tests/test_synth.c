/* Drawn data: the same bytes for the same seed whatever the threads, and CSV files that agree with the
 * pictures. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>
#include "data/data.h"
#include "data/synth_internal.h"

enum { PRODUCTS = 40, PHOTOS = 12, GARMENTS = 14 };
static char first[64], again[64], other[64];

static void ok(int rc, const struct vt_err *e)
{
  if (rc) fail_msg("%d: %s", rc, e->msg);
}

static void draw(char *dir, uint64_t seed, int threads)
{
  struct vt_err e = {0};
  strcpy(dir, "/tmp/vitrine-synth-XXXXXX");
  assert_non_null(mkdtemp(dir));
  const struct vt_synth_opts o = {dir, PRODUCTS, PHOTOS, seed, threads};
  ok(vt_synth_write(&o, &e), &e);
}

static int draw_all(void **state)
{
  vt_log_set(VT_LOG_ERROR);
  draw(first, 5, 1);
  draw(again, 5, 3);
  draw(other, 6, 2);
  return 0;
}

static int remove_file(const char *path, const char *rel, void *ctx, struct vt_err *e)
{
  return unlink(path);
}

static int remove_all(void **state)
{
  char *const dirs[] = {first, again, other};
  for (int i = 0; i < 3; i++) {
    char path[128];
    vt_walk(dirs[i], remove_file, NULL, NULL);
    const char *const sub[] = {"products", "photos", "masks", "."};
    for (int k = 0; k < 4; k++) {
      snprintf(path, sizeof path, "%s/%s", dirs[i], sub[k]);
      if (k < 3) rmdir(path);
    }
    rmdir(dirs[i]);
  }
  return 0;
}

static char *slurp(const char *dir, const char *rel, size_t *len)
{
  char path[512], *data = NULL;
  struct vt_err e = {0};
  snprintf(path, sizeof path, "%s/%s", dir, rel);
  ok(vt_file_read(path, 64 << 20, &data, len, &e), &e);
  return data;
}

static int compare(const char *path, const char *rel, void *ctx, struct vt_err *e)
{
  size_t na, nb;
  char *a = slurp(first, rel, &na), *b = slurp(ctx, rel, &nb);
  bool same = na == nb && !memcmp(a, b, na);
  vt_free(a);
  vt_free(b);
  if (ctx == again && !same) fail_msg("%s differs between 1 and 3 threads", rel);
  if (ctx == other && same && strcmp(rel, "group_map.csv") && strcmp(rel, "split.csv"))
    fail_msg("%s is the same for another seed", rel);
  return 0;
}

static void test_same_seed_same_bytes(void **state)
{
  struct vt_err e = {0};
  ok(vt_walk(first, compare, again, &e), &e);
  ok(vt_walk(first, compare, other, &e), &e);
}

/* The order of draws is the code's, not the compiler's: numbers of figures. */
static void test_same_figures(void **state)
{
  static const struct {
    uint64_t seed;
    double shoulder, ankle, hair;
  } cases[] = {{1, 0.132499991, -0.080253989, 0.552023799},
               {2, 0.122560351, -0.060014260, 0.618975828},
               {3, 0.114589981, -0.055030807, 0.231038005}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_rng rng;
    struct body b;
    vt_rng_init(&rng, cases[i].seed, 0, 0);
    vt__body_random(&b, &rng);
    assert_float_equal(b.shoulder, cases[i].shoulder, 1e-8);
    assert_float_equal(b.leg[0][2].x, cases[i].ankle, 1e-8);
    assert_float_equal(b.hair.g, cases[i].hair, 1e-8);
  }
}

static int count(const char *path, const char *rel, void *ctx, struct vt_err *e)
{
  ++*(int *)ctx;
  return 0;
}

static void test_all_files_are_there(void **state)
{
  int n = 0;
  assert_int_equal(vt_walk(first, count, &n, NULL), 0);
  assert_int_equal(n, PRODUCTS + 2 * PHOTOS + 4);
}

struct catalogue {
  char id[PRODUCTS][16], group[PRODUCTS][16];
  int n;
};

static void read_catalogue(struct catalogue *c)
{
  struct vt_csv csv;
  struct vt_err e = {0};
  char path[512];
  snprintf(path, sizeof path, "%s/products.csv", first);
  ok(vt_csv_open(&csv, path, &e), &e);
  for (c->n = 0; vt_csv_next(&csv, &e) > 0; c->n++) {
    assert_true(c->n < PRODUCTS);
    snprintf(c->id[c->n], 16, "%s", csv.field[vt_csv_find(&csv, "id")]);
    snprintf(c->group[c->n], 16, "%s", csv.field[vt_csv_find(&csv, "group")]);
    struct vt_image im;
    snprintf(path, sizeof path, "%s/%s", first, csv.field[vt_csv_find(&csv, "image")]);
    ok(vt_image_read(&im, path, NULL, NULL, &e), &e);
    assert_true(im.width == 180 && im.height == 240);
    assert_true(im.px[0] > 245 && im.px[1] > 245); /* white corner */
    int64_t dark = 0;
    for (int i = 0; i < 180 * 240; i++)
      dark += im.px[3 * i] < 235 || im.px[3 * i + 1] < 235 || im.px[3 * i + 2] < 235;
    if (dark < 180 * 240 / 60) fail_msg("%s shows nothing", path);
    vt_image_clear(&im);
  }
  vt_csv_close(&csv);
}

static void test_products(void **state)
{
  struct catalogue c;
  struct vt_taxonomy t;
  struct vt_err e = {0};
  bool seen[64] = {false};
  read_catalogue(&c);
  assert_int_equal(c.n, PRODUCTS);
  ok(vt_taxonomy_builtin(&t, &e), &e);
  for (int i = 0; i < c.n; i++) {
    int g = vt_taxonomy_find(&t, c.group[i]);
    assert_in_range(g, 1, GARMENTS);
    seen[g] = true;
  }
  for (int g = 1; g <= GARMENTS; g++) assert_true(seen[g]);
  struct vt_group_map *m;
  char path[512];
  snprintf(path, sizeof path, "%s/group_map.csv", first);
  ok(vt_group_map_read(&m, &t, path, &e), &e);
  assert_int_equal(vt_group_map_find(m, "Jeans"), vt_taxonomy_find(&t, "pants"));
  vt_group_map_free(m);
  for (int i = 0; i < c.n; i++) /* no two pictures are the same */
    for (int k = 0; k < i; k++) {
      char rel[64];
      size_t na, nb;
      snprintf(rel, sizeof rel, "products/%s.jpg", c.id[i]);
      char *a = slurp(first, rel, &na);
      snprintf(rel, sizeof rel, "products/%s.jpg", c.id[k]);
      char *b = slurp(first, rel, &nb);
      assert_false(na == nb && !memcmp(a, b, na));
      vt_free(a);
      vt_free(b);
    }
  vt_taxonomy_clear(&t);
}

struct seen {
  int64_t area;
  int x0, y0, x1, y1;
};

static void look(struct seen s[GARMENTS + 3], const char *photo)
{
  struct vt_image im, labels;
  struct vt_err e = {0};
  char path[512];
  const struct vt_decode_opts o = {.labels = true};
  snprintf(path, sizeof path, "%s/photos/%s.jpg", first, photo);
  ok(vt_image_read(&im, path, NULL, NULL, &e), &e);
  snprintf(path, sizeof path, "%s/masks/%s.png", first, photo);
  ok(vt_image_read(&labels, path, &o, NULL, &e), &e);
  assert_true(im.width == labels.width && im.height == labels.height);
  for (int g = 0; g < GARMENTS + 3; g++) s[g] = (struct seen){0, 1 << 20, 1 << 20, -1, -1};
  for (int y = 0; y < labels.height; y++)
    for (int x = 0; x < labels.width; x++) {
      int g = labels.px[y * labels.stride + x];
      if (g > GARMENTS + 2) fail_msg("%s: value %d at %d, %d", path, g, x, y);
      s[g].area++;
      s[g].x0 = VT_MIN(s[g].x0, x), s[g].x1 = VT_MAX(s[g].x1, x);
      s[g].y0 = VT_MIN(s[g].y0, y), s[g].y1 = VT_MAX(s[g].y1, y);
    }
  vt_image_clear(&im);
  vt_image_clear(&labels);
}

static void test_pairs_agree_with_masks(void **state)
{
  struct catalogue c;
  struct vt_taxonomy t;
  struct vt_csv csv;
  struct vt_err e = {0};
  struct seen s[GARMENTS + 3];
  char path[512], photo[24] = "";
  int rows = 0, photos = 0, left = 0;
  read_catalogue(&c);
  ok(vt_taxonomy_builtin(&t, &e), &e);
  snprintf(path, sizeof path, "%s/pairs.csv", first);
  ok(vt_csv_open(&csv, path, &e), &e);
  while (vt_csv_next(&csv, &e) > 0) {
    char **f = csv.field;
    if (strcmp(photo, f[0])) {
      assert_int_equal(left, 0); /* each garment group of the last mask had its row */
      snprintf(photo, sizeof photo, "%s", f[0]);
      look(s, photo);
      for (int g = 1; g <= GARMENTS; g++) left += s[g].area > 0;
      assert_true(s[0].area > 20000 && s[15].area > 200);
      photos++;
    }
    int i = 0, g = vt_taxonomy_find(&t, f[2]);
    while (i < c.n && strcmp(c.id[i], f[1])) i++;
    if (i == c.n) fail_msg("product %s does not exist", f[1]);
    assert_string_equal(c.group[i], f[2]);
    assert_int_equal(atoi(f[3]), s[g].x0);
    assert_int_equal(atoi(f[4]), s[g].y0);
    assert_int_equal(atoi(f[5]), s[g].x1 - s[g].x0 + 1);
    assert_int_equal(atoi(f[6]), s[g].y1 - s[g].y0 + 1);
    assert_int_equal(atoll(f[7]), s[g].area);
    left--;
    rows++;
  }
  assert_int_equal(left, 0);
  assert_int_equal(photos, PHOTOS);
  assert_true(rows > 3 * PHOTOS);
  vt_csv_close(&csv);
  vt_taxonomy_clear(&t);
}

static int draw_again(const char *path, struct vt_err *e)
{
  const struct vt_synth_opts o = {first, PRODUCTS, PHOTOS, 7, 2};
  return vt_synth_write(&o, e);
}

static int draw_table(const char *path, struct vt_err *e)
{
  return vt_synth_rows(path, 400, 60, 7, e);
}

/* Where files cannot be written whole, what was there stays. */
static void test_full_disk(void **state)
{
  static const struct {
    const char *name;
    int (*draw)(const char *path, struct vt_err *e);
  } cases[] = {{"products/p00000.jpg", draw_again}, {"pairs.csv", draw_table}};
  struct rlimit all, few;
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &all), 0);
  few = all;
  few.rlim_cur = 100;
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    size_t before, after;
    char path[128], *a = slurp(first, cases[i].name, &before);
    struct vt_err e = {0};
    snprintf(path, sizeof path, "%s/%s", first, cases[i].name);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &few), 0);
    int rc = cases[i].draw(path, &e);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
    if (rc >= 0 || !strstr(e.msg, first)) fail_msg("%s: %d, %s", path, rc, e.msg);
    char *b = slurp(first, cases[i].name, &after);
    assert_int_equal(before, after);
    assert_memory_equal(a, b, before);
    vt_free(a);
    vt_free(b);
  }
}

static void test_refuses(void **state)
{
  struct vt_err e = {0};
  char file[128];
  const struct vt_synth_opts few = {first, 3, 1, 1, 1}, many = {first, 40, INT64_MAX, 1, 1};
  assert_int_equal(vt_synth_write(&few, &e), VT_EARG);
  assert_int_equal(vt_synth_write(&many, &e), VT_EARG);
  snprintf(file, sizeof file, "%s/pairs.csv", first);
  const struct vt_synth_opts bad = {file, 20, 1, 1, 1};
  assert_true(vt_synth_write(&bad, &e) < 0);
  assert_non_null(strstr(e.msg, "pairs.csv"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_same_seed_same_bytes),
      cmocka_unit_test(test_same_figures),
      cmocka_unit_test(test_all_files_are_there),
      cmocka_unit_test(test_products),
      cmocka_unit_test(test_pairs_agree_with_masks),
      cmocka_unit_test(test_full_disk),
      cmocka_unit_test(test_refuses),
  };
  return cmocka_run_group_tests(tests, draw_all, remove_all);
}
