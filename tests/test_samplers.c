/* Samplers of recipes in the tasks over photos and in the embedding: what an epoch shows, counted; labels
 * that change places. (Classification: test_recipe_policy.c, test_classify.c.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "train/embed_pool.h"
#include "train/photo_sampler.h"
#include "train/trainer.h"

enum { PHOTOS = 64, RARE_EVERY = 8 };
static char dir[] = "/tmp/vitrine-test-samplers-XXXXXX";
static struct vt_err e;
static uint8_t common_tag, rare_tag;

#include "tests/temp_files.h"

static bool is_rare(int64_t photo)
{
  return photo % RARE_EVERY == 0;
}

/* Two tags of different garments. */
static void choose_tags(void)
{
  struct vt_taxonomy t;
  assert_int_equal(vt_taxonomy_builtin(&t, &e), 0);
  const uint64_t garments = vt_taxonomy_garments(&t);
  for (int k = 0; k < t.ntags; k++) {
    const uint8_t g = t.tag_group[k];
    if (g >= t.ngroups || !(garments >> g & 1)) continue;
    if (!common_tag)
      common_tag = (uint8_t)k;
    else if (!rare_tag && g != t.tag_group[common_tag])
      rare_tag = (uint8_t)k;
  }
  assert_true(common_tag && rare_tag);
  vt_taxonomy_clear(&t);
}

/* Every photo shows the common garment, one in eight the rare one too; sizes differ. */
static int make_data(void **state)
{
  struct vt_buf split = {0};
  if (!mkdtemp(dir)) return -1;
  choose_tags();
  assert_int_equal(vt_mkdirs(at("ccp/photos"), &e), 0);
  assert_int_equal(vt_mkdirs(at("ccp/masks"), &e), 0);
  vt_buf_adds(&split, "id,split\n");
  for (int i = 0; i < PHOTOS; i++) {
    struct vt_image im, map;
    char name[64];
    const int w = 40 + i % 3, h = 60 - i % 5;
    assert_int_equal(vt_image_init(&im, w, h, 3, &e), 0);
    assert_int_equal(vt_image_init(&map, w, h, 1, &e), 0);
    for (int y = 0; y < h; y++)
      for (int x = 0; x < w; x++) {
        map.px[y * map.stride + x] = y < h / 2 ? 0 : x < w / 2 && is_rare(i) ? rare_tag : common_tag;
        memset(im.px + y * im.stride + 3 * x, i, 3);
      }
    snprintf(name, sizeof name, "ccp/photos/%02d.jpg", i);
    assert_int_equal(vt_image_write(&im, at(name), 90, &e), 0);
    snprintf(name, sizeof name, "ccp/masks/%02d.png", i);
    assert_int_equal(vt_image_write(&map, at(name), 90, &e), 0);
    vt_buf_addf(&split, "%02d,train\n", i);
    vt_image_clear(&im);
    vt_image_clear(&map);
  }
  put("ccp/split.csv", split.data);
  vt_buf_clear(&split);
  put("segment.yaml", "task: segment\nwidth: 32\nheight: 32\ntest_width: 32\ntest_height: 32\nhold_out: 8\n"
                      "encoder: '8,8,8,8'\nblocks: '1,1,1,1'\nstem: 8\ndecoder: '8,8,8,8'\n");
  put("box.yaml",
      "task: box\nwidth: 32\nheight: 32\nhold_out: 8\nencoder: '8,8,8,8'\nblocks: '1,1,1,1'\nstem: 8\n");
  return 0;
}

static int remove_data(void **state)
{
  char command[400];
  snprintf(command, sizeof command, "rm -r '%s'", dir);
  return system(command);
}

struct opened {
  struct vt_recipe_file f;
  void *ctx;
  int64_t train[PHOTOS], ntrain, rare; /* photos that are not held out */
};

static void open_task(struct opened *o, const char *task, const char *set)
{
  char recipe[40];
  struct vt_strings s = {1, &set};
  snprintf(recipe, sizeof recipe, "%s.yaml", task);
  if (vt__recipe_read(&o->f, at(recipe), &s, vt_tasks, vt_ntasks, &e)) fail_msg("%s", e.msg);
  if (o->f.task->open(&o->ctx, o->f.task_opts, NULL, dir, 5, &e)) fail_msg("%s: %s", set, e.msg);
  o->ntrain = o->rare = 0;
  for (int i = 0; i < PHOTOS; i++) {
    char path[300];
    snprintf(path, sizeof path, "%s/ccp/photos/%02d.jpg", dir, i);
    if (vt__held_out(path, 8)) continue;
    o->train[o->ntrain++] = i;
    o->rare += is_rare(i);
  }
  assert_true(o->ntrain > 40 && o->rare >= 4);
}

static void close_task(struct opened *o)
{
  o->f.task->close(o->ctx);
  vt__recipe_clear(&o->f);
}

/* The trainer's shuffle, then the task's own order; photos instead of positions. */
static int64_t epoch_of(struct opened *o, int number, int64_t *order)
{
  const int64_t n = o->f.task->samples(o->ctx);
  const bool positions = !strcmp(o->f.task->name, "box");
  assert_in_range(n, 1, 4 * PHOTOS);
  for (int64_t i = 0; i < n; i++) order[i] = i;
  if (o->f.task->epoch(o->ctx, number, 8, order, NULL, &e)) fail_msg("%s", e.msg);
  for (int64_t i = 0; i < n && positions; i++) order[i] = o->train[order[i]];
  return n;
}

