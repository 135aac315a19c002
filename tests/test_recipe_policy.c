/* Augmentation by policy in recipes: one policy written in three ways is one recipe; pictures and label maps
 * of the segmentation's samples stay together under it, ramps follow the epoch, the same seed gives the same
 * sample, and mixed classes come with their shares. Samplers: orders of an epoch. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "backend/backend.h"
#include "train/class_sampler.h"
#include "train/policy.h"
#include "train/trainer.h"

enum { PHOTOS = 24, W = 64, H = 96, SKIRT = 42, HAT = 20 }; /* numbers of tags */
static char dir[] = "/tmp/vitrine-test-policy-XXXXXX";
static struct vt_err e;

#include "tests/temp_files.h"

/* Photos in the layout of Clothing Co-Parsing: grey, a red box that is a skirt and a blue one that is a hat.
 */
static int make_data(void **state)
{
  char name[80], rows[PHOTOS * 20 + 20] = "id,split\n";
  if (!mkdtemp(dir) || vt_mkdirs(at("data/ccp/photos"), NULL) || vt_mkdirs(at("data/ccp/masks"), NULL))
    return 1;
  for (int i = 0; i < PHOTOS; i++) {
    struct vt_image im, map;
    if (vt_image_init(&im, 3 * W, 3 * H, 3, &e) || vt_image_init(&map, 3 * W, 3 * H, 1, &e)) return 1;
    memset(im.px, 128, (size_t)im.stride * (size_t)im.height);
    memset(map.px, 0, (size_t)map.stride * (size_t)map.height);
    for (int k = 0; k < 2; k++)
      for (int y = 30 + 130 * k; y < 120 + 130 * k; y++)
        for (int x = 20 + 2 * i; x < 120 + 2 * i; x++) {
          uint8_t *p = im.px + y * im.stride + 3 * x;
          p[0] = k ? 250 : 5;
          p[1] = 5;
          p[2] = k ? 5 : 250;
          map.px[y * map.stride + x] = k ? SKIRT : HAT;
        }
    snprintf(name, sizeof name, "data/ccp/photos/%04d.jpg", i);
    if (vt_image_write(&im, at(name), 100, &e)) return 1;
    snprintf(name, sizeof name, "data/ccp/masks/%04d.png", i);
    if (vt_image_write(&map, at(name), 0, &e)) return 1;
    vt_image_clear(&im);
    vt_image_clear(&map);
    snprintf(rows + strlen(rows), 20, "%04d,train\n", i);
  }
  put("data/ccp/split.csv", rows);
  return 0;
}

static int remove_all(void **state)
{
  char command[80];
  snprintf(command, sizeof command, "rm -r %s", dir);
  return system(command);
}

static int read_recipe(struct vt_recipe_file *f, const char *text, const char *set)
{
  struct vt_strings s = {set ? 1 : 0, &set};
  e = (struct vt_err){0};
  put("r.yaml", text);
  return vt__recipe_read(f, at("r.yaml"), &s, vt_tasks, vt_ntasks, &e);
}

#define HEAD  "task: segment\nwidth: 64\nheight: 96\nhold_out: 4\n"
#define STEPS "[{flip: {p: 0.5}}, shear, {one-of: [hue, {blur: {weight: 2}}]}]"

/* A list in the recipe, a text on the command line, a file: the same recipe, which reads back. */
static void one_policy(void **state)
{
  char file[300];
  const char *const way[][2] = {
      {HEAD
       "policy:\n  - flip: {p: 0.5}   # half\n  - shear\n  - one-of:\n    - hue\n    - blur: {weight: 2}\n",
       NULL},
      {HEAD "policy: " STEPS "\n", NULL},
      {HEAD, "policy=" STEPS},
      {HEAD, file},
  };
  struct vt_recipe_file first, f;
  put("p.yaml", "# from a file\n- flip:\n    p: 0.5\n- shear\n- one-of: [hue, {blur: {weight: 2}}]\n");
  snprintf(file, sizeof file, "policy=%s", at("p.yaml"));
  if (read_recipe(&first, way[0][0], NULL)) fail_msg("%s", e.msg);
  struct vt_buf b = {0};
  vt__recipe_print(&first, &b);
  for (size_t i = 1; i < VT_COUNT(way); i++) {
    if (read_recipe(&f, way[i][0], way[i][1])) fail_msg("%zu: %s", i, e.msg);
    int rc = vt__recipe_same(&f, b.data, "first", &e);
    if (i != 2 && rc) fail_msg("%zu: %s", i, e.msg); /* a text given as such keeps its spelling */
    void *ctx;
    if (f.task->open(&ctx, f.task_opts, vt_registry_default(), at("data"), 1, &e)) fail_msg("%s", e.msg);
    f.task->close(ctx);
    vt__recipe_clear(&f);
  }
  if (read_recipe(&f, HEAD "policy: [flip]\n", NULL)) fail_msg("%s", e.msg);
  assert_int_equal(vt__recipe_same(&f, b.data, "first", &e), VT_ESTATE); /* another policy is another run */
  assert_non_null(strstr(e.msg, "policy"));
  vt__recipe_clear(&f);
  vt__recipe_clear(&first);
  vt_buf_clear(&b);
}

