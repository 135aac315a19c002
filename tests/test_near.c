/* Near-duplicates and the steps of cleaning that open pictures, on pictures drawn into a folder. */
#include "tests/aug_case.h"
#include "data/each_picture.h"
#include "data/labels_internal.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct vt_picture_hash hash_of(const struct vt_image *im)
{
  struct vt_err e = {0};
  struct vt_picture_hash h;
  ok(vt_picture_hash(&h, im, &e), &e);
  return h;
}

/* The same picture smaller, compressed, lighter is near; another one is half of all bits away. */
static void test_hash(void **state)
{
  static const struct {
    const char *op, *options;
    int most;
  } cases[] = {{"scale", "min=0.4,max=0.4", 6},
               {"jpeg", "min=40,max=40", 6},
               {"brightness", "amount=0.2", 6},
               {"blur", "min=1,max=1", 6},
               {"flip", "", -30}};
  struct vt_aug_sample first;
  drawn_sample(&first, 240, 180, 0, 3);
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_err e = {0};
    struct aug_case c;
    struct vt_aug_sample s;
    struct vt_rng r;
    vt_rng_init(&r, 2, 0, 0);
    ok(vt_aug_sample_copy(&s, &first, &e), &e);
    case_init(&c, cases[i].op, cases[i].options);
    ok(vt_aug_op_run(c.op, c.opts, &env, &r, &s, &e), &e);
    int d = vt_hash_distance(hash_of(&first.image), hash_of(&s.image));
    if (cases[i].most < 0 ? d < -cases[i].most : d > cases[i].most)
      fail_msg("%s: %d bits differ", cases[i].op, d);
    vt_aug_sample_clear(&s);
    case_clear(&c);
  }
  vt_aug_sample_clear(&first);
}

struct found {
  bool *is;
};
static bool note(int32_t j, int distance, void *ctx)
{
  struct found *f = ctx;
  f->is[j] = true;
  return true;
}

/* All that comparing each with each finds, and no more; groups by Warshall's closure. */
static void test_search(void **state)
{
  enum { N = 300 };
  struct vt_picture_hash hash[N];
  struct vt_rng r;
  vt_rng_init(&r, 1, 0, 0);
  for (int i = 0; i < N; i++) {
    hash[i] = (struct vt_picture_hash){vt_rng_u64(&r), vt_rng_u64(&r)};
    if (i % 3) { /* near one before it */
      hash[i] = hash[vt_rng_below(&r, (uint32_t)i)];
      for (uint32_t k = vt_rng_below(&r, 12); k > 0; k--) {
        uint32_t bit = vt_rng_below(&r, 128);
        *(bit < 64 ? &hash[i].across : &hash[i].down) ^= (uint64_t)1 << bit % 64;
      }
    }
  }
  static const int limits[] = {0, 1, 5, 7, 12, VT_NEAR_MAX_BITS};
  for (size_t t = 0; t < VT_COUNT(limits); t++) {
    struct vt_err e = {0};
    struct vt_near *x;
    static bool reach[N][N];
    int64_t group[N];
    ok(vt_near_new(&x, hash, N, limits[t], &e), &e);
    for (int i = 0; i < N; i++) {
      bool is[N] = {false};
      struct found f = {is};
      vt_near_find(x, i, note, &f);
      for (int j = 0; j < N; j++) {
        int d = __builtin_popcountll(hash[i].across ^ hash[j].across) +
                __builtin_popcountll(hash[i].down ^ hash[j].down);
        reach[i][j] = d <= limits[t];
        assert_int_equal(is[j], j < i && d <= limits[t]);
      }
      vt_near_put(x, i);
    }
    vt_near_free(x);
    for (int k = 0; k < N; k++)
      for (int i = 0; i < N; i++)
        for (int j = 0; j < N && reach[i][k]; j++) reach[i][j] = reach[i][j] || reach[k][j];
    ok(vt_near_groups(group, hash, N, limits[t], &e), &e);
    for (int i = 0; i < N; i++) {
      int first = 0;
      while (!reach[i][first]) first++;
      assert_int_equal(group[i], first);
    }
  }
  struct vt_near *x;
  assert_int_equal(vt_near_new(&x, hash, N, VT_NEAR_MAX_BITS + 1, NULL), VT_EARG);
}

static void write_picture(const char *folder, const char *name, const struct vt_image *im, int quality)
{
  struct vt_err e = {0};
  char path[300];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  ok(vt_image_write(im, path, quality, &e), &e);
}

static void write_text(const char *folder, const char *name, const char *text, size_t n)
{
  struct vt_err e = {0};
  char path[300];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  ok(vt_file_write_atomic(path, text, n, &e), &e);
}

