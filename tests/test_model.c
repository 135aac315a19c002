/* model: items out of label maps, network sizes by aspect, preprocessing metadata, what an embedder is shown.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "backend/backend.h"
#include "model/model.h"

static void fill(uint8_t *map, int width, int x, int y, int w, int h, uint8_t value)
{
  for (int i = y; i < y + h; i++) memset(map + i * width + x, value, (size_t)w);
}

static void test_items(void **state)
{
  enum { W = 200, H = 300 };
  static uint8_t map[W * H], prob[W * H];
  struct vt_items items;
  struct vt_err e;
  struct vt_item_rules rules = {0.0008, 0.08, 0x7FFE};
  memset(map, 0, sizeof map);
  memset(prob, 204, sizeof prob);
  fill(map, W, 60, 50, 80, 100, 1); /* top */
  fill(map, W, 5, 5, 6, 6, 1);      /* a speck of it */
  fill(map, W, 60, 250, 30, 20, 8); /* two shoes */
  fill(map, W, 110, 250, 30, 20, 8);
  fill(map, W, 80, 20, 40, 30, 15); /* skin: no garment */
  fill(map, W, 0, 290, 5, 5, 10);   /* 25 pixels of hat: too small */
  assert_int_equal(vt_items_from_labels(&items, map, prob, W, H, &rules, &e), 0);
  assert_int_equal(items.n, 2);
  assert_int_equal(items.v[0].group, 1);
  assert_int_equal(vt_mask_area(&items.v[0].mask), 8000);
  assert_true(items.v[0].box.x == 60 && items.v[0].box.y == 50 && items.v[0].box.w == 80 &&
              items.v[0].box.h == 100);
  assert_true(fabsf(items.v[0].score - 0.8f) < 1e-6f);
  assert_int_equal(items.v[1].group, 8);
  assert_int_equal(vt_mask_area(&items.v[1].mask), 1200);
  assert_true(items.v[1].box.x == 60 && items.v[1].box.w == 80);
  vt_items_clear(&items);
}

static void test_sizes(void **state)
{
  static const struct {
    int width, height, w, h;
  } cases[] = {{550, 830, 256, 384},
               {400, 600, 256, 384},
               {830, 550, 384, 256},
               {500, 500, 320, 320},
               {1, 5000, 32, 3072}};
  struct vt_preprocess p = {.width = 256, .height = 384, .fit = VT_FIT_AREA};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    int w, h;
    vt_preprocess_size(&p, cases[i].width, cases[i].height, &w, &h);
    assert_int_equal(w, cases[i].w);
    assert_int_equal(h, cases[i].h);
  }
}

static void test_preprocess(void **state)
{
  static const struct {
    const char *json, *message;
  } bad[] = {
      {"{", "not JSON"},
      {"{\"width\": 0, \"height\": 5, \"fit\": \"pad\"}", "1 to 4096"},
      {"{\"width\": 8, \"height\": 8, \"fit\": \"zoom\"}", "'fit'"},
      {"{\"width\": 8, \"height\": 8, \"fit\": \"pad\", \"mean\": [0, 0]}", "'mean'"},
      {"{\"width\": 8, \"height\": 8, \"fit\": \"pad\", \"mean\": [0, 0, 0], \"std\": [1, 0, 1]}",
       "positive"},
  };
  struct vt_preprocess p, q = {72, 96, VT_FIT_PAD, {0.5f, 0.25f, 0.125f}, {1, 2, 3}};
  struct vt_err e;
  for (size_t i = 0; i < VT_COUNT(bad); i++) {
    assert_int_equal(vt_preprocess_parse(&p, bad[i].json, &e), VT_EFORMAT);
    assert_non_null(strstr(e.msg, bad[i].message));
  }
  struct vt_buf b;
  vt_buf_init(&b);
  vt_preprocess_print(&q, &b);
  assert_int_equal(vt_preprocess_parse(&p, b.data, &e), 0);
  assert_memory_equal(&p, &q, sizeof p);
  vt_buf_clear(&b);
}

