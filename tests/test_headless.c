/* Classifiers cut back to their features: one small graph in the style of each family's head, against the
 * same network built without one; what has no such head is refused; embedders of cut classifiers give unit
 * vectors. */
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

enum { FEATURES = 6, CLASSES = 5, SIDE = 8 };

static struct vt_value *weights(struct vt_graph *g, const char *name, int rank, const int64_t *dim)
{
  struct vt_tensor t;
  struct vt_rng r;
  if (vt_tensor_init(&t, VT_F32, rank, dim, NULL)) return NULL;
  vt_rng_init(&r, 3, vt_hash64(name, strlen(name)), 0);
  for (int64_t i = 0; i < vt_tensor_count(&t); i++) ((float *)t.data)[i] = vt_rng_normal(&r);
  struct vt_value *v = vt_graph_constant(g, name, &t);
  vt_tensor_clear(&t);
  return v;
}
#define DIMS(...)                                                                                            \
  (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[])                                     \
  {                                                                                                          \
    __VA_ARGS__                                                                                              \
  }

/* (N, FEATURES, SIDE, SIDE) */
static struct vt_value *trunk(struct vt_graph *g)
{
  struct vt_value *x = vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){-1, 3, SIDE, SIDE});
  struct vt_value *y = vt_emit(g, "Conv", VT_IN(x, weights(g, "stem", DIMS(FEATURES, 3, 3, 3))),
                               "kernel_shape=[3,3] pads=[1,1,1,1]");
  return vt_emit(g, "Relu", VT_IN(y), "");
}
static struct vt_value *pool(struct vt_graph *g, struct vt_value *x)
{
  return vt_emit(g, "Flatten", VT_IN(vt_emit(g, "GlobalAveragePool", VT_IN(x), "")), "axis=1");
}
static struct vt_value *gemm(struct vt_graph *g, struct vt_value *x, const char *name, int out)
{
  return vt_emit(g, "Gemm", VT_IN(x, weights(g, name, DIMS(out, x->dim[1])), weights(g, "bias", DIMS(out))),
                 "transB=1");
}