/* a, a again as JPEG of low quality, b, a tiny one, one cut in half, no picture, one that is not there, one
 * labelled as it is stored, one made smaller after it was labelled, and one labelled as it is
 * seen, by a name without its ending. */
static void make_folder(char *folder)
{
  struct vt_err e = {0};
  struct vt_aug_sample s;
  char *data, path[300];
  size_t n;
  assert_non_null(mkdtemp(folder));
  drawn_sample(&s, 100, 80, 0, 3);
  write_picture(folder, "a.png", &s.image, 0);
  write_picture(folder, "again.jpg", &s.image, 60);
  snprintf(path, sizeof path, "%s/a.png", folder);
  ok(vt_file_read(path, 1 << 20, &data, &n, &e), &e);
  write_text(folder, "cut.png", data, n / 2);
  vt_free(data);
  vt_aug_sample_clear(&s);
  drawn_sample(&s, 100, 80, 0, 5);
  write_picture(folder, "b.png", &s.image, 0);
  vt_aug_sample_clear(&s);
  drawn_sample(&s, 40, 20, 0, 6);
  write_picture(folder, "tiny.png", &s.image, 0);
  vt_aug_sample_clear(&s);
  write_text(folder, "text.jpg", "<html>", 6);
  ok(vt_file_read(VT_SOURCE_ROOT "/tests/fixtures/images/exif6.jpg", 1 << 20, &data, &n, &e), &e);
  write_text(folder, "turned.jpg", data, n);
  write_text(folder, "smaller.jpg", data, n);
  write_text(folder, "upright.jpg", data, n);
  vt_free(data);
  static const char table[] = "ImageId,EncodedPixels,Height,Width,ClassId\n"
                              "a.png,1 9,80,100,0\nagain.jpg,1 9,80,100,0\nagain.jpg,,80,100,1\n"
                              "b.png,1 9,80,100,0\ntiny.png,1 9,20,40,0\n"
                              "cut.png,1 9,80,100,0\ntext.jpg,1 9,80,100,0\nnone.jpg,1 9,80,100,0\n"
                              "turned.jpg,1 9,32,48,0\nsmaller.jpg,1 9,96,64,0\nupright,1 9,48,32,0\n";
  write_text(folder, "t.csv", table, sizeof table - 1);
  static const char names[] =
      "{\"categories\": [{\"id\": 0, \"name\": \"x\"}, {\"id\": 1, \"name\": \"y\"}], "
      "\"attributes\": []}";
  write_text(folder, "label_descriptions.json", names, sizeof names - 1);
}

/* Fails for the pictures that are asked for, the later the earlier they come. */
static int fail_some(int64_t i, const char *path, void *ctx, struct vt_err *e)
{
  const char *bad = ctx;
  if (bad[i] != 'x') return 0;
  nanosleep(&(struct timespec){.tv_nsec = (5 - i) * 8000000L}, NULL);
  return vt_fail(e, VT_EFORMAT, "picture %d", (int)i);
}

/* Whichever thread is faster: the first failing picture is the one that is named. */
static void test_first_error(void **state)
{
  static const struct {
    const char *bad;
    int threads;
    const char *message;
  } cases[] = {{"-----", 4, ""},          {"xxxxx", 4, "picture 0"}, {"--xx-", 2, "picture 2"},
               {"-x--x", 3, "picture 1"}, {"---xx", 1, "picture 3"}, {"-xxxx", 5, "picture 1"}};
  struct vt_labels l;
  struct vt_err e = {0};
  ok(vt_labels_init(&l, &e), &e);
  const char *const name[] = {"a", "b", "c", "d", "e"};
  for (int i = 0; i < 5; i++) assert_int_equal(vt__labels_add_image(&l, i, name[i], 1, 1, &e), i);
  const int before = vt_threads();
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_err err = {0};
    vt_threads_set(cases[i].threads);
    int rc = vt__each_picture(&l, "/nowhere", NULL, fail_some, (void *)cases[i].bad, &err);
    assert_int_equal(rc, *cases[i].message ? VT_EFORMAT : 0);
    assert_string_equal(err.msg, cases[i].message);
  }
  vt_threads_set(before);
  vt_labels_clear(&l);
}

static int remove_one(const char *path, const char *rel, void *ctx, struct vt_err *e)
{
  return unlink(path);
}