/* A red picture with a green item: the view is white around the item, centred, of the wanted aspect. */
static void test_view(void **state)
{
  struct vt_image photo, view;
  struct vt_mask mask;
  uint8_t bits[60 * 40] = {0};
  assert_int_equal(vt_image_init(&photo, 60, 40, 3, NULL), 0);
  for (int i = 0; i < 60 * 40; i++) memcpy(photo.px + i / 60 * photo.stride + i % 60 * 3, "\xFF\0\0", 3);
  fill(bits, 60, 10, 10, 30, 10, 1);
  assert_int_equal(vt_mask_from_bitmap(&mask, bits, 60, 40, 60, NULL), 0);
  assert_int_equal(vt_item_view(&view, &photo, NULL, &mask, 0.75, NULL), 0);
  assert_true(abs(view.width * 4 - view.height * 3) <= 4);
  int white = 0, red = 0;
  for (int y = 0; y < view.height; y++)
    for (int x = 0; x < view.width; x++) {
      const uint8_t *p = view.px + y * view.stride + 3 * x;
      white += p[0] == 255 && p[1] == 255 && p[2] == 255;
      red += p[0] == 255 && p[1] == 0;
    }
  assert_int_equal(red, 300);
  assert_int_equal(white, view.width * view.height - 300);
  vt_image_clear(&view);
  struct vt_box box = {-20, -20, 10, 10};
  assert_int_equal(vt_item_view(&view, &photo, &box, NULL, 0.75, NULL), 0); /* outside: all white */
  vt_image_clear(&view);
  vt_mask_clear(&mask);
  vt_image_clear(&photo);
}

/* A network built, described, saved and opened gives unit vectors, the same ones in any batch. */
static void test_embedder(void **state)
{
  enum { N = 5, D = 3 + 2 + 16 };
  static float in[N * 3 * 64 * 64], all[N * D], one[D], groups[N * 3];
  struct vt_graph *g;
  struct vt_err e = {0};
  char path[64];
  static const char *const labels[] = {"background", "top", "bag"};
  assert_int_equal(vt_graph_new(&g, vt_registry_default(), "embed", &e), 0);
  struct vt_net net = {.g = g, .seed = 3};
  struct vt_embed_opts o = {{{8, 16, 16, 24}, {1, 1, 1, 1}, 8}, .dim = 16, .group_dim = 8, .class_dim = 8};
  struct vt_value *x = vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){-1, 3, 64, 64});
  struct vt_embed_parts y;
  if (vt_build_embed(&net, x, &o, &y, &e)) fail_msg("%s", e.msg);
  struct vt_value *group =
      vt_emit(g, "Softmax", VT_IN(vt_net_cosine(&net, y.group, "head", 3, 10)), "axis=1");
  struct vt_value *part[] = {vt_build_embed_posterior(&net, group, 3),
                             vt_build_embed_posterior(&net, group, 2), y.kind, y.detail};
  vt_graph_output(g, vt_build_embed_vector(&net, part, (const int[]){1, 2, 0, 3}, 4), "embedding");
  vt_graph_output(g, group, "group");
  struct vt_preprocess p = {64, 64, VT_FIT_PAD, {0.5f, 0.5f, 0.5f}, {0.25f, 0.25f, 0.25f}};
  struct vt_model_card card = {"embed", "{\"licence\": \"research only\", \"commercial_use\": false}", &p, 3,
                               labels};
  assert_int_equal(vt_model_describe(g, &card, &e), 0);
  snprintf(path, sizeof path, "/tmp/vitrine-model-%ld.onnx", (long)getpid());
  if (vt_onnx_save(g, path, NULL, &e)) fail_msg("%s", e.msg);
  vt_graph_free(g);

  struct vt_embedder *m;
  struct vt_segmenter *s;
  struct vt_model_opts mo = {.precision = VT_PREC_F32, .batch = 4};
  if (vt_embedder_open(&m, vt_registry_default(), path, &mo, &e)) fail_msg("%s", e.msg);
  assert_int_equal(vt_embedder_dim(m), D);
  assert_int_equal(vt_embedder_ngroups(m), 3);
  struct vt_rng rng;
  vt_rng_init(&rng, 1, 1, 1);
  for (size_t i = 0; i < VT_COUNT(in); i++) in[i] = vt_rng_normal(&rng);
  if (vt_embedder_run(m, in, N, all, groups, &e)) fail_msg("%s", e.msg);
  for (int i = 0; i < N; i++) {
    float length = 0, sum = groups[3 * i] + groups[3 * i + 1] + groups[3 * i + 2];
    for (int k = 0; k < D; k++) length += all[i * D + k] * all[i * D + k];
    assert_true(fabsf(length - 1) < 1e-4f && fabsf(sum - 1) < 1e-4f);
    assert_int_equal(vt_embedder_run(m, in + (size_t)i * 3 * 64 * 64, 1, one, NULL, &e), 0);
    for (int k = 0; k < D; k++) assert_true(fabsf(one[k] - all[i * D + k]) < 1e-4f);
  }
  vt_embedder_free(m);
  assert_int_equal(vt_segmenter_open(&s, vt_registry_default(), path, &mo, &e), VT_EARG);
  assert_non_null(strstr(e.msg, "expected 'segment'"));
  mo.require_commercial = true;
  assert_int_equal(vt_embedder_open(&m, vt_registry_default(), path, &mo, &e), VT_EARG);
  assert_non_null(strstr(e.msg, "research only"));
  unlink(path);
}