static void bad_policies(void **state)
{
  static const struct {
    const char *text, *message;
  } cases[] = {
      {"- flip\n- turn\n", "unknown augmentation 'turn'"},
      {"- flip: {p: 2}\n", "p"},
      {"- rotate: {degree: 3}\n", "degree"},
      {"{", "YAML"},
  };
  struct vt_recipe_file f;
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    put("bad.yaml", cases[i].text);
    char set[300];
    snprintf(set, sizeof set, "policy=%s", at("bad.yaml"));
    assert_true(read_recipe(&f, HEAD, set) < 0);
    if (!strstr(e.msg, cases[i].message) || !strstr(e.msg, "bad.yaml"))
      fail_msg("%s: %s", cases[i].text, e.msg);
  }
  void *ctx;
  assert_true(read_recipe(&f, HEAD, "policy=/nowhere.yaml") < 0);
  assert_non_null(strstr(e.msg, "/nowhere.yaml"));
  if (read_recipe(&f, "task: embed\npolicy: [flip, mixup]\n", NULL)) fail_msg("%s", e.msg);
  assert_true(f.task->open(&ctx, f.task_opts, vt_registry_default(), at("data"), 1, &e) < 0);
  assert_non_null(strstr(e.msg, "mix"));
  vt__recipe_clear(&f);
}

/* One sample of the segmentation as loader threads make it: planes (3, H, W), labels (H/2, W/2). */
static void make(const char *policy, int epoch, int64_t sample, uint64_t seed, float *slot, int64_t count)
{
  struct vt_recipe_file f;
  struct vt_rng rng;
  char set[400];
  void *ctx;
  snprintf(set, sizeof set, "policy=%s", policy);
  if (read_recipe(&f, HEAD, set)) fail_msg("%s", e.msg);
  if (f.task->open(&ctx, f.task_opts, vt_registry_default(), at("data"), 1, &e)) fail_msg("%s", e.msg);
  assert_int_equal(f.task->sample_bytes(ctx), count * (int64_t)sizeof *slot);
  f.task->begin(ctx, epoch);
  vt_rng_init(&rng, seed, (uint64_t)epoch, (uint64_t)sample);
  memset(slot, 0, (size_t)count * sizeof *slot);
  if (f.task->make(sample, &rng, slot, ctx, &e)) fail_msg("%s", e.msg);
  f.task->close(ctx);
  vt__recipe_clear(&f);
}

/* Share of half-size pixels whose colour is what their label says, borders apart; -1 if little is labelled.
 */
static double agreement(const float *slot)
{
  const uint8_t *label = (const uint8_t *)(slot + 3 * W * H);
  int seen = 0, right = 0;
  for (int y = 1; y + 1 < H / 2; y++)
    for (int x = 1; x + 1 < W / 2; x++) {
      const int c = label[y * (W / 2) + x];
      bool inside = c == 6 || c == 10; /* skirt, hat */
      for (int k = 0; k < 9 && inside; k++) inside = label[(y + k / 3 - 1) * (W / 2) + x + k % 3 - 1] == c;
      if (!inside) continue;
      const float red = slot[2 * y * W + 2 * x], blue = slot[2 * W * H + 2 * y * W + 2 * x];
      seen++;
      right += c == 6 ? red > 1 && blue < -1 : blue > 1 && red < -1;
    }
  return seen > 60 ? (double)right / seen : -1;
}

enum { SLOT = 3 * W * H + W * H / 4 / 4 };

static void pictures_and_labels(void **state)
{
  static const char *const policy[] = {
      "[{flip: {p: 1}}]",
      "[{rotate: {degrees: 30}}, {shear: {p: 0.7}}, {resized-crop: {width: 64, height: 96, area_min: 0.5}}]",
      "[flip-vertical, {translate: {}}, {perspective: {}}]",
      "[{mosaic: {p: 1}}]",
      "[{copy-paste: {p: 1}}, {scale-jitter: {width: 64, height: 96}}]",
      "[{cutmix: {p: 1}}]",
  };
  float *a = vt_malloc(SLOT * sizeof *a), *b = vt_malloc(SLOT * sizeof *b);
  int differ = 0;
  for (size_t i = 0; i < VT_COUNT(policy); i++)
    for (int64_t k = 0; k < 4; k++) {
      make(policy[i], 0, k, 5, a, SLOT);
      double share = agreement(a);
      if (!(share > .99)) fail_msg("%s: %g of the labelled pixels have their colour", policy[i], share);
      make(policy[i], 0, k, 5, b, SLOT);
      assert_memory_equal(a, b, SLOT * sizeof *a);
      make(policy[i], 0, k, 6, b, SLOT);
      differ += memcmp(a, b, SLOT * sizeof *a) != 0;
    }
  assert_true(differ >= 16); /* all but those of the flip that is always done */
  /* the mirror image, column by column */
  make("[{flip: {p: 0}}]", 0, 1, 5, a, SLOT);
  make("[{flip: {p: 1}}]", 0, 1, 5, b, SLOT);
  for (int k = 0; k < 3 * H; k++)
    for (int x = 0; x < W; x++) assert_true(fabsf(a[k * W + x] - b[k * W + W - 1 - x]) < .05f);
  vt_free(a);
  vt_free(b);
}

