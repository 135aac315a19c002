/* The embedding task on a small folder of data: drawn garments as the products too, a photo of each other
 * set.
 *
 * What an epoch shows, who is whose partner, garments as segmentation found them, and a finished run that is
 * exported in another form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "backend/backend.h"
#include "data/synth.h"
#include "train/embed_task.h"
#include "train/trainer.h"

enum { PRODUCTS = 48, PHOTOS = 30, ANCHORS = 32, HEADS = 3 };
static char dir[] = "/tmp/vitrine-test-embed-XXXXXX";
static struct vt_err e;

#include "tests/temp_files.h"

static void put_picture(const char *name, int width, int height, int channels, int colour)
{
  struct vt_image im;
  assert_int_equal(vt_image_init(&im, width, height, channels, &e), 0);
  for (int i = 0; i < im.stride * height; i++) im.px[i] = (uint8_t)(channels == 1 ? 1 : colour * (i % 7));
  if (vt_image_write(&im, at(name), 90, &e)) fail_msg("%s", e.msg);
  vt_image_clear(&im);
}

static void put_products(void)
{
  static const char *const type[] = {"Shirts", "Jeans"}, *const colour[] = {"Red", "Blue"};
  struct vt_buf table;
  vt_buf_init(&table);
  vt_buf_adds(&table, "id,gender,masterCategory,subCategory,articleType,baseColour,season,year,usage,"
                      "productDisplayName,split\n");
  for (int i = 0; i < PRODUCTS; i++) {
    char name[64];
    vt_buf_addf(&table, "%d,Men,Apparel,Topwear,%s,%s,Fall,2011,Casual,x,train\n", i, type[i % 2],
                colour[i / 2 % 2]);
    snprintf(name, sizeof name, "products/images/%d.jpg", i);
    put_picture(name, 60, 80, 3, i);
    snprintf(name, sizeof name, "products/images224/%d.jpg", i);
    if (i < 4) put_picture(name, 60, 60, 3, i);
  }
  put("products/styles.csv", table.data);
  put("taxonomy/products.csv", "articleType,group\nShirts,top\nJeans,pants\n");
  vt_buf_clear(&table);
}

static int make_data(void **state)
{
  static const char *const folders[] = {"products/images", "products/images224", "taxonomy",
                                        "clothing/images", "ccp/photos",         "ccp/masks"};
  if (!mkdtemp(dir)) return -1;
  for (size_t i = 0; i < VT_COUNT(folders); i++) assert_int_equal(vt_mkdirs(at(folders[i]), &e), 0);
  put_products();
  put("clothing/images.csv", "image,sender_id,label,kids,split\na,1,T-Shirt,False,train\n");
  put_picture("clothing/images/a.jpg", 40, 50, 3, 9);
  put("ccp/split.csv", "id,split\n0001,train\n");
  put_picture("ccp/photos/0001.jpg", 40, 60, 3, 5);
  put_picture("ccp/masks/0001.png", 40, 60, 1, 0);
  const char *drawn = at("drawn");
  struct vt_synth_opts draw = {.out = drawn, .products = PRODUCTS, .photos = PHOTOS, .seed = 3};
  if (vt_synth_write(&draw, &e)) fail_msg("%s", e.msg);
  struct vt_buf recipe;
  vt_buf_init(&recipe);
  vt_buf_addf(&recipe,
              "task: embed\nepochs: 1\nbatch: 16\nanchors: %d\nwidth: 32\nheight: 32\nencoder: '8,8,8,8'\n"
              "blocks: '1,1,1,1'\nstem: 8\ndim: 16\ngroup_dim: 8\nclass_dim: 8\nhold_out: 6\nneighbours: 4\n"
              "contrast_weight: 1\nshares: '10,5,30,5,50'\nsynth: %s\nfound: %s/masks\nthreads: "
              "1\nloader.threads: 1\n"
              "precision: f32\nbest: p10_type\n",
              ANCHORS, drawn, drawn);
  put("recipe.yaml", recipe.data);
  vt_buf_clear(&recipe);
  return 0;
}

static int remove_data(void **state)
{
  char command[400];
  snprintf(command, sizeof command, "rm -r '%s'", dir);
  return system(command);
}

static void train(const char *set)
{
  struct vt_strings s = {set ? 1 : 0, &set};
  struct vt_train_opts o = {.recipe = at("recipe.yaml"), .set = &s, .out = at("run"), .data_dir = dir};
  if (vt__train_run(vt_registry_default(), &o, vt_tasks, vt_ntasks, &e)) fail_msg("%s", e.msg);
}

static int dim_of_model(void)
{
  struct vt_embedder *x;
  struct vt_model_opts o = {.precision = VT_PREC_F32, .batch = 1};
  if (vt_embedder_open(&x, vt_registry_default(), at("run/last.onnx"), &o, &e)) fail_msg("%s", e.msg);
  int dim = vt_embedder_dim(x);
  vt_embedder_free(x);
  return dim;
}

static struct vt__embed_task *open_task(struct vt_recipe_file *f, const char *set)
{
  void *ctx;
  struct vt_strings s = {1, &set};
  if (vt__recipe_read(f, at("recipe.yaml"), &s, vt_tasks, vt_ntasks, &e)) fail_msg("%s", e.msg);
  if (f->task->open(&ctx, f->task_opts, vt_registry_default(), dir, 1, &e)) fail_msg("%s", e.msg);
  return ctx;
}

/* One epoch; then the same weights with other parts, which a finished run exports without training. */
static void test_run_and_other_parts(void **state)
{
  char *was, *now;
  size_t n, m;
  struct vt_recipe_file f;
  struct vt__embed_task *t = open_task(&f, "batch=16");
  int types = t->data.nclasses[t->attr[0]], colours = t->data.nclasses[t->attr[1]];
  f.task->close(t);
  vt__recipe_clear(&f);
  assert_in_range(colours, 3, 63);
  train("parts=1,1,1,0,1");
  assert_int_equal(dim_of_model(), 17 + VT_MIN(types, 64) + colours + 16);
  assert_int_equal(vt_file_read(at("run/results.csv"), 1 << 20, &was, &n, &e), 0);
  assert_non_null(strstr(was, "drawn_recall_at_5"));
  assert_non_null(strstr(was, "train_contrast"));
  train("parts=1,0,2,0,1");
  assert_int_equal(dim_of_model(), 17 + colours + 16);
  assert_int_equal(vt_file_read(at("run/results.csv"), 1 << 20, &now, &m, &e), 0);
  assert_string_equal(was, now);
  vt_free(was);
  vt_free(now);
  const char *set = "dim=24"; /* what the weights depend on stays as it was */
  struct vt_strings s = {1, &set};
  struct vt_train_opts o = {.recipe = at("recipe.yaml"), .set = &s, .out = at("run"), .data_dir = dir};
  assert_int_equal(vt__train_run(vt_registry_default(), &o, vt_tasks, vt_ntasks, &e), VT_ESTATE);
}