/* Segments noise by a random convolution; right_to_left: the photo mirrored. */
static void segment_noise(bool mirror, bool right_to_left, uint8_t *labels)
{
  enum { SIDE = 64 };
  static const char *const names[] = {"background", "top"};
  struct vt_graph *g;
  struct vt_segmenter *s;
  struct vt_image photo;
  struct vt_err e = {0};
  char path[64];
  assert_int_equal(vt_graph_new(&g, vt_registry_default(), "segment", &e), 0);
  struct vt_net net = {.g = g, .seed = 5};
  struct vt_value *x = vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){-1, 3, -1, -1});
  vt_graph_output(g, vt_net_conv(&net, x, "conv", 2, 3, 1, true), "logits");
  struct vt_preprocess p = {SIDE, SIDE, VT_FIT_AREA, {0.5f, 0.5f, 0.5f}, {0.25f, 0.25f, 0.25f}, mirror};
  struct vt_model_card card = {"segment", "{}", &p, 2, names};
  if (vt_model_describe(g, &card, &e)) fail_msg("%s", e.msg);
  snprintf(path, sizeof path, "/tmp/vitrine-mirror-%ld.onnx", (long)getpid());
  if (vt_onnx_save(g, path, NULL, &e)) fail_msg("%s", e.msg);
  vt_graph_free(g);
  struct vt_rng rng;
  vt_rng_init(&rng, 2, 2, 2);
  assert_int_equal(vt_image_init(&photo, SIDE, SIDE, 3, NULL), 0);
  for (int y = 0; y < SIDE; y++)
    for (int c = 0; c < SIDE; c++)
      for (int k = 0; k < 3; k++)
        photo.px[y * photo.stride + (right_to_left ? SIDE - 1 - c : c) * 3 + k] =
            (uint8_t)vt_rng_below(&rng, 256);
  struct vt_model_opts o = {.precision = VT_PREC_F32};
  if (vt_segmenter_open(&s, vt_registry_default(), path, &o, &e)) fail_msg("%s", e.msg);
  if (vt_segmenter_run(s, &photo, labels, NULL, &e)) fail_msg("%s", e.msg);
  vt_segmenter_free(s);
  vt_image_clear(&photo);
  unlink(path);
}

/* With `mirror` a photo and its mirror image get mirrored labels; without, a convolution sees sides. */
static void test_mirror(void **state)
{
  enum { SIDE = 64 };
  static uint8_t a[SIDE * SIDE], b[SIDE * SIDE];
  for (int mirror = 0; mirror < 2; mirror++) {
    int differ = 0;
    segment_noise(mirror, false, a);
    segment_noise(mirror, true, b);
    for (int y = 0; y < SIDE; y++)
      for (int x = 0; x < SIDE; x++) differ += a[y * SIDE + x] != b[y * SIDE + SIDE - 1 - x];
    assert_true(mirror ? differ == 0 : differ > 100);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_items),      cmocka_unit_test(test_sizes),
                                     cmocka_unit_test(test_preprocess), cmocka_unit_test(test_view),
                                     cmocka_unit_test(test_embedder),   cmocka_unit_test(test_mirror)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
