/* builders: parameter counts against the published ones, feature maps' sizes, options. The counts are those
 * of torchvision's documentation (num_params) and of the papers' reference code; networks are outlines, so no
 * weights are made. */
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

/* Published parameters with 1000 classes and giga multiply-adds at the network's own size, as far as they are
 * published. */
static const struct {
  const char *name;
  int64_t parameters;
  double gmacs;
} published[] = {
    {"resnet18", 11689512, 1.81},          {"resnet34", 21797672, 3.66},
    {"resnet50", 25557032, 4.09},          {"resnet101", 44549160, 7.80},
    {"resnet152", 60192808, 11.51},        {"vgg11", 132863336, 7.61},
    {"vgg13", 133047848, 11.31},           {"vgg16", 138357544, 15.47},
    {"vgg19", 143667240, 19.63},           {"vgg11_bn", 132868840, 7.61},
    {"vgg13_bn", 133053736, 11.31},        {"vgg16_bn", 138365992, 15.47},
    {"vgg19_bn", 143678248, 19.63},        {"densenet121", 7978856, 2.83},
    {"densenet161", 28681000, 7.73},       {"densenet169", 14149480, 3.36},
    {"densenet201", 20013928, 4.29},       {"mobilenet_v2", 3504872, 0.30},
    {"mobilenet_v3_small", 2542856, 0.06}, {"mobilenet_v3_large", 5483032, 0.22},
    {"efficientnet_b0", 5288548, 0.39},    {"efficientnet_b1", 7794184, 0.69},
    {"efficientnet_b2", 9109994, 1.09},    {"efficientnet_b3", 12233232, 1.83},
    {"efficientnet_b4", 19341616, 4.39},   {"efficientnet_b5", 30389784, 10.27},
    {"efficientnet_b6", 43040704, 19.07},  {"efficientnet_b7", 66347960, 37.75},
    {"inception_v3", 27161264, 5.71},      {"xception", 22855952, 8.4},
    {"nasnet_mobile", 5289978, 0.564},     {"nasnet_large", 88753150, 23.8},
    {"squeezenet1_0", 1248424, 0.82},      {"squeezenet1_1", 1235496, 0.35},
};

static void test_parameters(void **state)
{
  struct vt_err e = {0};
  int wrong = 0, builders = 0;
  for (int f = 0; vt_builder_families[f]; f++)
    for (int i = 0; i < vt_builder_families[f]->n; i++)
      builders += vt_builder_families[f]->builder[i].parameters > 0;
  assert_int_equal(builders, VT_COUNT(published));
  for (size_t i = 0; i < VT_COUNT(published); i++) {
    const struct vt_builder *b = vt_builder_find(published[i].name, &e);
    assert_non_null(b);
    struct vt_builder_opts o = {.classes = 1000, .auxiliary = strcmp(b->name, "inception_v3") == 0};
    struct vt_builder_size size;
    if (vt_builder_measure(b, vt_registry_default(), &o, &size, &e)) fail_msg("%s", e.msg);
    double gmacs = (double)size.macs / 1e9;
    if (size.parameters == published[i].parameters && b->parameters == published[i].parameters &&
        fabs(gmacs - published[i].gmacs) < 0.005 + 0.005 * published[i].gmacs)
      continue;
    wrong++;
    print_error("%s: %lld parameters, %.3f G multiply-adds; published are %lld and %g\n", b->name,
                (long long)size.parameters, gmacs, (long long)published[i].parameters, published[i].gmacs);
  }
  assert_int_equal(wrong, 0);
}

/* Whether map k of a network is as large as promised: height >> (k + 1), or a few pixels less where the first
 * convolutions have no padding. */
static bool fits(const struct vt_builder *b, const struct vt_value *map, int k, int64_t height, int64_t width)
{
  int64_t slack = vt_builder_family_of(b)->unpadded ? 4 : 0;
  int64_t h = (height >> (k + 1)) - map->dim[2], w = (width >> (k + 1)) - map->dim[3];
  return h >= 0 && w >= 0 && h <= slack && w <= slack;
}

/* Every builder as an encoder: five maps, each half the size of the one before, for any batch. */
static void test_features(void **state)
{
  struct vt_err e = {0};
  for (size_t i = 0; i < VT_COUNT(published); i++) {
    const struct vt_builder *b = vt_builder_find(published[i].name, &e);
    struct vt_graph *g;
    struct vt_built out;
    int64_t dim[4] = {-1, 3, 256, 192};
    assert_int_equal(vt_graph_new(&g, vt_registry_default(), b->name, &e), 0);
    struct vt_net n = {.g = g, .outline = true};
    struct vt_builder_opts o = {.encoder = true};
    if (vt_build(b, &n, vt_graph_input(g, "image", VT_F32, 4, dim), &o, &out, &e)) fail_msg("%s", e.msg);
    assert_null(out.pooled);
    assert_null(out.logits);
    for (int k = 0; k < 5; k++) {
      assert_non_null(out.feature[k]);
      if (!fits(b, out.feature[k], k, 256, 192))
        fail_msg("%s: map %d is %lld x %lld", b->name, k, (long long)out.feature[k]->dim[2],
                 (long long)out.feature[k]->dim[3]);
    }
    vt_graph_free(g);
  }
}

/* A U-Net on every builder: logits of half the input's size, parameters of the encoder under its prefix, a
 * gradient for every parameter. */