static void test_steps(void **state)
{
  static const struct {
    const char *steps;
    int64_t gone[9]; /* lines, ended by 0 */
    const char *reason;
  } cases[] = {
      {"missing", {9}, "missing"},
      {"unreadable", {7, 8, 9}, "png"},
      {"lengths", {3, 4}, "1 masks and 2 classes"},
      {"unreadable,tiny", {6}, "40 x 20"},
      {"unreadable,tiny=10", {0}, NULL},
      {"unreadable,near-duplicates", {3, 4, 11, 12}, "looks like a.png"},
      {"unreadable,near-duplicates=0", {11, 12}, "looks like turned.jpg"},
      {"unreadable,other-size", {10, 11}, "32 x 48 pixels, labelled as 48 x 32, which it is before its EXIF"},
  };
  char folder[] = "/tmp/vitrine-near-XXXXXX", path[300];
  struct vt_err e = {0};
  struct vt_labels l;
  make_folder(folder);
  snprintf(path, sizeof path, "%s/t.csv", folder);
  ok(vt_labels_init(&l, &e), &e);
  ok(vt_format_find("imaterialist", &e)->read(&l, path, &(struct vt_labels_opts){.keep_bad = true}, &e), &e);
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_clean c;
    ok(vt_clean_run(&c, &l, folder, cases[i].steps, &e), &e);
    const struct vt_clean_step *s = &c.step[c.nsteps - 1];
    int n = 0;
    while (cases[i].gone[n]) n++;
    if (s->n != n) fail_msg("%s: %d rows went, expected %d", cases[i].steps, (int)s->n, n);
    for (int k = 0; k < n; k++) assert_int_equal(s->removed[k].line, cases[i].gone[k]);
    if (n && !strstr(s->removed[0].reason, cases[i].reason))
      fail_msg("%s: reason '%s'", cases[i].steps, s->removed[0].reason);
    vt_clean_clear(&c);
  }
  /* without a folder, or where a picture cannot be read, the step says so */
  static const char *const fails[] = {"missing", "near-duplicates", "other-size"};
  for (size_t i = 0; i < VT_COUNT(fails); i++) {
    struct vt_clean c;
    assert_int_equal(vt_clean_run(&c, &l, NULL, fails[i], &e), VT_EUSAGE);
    vt_clean_clear(&c);
  }
  struct vt_clean c;
  assert_true(vt_clean_run(&c, &l, folder, "near-duplicates", &e) < 0);
  assert_non_null(strstr(e.msg, "cut.png"));
  vt_clean_clear(&c);
  vt_labels_clear(&l);
  vt_walk(folder, remove_one, NULL, &e);
  rmdir(folder);
}

/* A set in COCO's form of all pictures that make_folder leaves and one that it does not; three hats. */
static void write_set(const char *folder)
{
  static const struct {
    const char *file;
    int width, height;
  } picture[] = {{"a.png", 100, 80}, {"again.jpg", 100, 80}, {"cut.png", 100, 80},  {"none.jpg", 9, 9},
                 {"b.png", 100, 80}, {"tiny.png", 40, 20},   {"turned.jpg", 48, 32}};
  static const struct {
    int image, width;
  } hat[] = {{4, 3}, {1, 3}, {5, 30}};
  struct vt_buf b = {0};
  vt_buf_adds(&b, "{\"categories\":[{\"id\":1,\"name\":\"hat\"}],\"images\":[");
  for (int i = 0; i < (int)VT_COUNT(picture); i++)
    vt_buf_addf(&b, "%s{\"id\":%d,\"file_name\":\"%s\",\"width\":%d,\"height\":%d}", i ? "," : "", i + 1,
                picture[i].file, picture[i].width, picture[i].height);
  vt_buf_adds(&b, "],\"annotations\":[");
  for (int i = 0; i < (int)VT_COUNT(hat); i++)
    vt_buf_addf(&b, "%s{\"id\":%d,\"image_id\":%d,\"category_id\":1,\"bbox\":[1,1,%d,3],\"area\":%d}",
                i ? "," : "", i + 1, hat[i].image, hat[i].width, 3 * hat[i].width);
  vt_buf_adds(&b, "]}");
  assert_false(b.failed);
  write_text(folder, "set.json", b.data, b.len);
  vt_buf_clear(&b);
}

