/* Augmentation, the loader and the image cache. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "data/data.h"

static struct vt_err e;

/* ---- augmentation
 * -------------------------------------------------------------------------------------------- */

enum { NCOLOUR = 5 };
static const uint8_t colour[NCOLOUR][3] = {{255, 255, 255}, {255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {0, 0, 0}};

/* A picture whose colour tells the label: blocks of 1/4 side, no label 0 (the colour of outside). */
static void draw(struct vt_image *im, struct vt_image *labels, int w, int h)
{
  assert_int_equal(vt_image_init(im, w, h, 3, &e), 0);
  assert_int_equal(vt_image_init(labels, w, h, 1, &e), 0);
  for (int y = 0; y < h; y++) {
    for (int x = 0; x < w; x++) {
      int k = 1 + (x * 4 / w + 2 * (y * 4 / h) + (x * 4 / w) * (y * 4 / h)) % (NCOLOUR - 1);
      memcpy(im->px + y * im->stride + 3 * x, colour[k], 3);
      labels->px[y * labels->stride + x] = (uint8_t)k;
    }
  }
}

/* Share of pixels whose colour is nearest to that of their label. */
static double agreement(const struct vt_image *im, const struct vt_image *labels)
{
  int64_t good = 0;
  for (int y = 0; y < im->height; y++) {
    for (int x = 0; x < im->width; x++) {
      const uint8_t *p = im->px + y * im->stride + 3 * x;
      int best = 0, least = 1 << 30;
      for (int k = 0; k < NCOLOUR; k++) {
        int dist = 0;
        for (int c = 0; c < 3; c++) dist += (p[c] - colour[k][c]) * (p[c] - colour[k][c]);
        if (dist < least) {
          least = dist;
          best = k;
        }
      }
      good += best == labels->px[y * labels->stride + x];
    }
  }
  return (double)good / ((double)im->width * im->height);
}

static void test_geometry_agrees(void **state)
{
  static const struct {
    int w, h, ow, oh;
    struct vt_augment a;
  } row[] = {
      {200, 300, 200, 300, {.flip = 1}},
      {200, 300, 96, 144, {0}},
      {200, 300, 96, 144, {.flip = 0.5, .scale_min = 0.6, .scale_max = 1.8, .shift = 0.2}},
      {200,
       300,
       96,
       144,
       {.flip = 0.5, .rotate = 25, .scale_min = 0.7, .scale_max = 1.5, .shift = 0.1, .aspect = 0.3}},
      {400, 300, 64, 96, {.rotate = 10, .scale_min = 1, .scale_max = 1}},
      {60, 80, 144, 192, {.rotate = 40, .aspect = 0.2, .shift = 0.3}},
      {331, 97, 101, 203, {.rotate = 180, .flip = 0.5, .shift = 0.5, .scale_min = 0.2, .scale_max = 5}},
  };
  for (size_t i = 0; i < VT_COUNT(row); i++) {
    for (uint64_t seed = 0; seed < 8; seed++) {
      struct vt_image im, labels, out, out_labels;
      struct vt_rng rng;
      draw(&im, &labels, row[i].w, row[i].h);
      assert_int_equal(vt_image_init(&out, row[i].ow, row[i].oh, 3, &e), 0);
      assert_int_equal(vt_image_init(&out_labels, row[i].ow, row[i].oh, 1, &e), 0);
      vt_rng_init(&rng, seed, 1, 2);
      assert_int_equal(vt_augment_apply(&row[i].a, &rng, &im, &labels, &out, &out_labels, 0, &e), 0);
      double share = agreement(&out, &out_labels);
      if (share < 0.99) fail_msg("row %zu seed %d: only %.3f of the pixels agree", i, (int)seed, share);
      vt_image_clear(&im);
      vt_image_clear(&labels);
      vt_image_clear(&out);
      vt_image_clear(&out_labels);
    }
  }
}

static void noise(struct vt_image *im, int w, int h, int channels, uint64_t seed)
{
  struct vt_rng rng;
  vt_rng_init(&rng, seed, 0, 0);
  assert_int_equal(vt_image_init(im, w, h, channels, &e), 0);
  for (int y = 0; y < h; y++) {
    for (int x = 0; x < w * channels; x++) im->px[y * im->stride + x] = (uint8_t)vt_rng_below(&rng, 5);
  }
}

static bool same(const struct vt_image *a, const struct vt_image *b)
{
  for (int y = 0; y < a->height; y++) {
    if (memcmp(a->px + y * a->stride, b->px + y * b->stride, (size_t)(a->width * a->channels)) != 0)
      return false;
  }
  return true;
}

static void test_identity(void **state)
{
  struct vt_image im, labels, out, out_labels;
  struct vt_rng rng;
  struct vt_augment none = {0}, one = {.scale_min = 1, .scale_max = 1}, flip = {.flip = 1};
  noise(&im, 37, 53, 3, 1);
  noise(&labels, 37, 53, 1, 2);
  assert_int_equal(vt_image_init(&out, 37, 53, 3, &e), 0);
  assert_int_equal(vt_image_init(&out_labels, 37, 53, 1, &e), 0);
  vt_rng_init(&rng, 1, 2, 3);
  assert_int_equal(vt_augment_apply(&none, &rng, &im, &labels, &out, &out_labels, 255, &e), 0);
  assert_true(same(&im, &out) && same(&labels, &out_labels));
  assert_int_equal(vt_augment_apply(&one, &rng, &im, &labels, &out, &out_labels, 255, &e), 0);
  assert_true(same(&im, &out) && same(&labels, &out_labels));
  assert_int_equal(vt_augment_apply(&flip, &rng, &im, &labels, &out, &out_labels, 255, &e), 0);
  vt_image_flip_h(&im);
  vt_image_flip_h(&labels);
  assert_true(same(&im, &out) && same(&labels, &out_labels));
  vt_image_clear(&im);
  vt_image_clear(&labels);
  vt_image_clear(&out);
  vt_image_clear(&out_labels);
}

static void test_pixels(void **state)
{
  /* background: every pixel outside the mask, but for the soft edge, takes the drawn ramp; inside nothing
   * changes */
  struct vt_augment bg = {.background = 1}, all = {.brightness = .4,
                                                   .contrast = .4,
                                                   .saturation = .4,
                                                   .hue = .1,
                                                   .blur = 1,
                                                   .sharpen = 1,
                                                   .downscale = 1,
                                                   .erase = 1,
                                                   .grey = .5};
  struct vt_image im, labels, out, out_labels, again;
  struct vt_rng rng;
  noise(&im, 40, 60, 3, 3);
  assert_int_equal(vt_image_init(&labels, 40, 60, 1, &e), 0);
  for (int y = 20; y < 40; y++) memset(labels.px + y * labels.stride + 10, 2, 20);
  assert_int_equal(vt_image_init(&out, 40, 60, 3, &e), 0);
  assert_int_equal(vt_image_init(&out_labels, 40, 60, 1, &e), 0);
  assert_int_equal(vt_image_init(&again, 40, 60, 3, &e), 0);
  for (uint64_t seed = 0; seed < 10; seed++) {
    vt_rng_init(&rng, seed, 0, 0);
    assert_int_equal(vt_augment_apply(&bg, &rng, &im, &labels, &out, &out_labels, 255, &e), 0);
    assert_true(same(&labels, &out_labels));
    for (int y = 21; y < 39; y++) {
      assert_memory_equal(out.px + y * out.stride + 33, im.px + y * im.stride + 33, 18 * 3);
    }
    for (int y = 0; y < 60; y++) assert_memory_equal(out.px + y * out.stride, out.px + y * out.stride + 3, 3);
  }
  for (uint64_t seed = 0; seed < 10; seed++) {
    vt_rng_init(&rng, seed, 0, 0);
    assert_int_equal(vt_augment_apply(&all, &rng, &im, &labels, &out, &out_labels, 255, &e), 0);
    int64_t erased = 0;
    for (int y = 0; y < 60; y++) {
      for (int x = 0; x < 40; x++) erased += out_labels.px[y * out_labels.stride + x] == 255;
    }
    assert_in_range(erased, 40, 40 * 60 * 22 / 100);
    vt_rng_init(&rng, seed, 0, 0);
    assert_int_equal(vt_augment_apply(&all, &rng, &im, NULL, &again, NULL, 0, &e), 0);
    assert_true(same(&out, &again));
  }
  labels.height = 59;
  assert_int_equal(vt_augment_apply(&all, &rng, &im, &labels, &out, &out_labels, 0, &e), VT_ESHAPE);
  labels.height = 60;
  vt_image_clear(&im);
  vt_image_clear(&labels);
  vt_image_clear(&out);
  vt_image_clear(&out_labels);
  vt_image_clear(&again);
}

/* ---- loader
 * --------------------------------------------------------------------------------------------------- */

struct slot {
  int64_t sample;
  uint64_t random;
};
struct source {
  int64_t bad_from, bad_to; /* samples that fail */
};

static int make(int64_t sample, struct vt_rng *rng, void *slot, void *ctx, struct vt_err *err)
{
  const struct source *s = ctx;
  if (s && sample >= s->bad_from && sample < s->bad_to) {
    return vt_fail(err, VT_EIO, "sample-%lld.jpg: broken", (long long)sample);
  }
  struct slot *out = slot;
  out->sample = sample;
  out->random = vt_rng_u64(rng);
  if (sample % 7 == 0) usleep(200); /* threads finish out of order */
  return 0;
}

enum { N = 103, BATCH = 10 };

static struct vt_loader_opts options(int threads, const struct source *s)
{
  return (struct vt_loader_opts){.n = N,
                                 .batch = BATCH,
                                 .threads = threads,
                                 .seed = 5,
                                 .epoch = 3,
                                 .make = make,
                                 .sample_bytes = sizeof(struct slot),
                                 .ctx = (void *)s};
}

/* Reads an epoch into out (N slots), returns the samples read. */
static int read_all(const struct vt_loader_opts *o, struct slot *out, int64_t *bad)
{
  struct vt_loader *l;
  void *data;
  const int64_t *index;
  int count, n = 0, rc;
  assert_int_equal(vt_loader_new(&l, o, &e), 0);
  while ((rc = vt_loader_next(l, &data, &index, &count, &e)) == 1) {
    for (int i = 0; i < count; i++) {
      out[n] = ((struct slot *)data)[i];
      assert_int_equal(out[n].sample, index[i]);
      n++;
    }
  }
  if (bad) *bad = vt_loader_bad(l);
  vt_loader_free(l);
  return rc < 0 ? rc : n;
}

static void test_loader_threads(void **state)
{
  static const int threads[] = {1, 2, 4, 9};
  struct slot first[N], other[N];
  bool seen[N] = {0};
  for (size_t t = 0; t < VT_COUNT(threads); t++) {
    struct vt_loader_opts o = options(threads[t], NULL);
    memset(other, 0, sizeof other);
    assert_int_equal(read_all(&o, t ? other : first, NULL), N);
    if (t) assert_memory_equal(first, other, sizeof first);
  }
  for (int i = 0; i < N; i++) seen[first[i].sample] = true;
  for (int i = 0; i < N; i++) assert_true(seen[i]);
  struct vt_loader_opts o = options(2, NULL);
  o.epoch = 4;
  assert_int_equal(read_all(&o, other, NULL), N);
  assert_true(memcmp(first, other, sizeof first) != 0);
}

static void test_loader_resume(void **state)
{
  struct slot all[N], part[N];
  struct vt_loader_opts o = options(3, NULL);
  assert_int_equal(read_all(&o, all, NULL), N);
  o.first_batch = 4;
  assert_int_equal(read_all(&o, part, NULL), N - 4 * BATCH);
  assert_memory_equal(part, all + 4 * BATCH, (N - 4 * BATCH) * sizeof *all);
  o.drop_last = true;
  assert_int_equal(read_all(&o, part, NULL), N / BATCH * BATCH - 4 * BATCH);
  o.first_batch = 1000;
  assert_int_equal(read_all(&o, part, NULL), 0);
  int64_t order[N];
  for (int i = 0; i < N; i++) order[i] = N - 1 - i;
  o = options(2, NULL);
  o.order = order;
  o.prefetch = 1;
  assert_int_equal(read_all(&o, part, NULL), N);
  for (int i = 0; i < N; i++) assert_int_equal(part[i].sample, N - 1 - i);
}

static void test_loader_bad(void **state)
{
  struct source some = {20, 24}, all = {0, N};
  struct slot a[N], b[N];
  int64_t bad;
  vt_log_set(VT_LOG_ERROR);
  struct vt_loader_opts o = options(4, &some);
  int rc = read_all(&o, a, NULL);
  assert_int_equal(rc, VT_EIO);
  assert_non_null(strstr(e.msg, "jpg: broken"));
  o.max_bad = 50;
  assert_int_equal(read_all(&o, a, &bad), N);
  assert_true(bad >= 4);
  for (int i = 0; i < N; i++) assert_true(a[i].sample < 20 || a[i].sample >= 24);
  o.threads = 1;
  assert_int_equal(read_all(&o, b, NULL), N);
  assert_memory_equal(a, b, sizeof a);
  o.max_bad = 2;
  assert_int_equal(read_all(&o, b, NULL), VT_ELIMIT);
  o.ctx = &all;
  assert_true(read_all(&o, b, NULL) < 0);
  vt_log_set(VT_LOG_INFO);
}

static void test_loader_stop(void **state)
{
  /* freeing in the middle, and refusals */
  struct vt_loader *l;
  void *data;
  int count;
  struct vt_loader_opts o = options(4, NULL);
  assert_int_equal(vt_loader_new(&l, &o, &e), 0);
  assert_int_equal(vt_loader_next(l, &data, NULL, &count, &e), 1);
  vt_loader_free(l);
  vt_loader_free(NULL);
  o.batch = 0;
  assert_int_equal(vt_loader_new(&l, &o, &e), VT_EARG);
  assert_null(l);
  o = options(1, NULL);
  o.n = 0;
  assert_int_equal(vt_loader_new(&l, &o, &e), 0);
  assert_int_equal(vt_loader_next(l, &data, NULL, &count, &e), 0);
  vt_loader_free(l);
}

/* ---- cache
 * ---------------------------------------------------------------------------------------------------- */

struct cached {
  struct vt_image_cache *c;
  char path[8][64];
  atomic_int kept;
};

static void use(int64_t i, int worker, void *ctx)
{
  struct cached *k = ctx;
  const struct vt_image *im;
  struct vt_image own;
  struct vt_err err;
  if (vt_image_cache_get(k->c, k->path[i % 8], 0, true, &im, &own, &err) < 0) return;
  if (im->px[0] == i % 8 && im->width == 20) k->kept += im != &own;
  vt_image_clear(&own);
}

static void test_cache(void **state)
{
  struct cached k = {0};
  struct vt_pool *pool;
  char folder[] = "/tmp/vitrine-cache-XXXXXX";
  assert_non_null(mkdtemp(folder));
  for (int i = 0; i < 8; i++) {
    struct vt_image im;
    snprintf(k.path[i], sizeof k.path[i], "%s/%d.png", folder, i);
    assert_int_equal(vt_image_init(&im, 20, 40, 1, &e), 0);
    for (int y = 0; y < 40; y++) memset(im.px + y * im.stride, i, 20);
    assert_int_equal(vt_image_write(&im, k.path[i], 90, &e), 0);
    vt_image_clear(&im);
  }
  assert_int_equal(vt_pool_new(&pool, 4, &e), 0);
  assert_int_equal(vt_image_cache_new(&k.c, 1 << 20, &e), 0);
  vt_pool_for(pool, 800, use, &k);
  assert_int_equal(k.kept, 800);
  const struct vt_image *im, *twice;
  struct vt_image own;
  assert_int_equal(vt_image_cache_get(k.c, k.path[3], 10, true, &im, &own, &e), 0);
  assert_int_equal(im->width, 5);
  assert_int_equal(im->height, 10);
  assert_int_equal(im->px[0], 3);
  assert_int_equal(vt_image_cache_get(k.c, k.path[3], 10, true, &twice, &own, &e), 0);
  assert_ptr_equal(im, twice);
  assert_true(vt_image_cache_get(k.c, "/nowhere/x.png", 0, false, &im, &own, &e) < 0);
  assert_non_null(strstr(e.msg, "/nowhere/x.png"));
  vt_image_cache_free(k.c);
  /* full: at most two of the 800-byte pictures fit, the others are the caller's own */
  assert_int_equal(vt_image_cache_new(&k.c, 2200, &e), 0);
  k.kept = 0;
  vt_pool_for(pool, 80, use, &k);
  assert_in_range(k.kept, 1, 20);
  vt_image_cache_free(k.c);
  vt_image_cache_free(NULL);
  vt_pool_free(pool);
  for (int i = 0; i < 8; i++) unlink(k.path[i]);
  rmdir(folder);
}

int main(void)
{
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_geometry_agrees), cmocka_unit_test(test_identity),
      cmocka_unit_test(test_pixels),          cmocka_unit_test(test_loader_threads),
      cmocka_unit_test(test_loader_resume),   cmocka_unit_test(test_loader_bad),
      cmocka_unit_test(test_loader_stop),     cmocka_unit_test(test_cache),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