static void test_unet(void **state)
{
  struct vt_err e = {0};
  for (size_t i = 0; i < VT_COUNT(published); i++) {
    struct vt_graph *g;
    struct vt_unet_opts o = {.decoder = {64, 48, 32, 16}, .classes = 5};
    o.network = vt_builder_find(published[i].name, &e);
    assert_int_equal(vt_graph_new(&g, vt_registry_default(), published[i].name, &e), 0);
    struct vt_net n = {.g = g, .outline = true};
    struct vt_value *x = vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){1, 3, 256, 192});
    struct vt_value *y = vt_build_unet(&n, x, &o, &e), *wrt[2048], *grad[2048];
    if (!y) fail_msg("%s: %s", published[i].name, e.msg);
    assert_true(y->dim[1] == 5 && y->dim[2] == 128 && y->dim[3] == 96);
    int nwrt = 0;
    for (int k = 1; k < g->ninputs; k++)
      if (!strstr(g->inputs[k]->name, ".running_")) wrt[nwrt++] = g->inputs[k];
    assert_non_null(strstr(wrt[0]->name, "encoder."));
    struct vt_value *loss = vt_emit(g, "ReduceSum", VT_IN(y), "keepdims=0");
    if (vt_autodiff(g, loss, nwrt, wrt, grad, &e)) fail_msg("%s: %s", published[i].name, e.msg);
    for (int k = 0; k < nwrt; k++)
      if (!grad[k]) fail_msg("%s: no gradient of %s", published[i].name, wrt[k]->name);
    vt_graph_free(g);
  }
}

/* vgg's first linear layer fits the map: 7x7 of the network's own size, or less of a smaller picture. */
static void test_vgg_sizes(void **state)
{
  static const struct {
    int64_t side, features; /* 0: refused */
  } cases[] = {{224, 512 * 49}, {448, 512 * 49}, {64, 512 * 4}, {96, 512 * 9}, {300, 0}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_graph *g;
    struct vt_err e = {0};
    struct vt_built out = {0};
    const struct vt_builder *b = vt_builder_find("vgg16", &e);
    assert_int_equal(vt_graph_new(&g, vt_registry_default(), b->name, &e), 0);
    struct vt_net n = {.g = g, .outline = true};
    struct vt_value *x =
        vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){-1, 3, cases[i].side, cases[i].side});
    int rc = vt_build(b, &n, x, &(struct vt_builder_opts){.classes = 17}, &out, &e);
    assert_int_equal(rc == 0, cases[i].features != 0);
    if (rc)
      assert_non_null(strstr(e.msg, "at most 224"));
    else
      assert_int_equal(vt_graph_find(g, "classifier.0.weight")->dim[1], cases[i].features);
    vt_graph_free(g);
  }
}

/* Open sizes: fine with padding, refused without. */
static void test_unet_open(void **state)
{
  static const char *const names[] = {"mobilenet_v2", "xception"};
  for (int i = 0; i < 2; i++) {
    struct vt_graph *g;
    struct vt_err e = {0};
    struct vt_unet_opts o = {
        .decoder = {64, 48, 32, 16}, .classes = 5, .network = vt_builder_find(names[i], &e)};
    assert_int_equal(vt_graph_new(&g, vt_registry_default(), "unet", &e), 0);
    struct vt_net n = {.g = g, .outline = true};
    struct vt_value *x = vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){1, 3, -1, -1});
    struct vt_value *y = vt_build_unet(&n, x, &o, &e);
    assert_int_equal(y != NULL, i == 0);
    if (i) assert_non_null(strstr(e.msg, "xception as encoder needs an input of fixed size"));
    vt_graph_free(g);
  }
}

static void test_options(void **state)
{
  static const struct {
    const char *name;
    struct vt_builder_opts o;
    const char *message; /* NULL: it builds */
  } cases[] = {{"resnet18", {.classes = 0}, NULL},
               {"resnet18", {.classes = -1}, "classes"},
               {"resnet18", {.classes = 10, .encoder = true}, "no classifier"},
               {"resnet18", {.classes = 10, .auxiliary = true}, "side classifier"},
               {"resnet18", {.classes = 10, .width = 0.5f}, "times as wide"},
               {"mobilenet_v2", {.classes = 10, .width = 0.5f}, NULL},
               {"mobilenet_v2", {.classes = 10, .width = 100}, "times as wide"}};
  struct vt_err e = {0};
  struct vt_builder_size size;
  assert_null(vt_builder_find("resnet19", &e));
  assert_non_null(strstr(e.msg, "resnet18, resnet34"));
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    const struct vt_builder *b = vt_builder_find(cases[i].name, &e);
    int rc = vt_builder_measure(b, vt_registry_default(), &cases[i].o, &size, &e);
    assert_int_equal(rc != 0, cases[i].message != NULL);
    if (rc && !strstr(e.msg, cases[i].message)) fail_msg("%s", e.msg);
  }
  /* half as wide, 1000 classes: torchvision's mobilenet_v2(width_mult=0.5) */
  struct vt_builder_opts half = {.classes = 1000, .width = 0.5f};
  assert_int_equal(
      vt_builder_measure(vt_builder_find("mobilenet_v2", &e), vt_registry_default(), &half, &size, &e), 0);
  assert_int_equal(size.parameters, 1968680);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_parameters), cmocka_unit_test(test_features),
                                     cmocka_unit_test(test_unet),       cmocka_unit_test(test_unet_open),
                                     cmocka_unit_test(test_options),    cmocka_unit_test(test_vgg_sizes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