/* The metric loss alone, with each of its forms, on features of the house's encoder: it falls. On capsules:
 * it trains. */
static void test_metric_losses(void **state)
{
  static const struct {
    const char *run, *set[3];
  } cases[] = {{"m_triplet", {"metric_loss=triplet", "margin=0.3"}},
               {"m_l2", {"metric_loss=triplet_l2", "margin=1"}},
               {"m_contrastive", {"metric_loss=contrastive", "margin=1"}},
               {"m_arcface", {"metric_loss=arcface", "margin=0.2"}},
               {"m_proxy", {"metric_loss=proxy_anchor", "margin=0.1"}},
               {"m_capsules", {"metric_loss=triplet_l2", "margin=1", "encoder=rccapsnet"}}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    const char *set[] = {"epochs=3",           "validate_every=3", "contrast_weight=0",  "group_weight=0",
                         "head_weights=0,0,0", "shares=0,0,1,0,0", "optimizer.lr=0.002", "anchors=96",
                         cases[i].set[0],      cases[i].set[1],    cases[i].set[2]};
    char name[64];
    double loss[2] = {0};
    int column, rows = 0;
    struct vt_csv c;
    struct vt_strings s = {cases[i].set[2] ? 11 : 10, set};
    struct vt_train_opts o = {
        .recipe = at("recipe.yaml"), .set = &s, .out = at(cases[i].run), .data_dir = dir};
    if (vt__train_run(vt_registry_default(), &o, vt_tasks, vt_ntasks, &e))
      fail_msg("%s: %s", cases[i].run, e.msg);
    snprintf(name, sizeof name, "%s/results.csv", cases[i].run);
    assert_int_equal(vt_csv_open(&c, at(name), &e), 0);
    assert_true(vt_csv_need(&c, "train_loss", &column, &e) >= 0);
    for (; vt_csv_next(&c, NULL) == 1; rows++) assert_true(vt_parse_f64(c.field[column], &loss[rows > 0]));
    vt_csv_close(&c);
    if (!(rows == 3 && loss[1] < (cases[i].set[2] ? 1 : 0.95) * loss[0]))
      fail_msg("%s: %g to %g", cases[i].run, loss[0], loss[1]);
  }
}