/* Pictures that show nothing are looked at, too, and what goes leaves no picture without rows behind. */
static void test_bare_pictures(void **state)
{
  static const struct {
    const char *steps;
    int n, rows, images; /* of the last step: what went, what is left */
    const char *reason[3];
    const char *left[8];
  } cases[] = {
      {"missing",
       1,
       2,
       6,
       {"none.jpg"},
       {"a.png", "again.jpg", "cut.png", "b.png", "tiny.png", "turned.jpg"}},
      {"unreadable",
       2,
       2,
       5,
       {"cut.png: /tmp", "none.jpg"},
       {"a.png", "again.jpg", "b.png", "tiny.png", "turned.jpg"}},
      {"unreadable,near-duplicates",
       1,
       2,
       4,
       {"again.jpg: looks like a.png"},
       {"a.png", "b.png", "tiny.png", "turned.jpg"}},
      {"unreadable,tiny", 1, 2, 4, {"tiny.png: 40 x 20"}, {"a.png", "again.jpg", "b.png", "turned.jpg"}},
      {"unreadable,other-size",
       1,
       2,
       4,
       {"turned.jpg: 32 x 48"},
       {"a.png", "again.jpg", "b.png", "tiny.png"}},
      {"keep=0.3", 4, 3, 3, {"again.jpg: not among"}, {"a.png", "none.jpg", "b.png"}},
      {"min-area=50", 2, 1, 5, {"9 pixels"}, {"again.jpg", "cut.png", "b.png", "tiny.png", "turned.jpg"}},
  };
  char folder[] = "/tmp/vitrine-near-XXXXXX", path[300];
  struct vt_err e = {0};
  make_folder(folder);
  write_set(folder);
  snprintf(path, sizeof path, "%s/set.json", folder);
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_labels l;
    struct vt_clean c;
    ok(vt_labels_init(&l, &e), &e);
    ok(vt_format_find("coco", &e)->read(&l, path, &(struct vt_labels_opts){0}, &e), &e);
    ok(vt_clean_run(&c, &l, folder, cases[i].steps, &e), &e);
    const struct vt_clean_step *s = &c.step[c.nsteps - 1];
    if (s->n != cases[i].n || s->rows_after != cases[i].rows || s->images_after != cases[i].images)
      fail_msg("%s: %d went, %d rows and %d pictures left", cases[i].steps, (int)s->n, (int)s->rows_after,
               (int)s->images_after);
    for (int k = 0; k < 3 && cases[i].reason[k]; k++)
      if (!strstr(s->removed[k].reason, cases[i].reason[k]))
        fail_msg("%s: '%s'", cases[i].steps, s->removed[k].reason);
    ok(vt_labels_take_out(&l, c.gone, c.picture_gone, &e), &e);
    assert_true(l.n == s->rows_after && l.nimages == s->images_after);
    for (int32_t k = 0; k < l.nimages; k++) {
      assert_string_equal(l.image[k].file, cases[i].left[k]);
      assert_true(vt_labels_find_image(&l, l.image[k].file) == k && vt_labels_image(&l, l.image[k].id) == k);
    }
    assert_int_equal(vt_labels_image(&l, 4), cases[i].n == 4 ? 1 : -1);
    for (int64_t k = 0; k < l.n; k++) /* each is where it was */
      assert_int_equal(l.image[l.v[k].image].id, l.v[k].id == 1 ? 4 : l.v[k].id == 2 ? 1 : 5);
    vt_clean_clear(&c);
    vt_labels_clear(&l);
  }
  vt_walk(folder, remove_one, NULL, &e);
  rmdir(folder);
}

/* Pictures joined as near-duplicates are on one side, whatever the seed. */
static void test_split(void **state)
{
  char path[] = "/tmp/vitrine-near-XXXXXX.csv";
  struct vt_err e = {0};
  struct vt_labels l;
  int64_t near[200], group[200];
  FILE *f = fdopen(mkstemps(path, 4), "w");
  fputs("path,label,x_1,y_1,x_2,y_2\n", f);
  for (int i = 0; i < 200; i++) {
    fprintf(f, "%d.jpg,%d,0,0,5,5\n", i, i % 7);
    near[i] = i / 4 * 4;                     /* fours */
    group[i] = i % 20 < 2 ? 1 + i / 20 : -1; /* and some pairs of neighbours, so two fours stay apart */
  }
  fclose(f);
  ok(vt_labels_init(&l, &e), &e);
  ok(vt_format_find("csv-boxes", &e)->read(&l, path, &(struct vt_labels_opts){0}, &e), &e);
  unlink(path);
  for (uint64_t seed = 0; seed < 5; seed++) {
    struct vt_split_opts o = {.share = {80, 20}, .near = near, .group = group, .seed = seed};
    ok(vt_labels_split(&l, &o, &e), &e);
    int val = 0;
    for (int i = 0; i < 200; i++) {
      assert_int_equal(l.image[i].split, l.image[near[i]].split);
      val += l.image[i].split == VT_SPLIT_VAL;
    }
    assert_int_equal(val, 40);
  }
  vt_labels_clear(&l);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_hash),          cmocka_unit_test(test_search),
                                     cmocka_unit_test(test_steps),         cmocka_unit_test(test_first_error),
                                     cmocka_unit_test(test_bare_pictures), cmocka_unit_test(test_split)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