/* Each builds the features, and with `head` what follows. */
static struct vt_value *resnet(struct vt_graph *g, bool head)
{
  struct vt_value *y = pool(g, trunk(g));
  return head ? gemm(g, y, "fc", CLASSES) : y;
}
static struct vt_value *vgg(struct vt_graph *g, bool head)
{
  struct vt_value *y = vt_emit(g, "Flatten", VT_IN(trunk(g)), "axis=1");
  y = vt_emit(g, "Relu", VT_IN(gemm(g, y, "fc6", 9)), "");
  y = vt_emit(g, "Dropout", VT_IN(y), "");
  return head ? vt_emit(g, "Softmax", VT_IN(gemm(g, y, "fc8", CLASSES)), "axis=1") : y;
}
static struct vt_value *squeezenet(struct vt_graph *g, bool head)
{
  struct vt_value *y = vt_emit(g, "Dropout", VT_IN(trunk(g)), "");
  if (!head) return pool(g, y);
  y = vt_emit(
      g, "Conv",
      VT_IN(y, weights(g, "classifier", DIMS(CLASSES, FEATURES, 1, 1)), weights(g, "b", DIMS(CLASSES))),
      "kernel_shape=[1,1]");
  return pool(g, vt_emit(g, "Relu", VT_IN(y), ""));
}
static struct vt_value *convolutional(struct vt_graph *g, bool head)
{
  struct vt_value *y = trunk(g);
  if (!head) return vt_emit(g, "Flatten", VT_IN(y), "axis=1");
  y = vt_emit(g, "Conv", VT_IN(y, weights(g, "all", DIMS(CLASSES, FEATURES, SIDE, SIDE))),
              "kernel_shape=[8,8]");
  return vt_emit(g, "Reshape", VT_IN(y, vt_graph_ints(g, 2, (int64_t[]){0, -1})), "");
}
static struct vt_value *transformer(struct vt_graph *g, bool head)
{
  struct vt_value *y =
      vt_emit(g, "Reshape", VT_IN(trunk(g), vt_graph_ints(g, 3, (int64_t[]){0, FEATURES, -1})), "");
  y = vt_emit(g, "Transpose", VT_IN(y), "perm=[0,2,1]"); // (N, T, D)
  struct vt_tensor zero = vt_tensor_view(VT_I64, 0, NULL, &(int64_t){0});
  y = vt_emit(g, "Gather", VT_IN(y, vt_graph_constant(g, "first", &zero)), "axis=1"); // (N, D)
  if (!head) return y;
  struct vt_value *w = vt_emit(g, "Transpose", VT_IN(weights(g, "w", DIMS(CLASSES, FEATURES))), "perm=[1,0]");
  y = vt_emit(g, "Add", VT_IN(weights(g, "b", DIMS(CLASSES)), vt_emit(g, "MatMul", VT_IN(y, w), "")), "");
  return vt_emit(g, "LogSoftmax", VT_IN(y), "axis=1");
}
/* Scores of tokens are pooled after the layer. */
static struct vt_value *tokens(struct vt_graph *g, bool head)
{
  struct vt_value *y =
      vt_emit(g, "Reshape", VT_IN(trunk(g), vt_graph_ints(g, 3, (int64_t[]){0, FEATURES, -1})), "");
  y = vt_emit(g, "Transpose", VT_IN(y), "perm=[0,2,1]");
  if (head) y = vt_emit(g, "MatMul", VT_IN(y, weights(g, "w", DIMS(FEATURES, CLASSES))), "");
  return vt_emit(g, "ReduceMean", VT_IN(y), "axes=[1] keepdims=0");
}
/* Cosine scores, as of networks trained with margins, at a temperature. */
static struct vt_value *cosine(struct vt_graph *g, bool head)
{
  struct vt_value *y = vt_emit(g, "LpNormalization", VT_IN(pool(g, trunk(g))), "axis=1 p=2");
  if (!head) return y;
  struct vt_value *w =
      vt_emit(g, "LpNormalization", VT_IN(weights(g, "w", DIMS(CLASSES, FEATURES))), "axis=1 p=2");
  return vt_emit(g, "Mul", VT_IN(vt_emit(g, "Gemm", VT_IN(y, w), "transB=1"), vt_graph_scalar(g, 30)), "");
}

static const struct {
  const char *name;
  struct vt_value *(*build)(struct vt_graph *g, bool head);
  const char *op;
} families[] = {
    {"resnet", resnet, "Gemm"},
    {"vgg", vgg, "Gemm"},
    {"squeezenet", squeezenet, "Conv"},
    {"convolutional", convolutional, "Conv"},
    {"transformer", transformer, "MatMul"},
    {"tokens", tokens, "MatMul"},
    {"cosine", cosine, "Gemm"},
};

static struct vt_graph *make(struct vt_value *(*build)(struct vt_graph *g, bool head), bool head)
{
  struct vt_graph *g;
  struct vt_err e = {0};
  if (vt_graph_new(&g, vt_registry_default(), "test", &e)) fail_msg("%s", e.msg);
  vt_graph_output(g, build(g, head), head ? "scores" : "features");
  if (vt_graph_status(g, &e)) fail_msg("%s", e.msg);
  return g;
}

/* (2, D) */
static int64_t answer(const struct vt_graph *g, float *out, int64_t room)
{
  static float pixels[2 * 3 * SIDE * SIDE];
  struct vt_program *p;
  struct vt_session *s;
  struct vt_tensor in = vt_tensor_view(VT_F32, 4, (int64_t[]){2, 3, SIDE, SIDE}, pixels), y;
  struct vt_shape shape = {4, {2, 3, SIDE, SIDE}};
  struct vt_err e = {0};
  struct vt_rng r;
  vt_rng_init(&r, 1, 2, 3);
  for (size_t i = 0; i < VT_COUNT(pixels); i++) pixels[i] = vt_rng_normal(&r);
  int rc = vt_program_compile(&p, g, &shape, &(struct vt_compile_opts){.precision = VT_PREC_F32}, &e);
  if (!rc) rc = vt_session_new(&s, p, &e);
  if (!rc) rc = vt_session_run(s, &in, &y, &e);
  if (rc) fail_msg("%s", e.msg);
  int64_t n = vt_tensor_count(&y);
  assert_int_equal(y.rank, 2);
  assert_true(n <= room);
  for (int64_t i = 0; i < n; i++) out[i] = (float)vt_tensor_get(&y, i);
  vt_session_free(s);
  vt_program_free(p);
  return n;
}