/* True masks given as the found ones: each garment has a second picture, the same as the first. */
static void test_found(void **state)
{
  struct vt_recipe_file f;
  struct vt__embed_task *t = open_task(&f, "neighbours=0");
  int64_t n = t->data.n, garments = 0;
  assert_int_equal(t->s.n, 2 * n);
  for (int64_t i = 0; i < n; i++) {
    const struct vt__embed_sample *a = &t->s.v[i], *b = &t->s.v[n + i];
    if (t->data.v[i].source != VT_SOURCE_SYNTH || !t->data.v[i].region || !a->im.px) {
      assert_null(b->im.px);
      continue;
    }
    assert_int_equal(a->key, b->key);
    if (!b->im.px) continue; /* specks that the search drops as well */
    garments++;
    assert_int_equal(a->im.width, b->im.width);
  }
  assert_in_range(garments, PHOTOS, 10 * PHOTOS);
  f.task->close(t);
  vt__recipe_clear(&f);
}

/* Anchors are never held out, and a partner has its anchor's key, or its group where there is no key. */
static void test_order(void **state)
{
  struct vt_recipe_file f;
  struct vt__embed_task *t = open_task(&f, "neighbours=0");
  int64_t order[2 * ANCHORS], drawn = 0;
  assert_int_equal(vt__embed_order(t, 0, NULL, order, &e), 0);
  for (int i = 0; i < ANCHORS; i++) {
    const struct vt__embed_sample *a = &t->s.v[order[2 * i]], *b = &t->s.v[order[2 * i + 1]];
    assert_false(a->held || b->held);
    assert_non_null(a->im.px);
    assert_non_null(b->im.px);
    if (a->key >= 0) assert_int_equal(a->key, b->key);
    if (a->key < 0 && a->group >= 0 && a != b) assert_int_equal(a->group, b->group);
    drawn += a->source == VT_SOURCE_SYNTH;
  }
  assert_true(drawn > 0);
  f.task->close(t);
  vt__recipe_clear(&f);
}

/* Keys of six samples: their partners, and who stands aside for whom. */
static void test_partners(void **state)
{
  enum { N = 6 };
  static const int64_t key[N] = {5, 5, 7, 5, -1, 9}, partner[N] = {1, 0, -1, 0, -1, -1};
  /* x: stands aside. Of row 0: itself, sample 3 of the same key, sample 4 of none. */
  static const char *const aside[N] = {"x..xx.", ".x.xx.", "..x.x.", ".x.xx.", "....x.", "....xx"};
  struct vt_recipe_file f;
  struct vt__embed_task *t = open_task(&f, "batch=6");
  size_t bytes = f.task->sample_bytes(t), plane = vt__embed_plane_bytes(t);
  char *slots = vt_calloc(N, bytes);
  float *image = vt_calloc(N, plane), wall[N * N];
  int64_t label[HEADS + 3][N];
  struct vt_tensor in[HEADS + 5] = {vt_tensor_view(VT_F32, 1, (int64_t[]){1}, image)};
  assert_non_null(slots);
  assert_non_null(image);
  for (int k = 0; k < HEADS + 3; k++) in[k + 1] = vt_tensor_view(VT_I64, 1, (int64_t[]){N}, label[k]);
  in[HEADS + 4] = vt_tensor_view(VT_F32, 2, (int64_t[]){N, N}, wall);
  for (int i = 0; i < N; i++) ((int64_t *)(slots + (size_t)i * bytes + plane))[HEADS + 1] = key[i];
  assert_int_equal(f.task->feed(t, slots, N, in, &e), 0);
  for (int i = 0; i < N; i++) {
    assert_int_equal(label[HEADS + 2][i], partner[i]);
    for (int j = 0; j < N; j++) assert_true(wall[i * N + j] == (aside[i][j] == 'x' ? -1e4f : 0));
  }
  vt_free(slots);
  vt_free(image);
  f.task->close(t);
  vt__recipe_clear(&f);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_found),         cmocka_unit_test(test_order),
      cmocka_unit_test(test_partners),      cmocka_unit_test(test_run_and_other_parts),
      cmocka_unit_test(test_metric_losses),
  };
  vt_log_set(VT_LOG_ERROR);
  return cmocka_run_group_tests(tests, make_data, remove_data);
}