/* gridmask: {ramp: 10} hides nothing in the first epoch and in every sample of the tenth and later ones. */
static void ramps(void **state)
{
  float *a = vt_malloc(SLOT * sizeof *a), *b = vt_malloc(SLOT * sizeof *b);
  int hidden[3] = {0};
  for (int64_t k = 0; k < 12; k++) {
    make("[{flip: {p: 0}}]", 0, k, 9, a, SLOT);
    for (int i = 0; i < 3; i++) {
      make("[{gridmask: {p: 1, ramp: 10, rotation: 0}}]", 5 * i, k, 9, b, SLOT);
      hidden[i] += memcmp(a, b, 3 * W * H * sizeof *a) != 0;
    }
  }
  assert_int_equal(hidden[0], 0);
  assert_in_range(hidden[1], 1, 11); /* half of 12: 1/2048 for either end */
  assert_int_equal(hidden[2], 12);
  vt_free(a);
  vt_free(b);
}

/* Orders of a classifier's epochs, counted. */
static void samplers(void **state)
{
  enum { N = 100 };
  static const int has[4] = {60, 25, 10, 5};
  int32_t label[N];
  int64_t order[4 * 60];
  for (int c = 0, i = 0; c < 4; c++)
    for (int k = 0; k < has[c]; k++) label[i++] = c;
  for (int kind = 0; kind <= 4; kind++) {
    struct vt__class_sampler s = {.kind = kind, .m = 5};
    static const int64_t want[] = {N, N, 240, 20, N};
    int count[4] = {0}, times[N] = {0}, twice = 0;
    for (int i = 0; i < 240; i++) order[i] = i % N;
    assert_int_equal(vt__class_sampler_init(&s, label, N, 7, &e), 0);
    assert_int_equal(s.n, want[kind]);
    assert_int_equal(vt__class_sampler_order(&s, label, N, 7, 3, order, &e), 0);
    for (int64_t i = 0; i < s.n; i++) {
      assert_in_range(order[i], 0, N - 1);
      count[label[order[i]]]++;
      twice += times[order[i]]++ > 0;
    }
    for (int c = 0; c < 4; c++) {
      if (kind == 0) assert_int_equal(count[c], has[c]);
      if (kind == 1) assert_in_range(count[c], 10, 42); /* 25 +- 4 sigma */
      if (kind == 2) assert_int_equal(count[c], 60);
      if (kind == 3) assert_int_equal(count[c], 5);
      if (kind == 4) assert_int_equal(count[c], 25);
    }
    if (kind == 3) assert_int_equal(twice, 0);
    if (kind == 2)
      for (int i = 0; i < N; i++) assert_true(times[i] >= 1);
    for (int64_t i = 0; kind == 4 && i < s.n; i += 5)
      for (int64_t k = 1; k < 5; k++) {
        assert_int_equal(label[order[i]], label[order[i + k]]);
        assert_int_not_equal(order[i], order[i + k]);
      }
    int64_t again[240], other[240];
    memcpy(again, order, sizeof again);
    memcpy(other, order, sizeof other);
    assert_int_equal(vt__class_sampler_order(&s, label, N, 7, 3, again, &e), 0);
    assert_memory_equal(again, order, (size_t)s.n * sizeof *order);
    assert_int_equal(vt__class_sampler_order(&s, label, N, 7, 4, other, &e), 0);
    if (kind) assert_memory_not_equal(other, order, (size_t)s.n * sizeof *order);
  }
  struct vt__class_sampler s = {.shuffle_labels = 1};
  int32_t mixed[N];
  int moved = 0, count[4] = {0};
  memcpy(mixed, label, sizeof mixed);
  assert_int_equal(vt__class_sampler_init(&s, mixed, N, 7, &e), 0);
  for (int i = 0; i < N; i++) {
    moved += mixed[i] != label[i];
    count[mixed[i]]++;
  }
  for (int c = 0; c < 4; c++) assert_int_equal(count[c], has[c]); /* the same labels, elsewhere */
  assert_in_range(moved, 40, 75);                                 /* 1 - sum of squared shares: 56 of 100 */
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_policy), cmocka_unit_test(bad_policies), cmocka_unit_test(pictures_and_labels),
      cmocka_unit_test(ramps),      cmocka_unit_test(samplers),
  };
  return cmocka_run_group_tests(tests, make_data, remove_all);
}