static void families_are_cut(void **state)
{
  for (size_t f = 0; f < VT_COUNT(families); f++) {
    float want[1024], have[1024], most = 0;
    struct vt_cut cut;
    struct vt_err e = {0};
    struct vt_graph *bare = make(families[f].build, false), *g = make(families[f].build, true);
    if (vt_model_headless(g, &cut, &e)) fail_msg("%s: %s", families[f].name, e.msg);
    int64_t n = answer(bare, want, 1024);
    assert_int_equal(answer(g, have, 1024), n);
    for (int64_t i = 0; i < n; i++) most = fmaxf(most, fabsf(want[i] - have[i]));
    if (!(most < 1e-5f)) fail_msg("%s: features differ by %g", families[f].name, (double)most);
    assert_string_equal(cut.op, families[f].op);
    assert_int_equal(cut.classes, CLASSES);
    assert_int_equal(cut.features, n / 2);
    /* nothing of the head is left to be saved */
    for (int i = 0; i < g->nvalues; i++)
      for (int k = 0; k < 4 && g->values[i]->init.data; k++)
        assert_string_not_equal(g->values[i]->name, ((const char *[]){"fc", "fc8", "classifier", "b"})[k]);
    vt_graph_free(bare);
    vt_graph_free(g);
  }
}

static struct vt_value *only_a_map(struct vt_graph *g, bool head)
{
  return trunk(g);
}
static struct vt_value *only_scores(struct vt_graph *g, bool head)
{
  struct vt_value *x = vt_graph_input(g, "image", VT_F32, 2, (int64_t[]){-1, 12});
  return gemm(g, x, "fc", CLASSES);
}

static void others_are_refused(void **state)
{
  struct vt_cut cut;
  struct vt_err e;
  struct vt_graph *g = make(only_a_map, true);
  assert_int_equal(vt_model_headless(g, &cut, &e), VT_EARG);
  assert_non_null(strstr(e.msg, "comes from Conv"));
  vt_graph_free(g);
  g = make(only_scores, true);
  assert_int_equal(vt_model_headless(g, &cut, &e), VT_EARG);
  assert_non_null(strstr(e.msg, "reads the input itself"));
  vt_graph_free(g);
}

/* A file without metadata is an embedder too, once cut. */
static void embedder_of_a_classifier(void **state)
{
  char path[] = "/tmp/vitrine-test-headless-XXXXXX";
  float in[3 * SIDE * SIDE], v[FEATURES], norm = 0;
  struct vt_embedder *x;
  struct vt_err e = {0};
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  close(fd);
  struct vt_graph *g = make(resnet, true);
  assert_int_equal(vt_onnx_save(g, path, NULL, &e), 0);
  vt_graph_free(g);
  assert_int_not_equal(vt_embedder_open(&x, vt_registry_default(), path, &(struct vt_model_opts){0}, &e), 0);
  struct vt_model_opts o = {.headless = true, .batch = 1};
  if (vt_embedder_open(&x, vt_registry_default(), path, &o, &e)) fail_msg("%s", e.msg);
  assert_int_equal(vt_embedder_dim(x), FEATURES);
  assert_int_equal(vt_embedder_preprocess(x)->width, SIDE);
  assert_int_equal(vt_embedder_cut(x)->classes, CLASSES);
  for (size_t i = 0; i < VT_COUNT(in); i++) in[i] = (float)(i % 7) - 3;
  assert_int_equal(vt_embedder_run(x, in, 1, v, NULL, &e), 0);
  for (int i = 0; i < FEATURES; i++) norm += v[i] * v[i];
  assert_true(fabsf(norm - 1) < 1e-4f);
  vt_embedder_free(x);
  unlink(path);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(families_are_cut),
      cmocka_unit_test(others_are_refused),
      cmocka_unit_test(embedder_of_a_classifier),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