static void test_photos(void **state)
{
  static const char *const tasks[] = {"segment", "box"};
  static const char *const keys[] = {"sampler=shuffle", "sampler=balanced", "sampler=over", "sampler=under",
                                     "sampler=per_class"};
  for (size_t t = 0; t < VT_COUNT(tasks); t++)
    for (size_t k = 0; k < VT_COUNT(keys); k++) {
      struct opened o;
      int64_t order[4 * PHOTOS], again[4 * PHOTOS];
      open_task(&o, tasks[t], keys[k]);
      const int64_t n = epoch_of(&o, 3, order), common = o.ntrain - o.rare,
                    want[] = {o.ntrain, o.ntrain, 2 * common, 2 * o.rare, o.ntrain};
      assert_int_equal(n, want[k]);
      int64_t rare = 0;
      for (int64_t i = 0; i < n; i++) {
        assert_in_range(order[i], 0, PHOTOS - 1);
        rare += is_rare(order[i]);
      }
      if (k == 0) assert_int_equal(rare, o.rare);
      if (k == 1) assert_in_range(rare, n / 4, n - n / 4);
      if (k == 2 || k == 3) assert_int_equal(2 * rare, n);
      for (int64_t i = 0; k == 4 && i + 4 <= n; i += 4) /* sampler_m = 4 of a class together */
        for (int64_t j = 1; j < 4; j++) assert_int_equal(is_rare(order[i]), is_rare(order[i + j]));
      assert_int_equal(epoch_of(&o, 3, again), n);
      assert_memory_equal(again, order, (size_t)n * sizeof *order);
      close_task(&o);
    }
}

/* Photos of other photos' maps: samples are made all the same, and the boxes are others. */
static void test_swapped_maps(void **state)
{
  static const char *const tasks[] = {"segment", "box"};
  for (size_t t = 0; t < VT_COUNT(tasks); t++) {
    struct opened o;
    int64_t order[4 * PHOTOS];
    open_task(&o, tasks[t], "shuffle_labels=1");
    const int64_t n = epoch_of(&o, 0, order);
    void *slot = vt_aligned(o.f.task->sample_bytes(o.ctx));
    assert_non_null(slot);
    for (int64_t i = 0; i < n; i++) {
      struct vt_rng rng;
      vt_rng_init(&rng, 1, (uint64_t)i, 0);
      const int64_t number = t ? i : order[i];
      if (o.f.task->make(number, &rng, slot, o.ctx, &e)) fail_msg("%s: %s", tasks[t], e.msg);
    }
    vt_free(slot);
    close_task(&o);
  }
  struct vt_image map, photo, own = {0};
  assert_int_equal(vt_image_init(&map, 2, 2, 1, &e), 0);
  assert_int_equal(vt_image_init(&photo, 5, 3, 3, &e), 0);
  for (int i = 0; i < 4; i++) map.px[i / 2 * map.stride + i % 2] = (uint8_t)(i + 1);
  const struct vt_image *fitted = &map;
  assert_int_equal(vt__photo_fit_map(&fitted, &photo, &own, &e), 0);
  static const uint8_t want[3][5] = {{1, 1, 1, 2, 2}, {1, 1, 1, 2, 2}, {3, 3, 3, 4, 4}};
  assert_ptr_equal(fitted, &own);
  for (int y = 0; y < 3; y++) assert_memory_equal(own.px + y * own.stride, want[y], 5);
  vt_image_clear(&own);
  vt_image_clear(&map);
  vt_image_clear(&photo);
}

/* The embedding's anchors, of a made set: groups 0 and 1 in one source, keys of four. */
static void test_embedding(void **state)
{
  enum { N = 48 };
  const enum vt_source SOURCE = VT_SOURCE_PRODUCTS;
  struct vt__embed_sample v[N] = {0};
  int64_t list[N];
  struct vt__embed_task t = {.seed = 3};
  for (int i = 0; i < N; i++) {
    list[i] = i;
    v[i] = (struct vt__embed_sample){.group = is_rare(i), .code = i / 4, .key = i / 4, .source = SOURCE};
  }
  t.s.v = v;
  t.s.n = N;
  t.s.of_source[SOURCE] = list;
  t.s.nsource[SOURCE] = N;
  t.share[SOURCE] = 1;
  for (int kind = 0; kind <= 4; kind++) {
    struct vt__embed_pool pool;
    struct vt_rng rng;
    int rare = 0;
    int64_t got[2 * N];
    t.o.sampler = (struct vt__class_sampler){.kind = kind, .m = 3};
    assert_int_equal(vt__embed_pool_init(&pool, &t, 1, &e), 0);
    vt_rng_init(&rng, 9, 0, 0);
    static const int want[] = {0, N, 84, 12, N}; /* 42 of group 0, 6 of group 1 */
    assert_int_equal(pool.n[SOURCE], want[kind]);
    for (int i = 0; i < 2 * N; i++) {
      got[i] = vt__embed_pool_next(&pool, &t.s, SOURCE, &rng);
      assert_in_range(got[i], 0, N - 1);
      rare += is_rare(got[i]);
    }
    if (kind == 0) assert_in_range(rare, 2, 30);
    if (kind == 1 || kind == 2) assert_in_range(rare, N / 2, N + N / 2);
    if (kind == 3) assert_int_equal(rare, N);
    for (int i = 0; kind == 4 && i + 3 <= N; i += 3)
      assert_true(v[got[i]].code == v[got[i + 1]].code && v[got[i]].code == v[got[i + 2]].code &&
                  got[i] != got[i + 1]);
    vt__embed_pool_clear(&pool);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_photos),
      cmocka_unit_test(test_swapped_maps),
      cmocka_unit_test(test_embedding),
  };
  return cmocka_run_group_tests(tests, make_data, remove_data);
}
