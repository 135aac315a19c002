/* The keys of layers applied to networks by name: every norm, activation, kind of convolution and border
 * stands in the graph in place of the network's own, with as many parameters as that takes, and a gradient
 * for each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "backend/backend.h"
#include "train/network_keys.h"

enum { MAX_PARAMETERS = 2048 };
struct holder {
  struct vt__network_keys keys;
};
static const struct vt_opt rows[] = {VT__NETWORK_ROWS(struct holder, keys, "encoder", "0")};

/* The network that a recipe with these keys ("key=value", up to a NULL) names as its encoder. */
static const struct vt_builder *start(struct vt_net *n, struct vt_graph *g, const char *const *set)
{
  struct vt_arena a;
  struct holder h;
  struct vt_err e;
  struct vt_resnet_opts own;
  const struct vt_builder *b = NULL;
  vt_arena_init(&a);
  assert_int_equal(vt_opt_defaults(rows, VT_COUNT(rows), &h, &a, &e), 0);
  for (int i = 0; set[i]; i++) {
    char key[64];
    const char *value = strchr(set[i], '=') + 1;
    snprintf(key, sizeof key, "%.*s", (int)(value - set[i] - 1), set[i]);
    if (vt_opt_set(rows, VT_COUNT(rows), &h, &a, key, value, &e)) fail_msg("%s: %s", set[i], e.msg);
  }
  if (vt__network_read(&h.keys, &b, &own, &e)) fail_msg("%s: %s", set[0], e.msg);
  *n = vt__network_start(&h.keys, g, false, 7);
  vt_arena_clear(&a);
  return b;
}
#define SET(...) ((const char *const[]){__VA_ARGS__, NULL})

static int count(const struct vt_graph *g, const char *op)
{
  int n = 0;
  for (int i = 0; i < g->nnodes; i++) n += !strcmp(g->nodes[i]->op->name, op);
  return n;
}

/* Every parameter has a gradient. */
static void check_trainable(struct vt_graph *g, struct vt_value *y, const char *what)
{
  static struct vt_value *wrt[MAX_PARAMETERS], *grad[MAX_PARAMETERS];
  struct vt_err e;
  int n = 0;
  for (int k = 1; k < g->ninputs; k++)
    if (!strstr(g->inputs[k]->name, ".running_")) wrt[n++] = g->inputs[k];
  if (vt_autodiff(g, vt_emit(g, "ReduceSum", VT_IN(y), "keepdims=0"), n, wrt, grad, &e))
    fail_msg("%s: %s", what, e.msg);
  for (int k = 0; k < n; k++)
    if (!grad[k]) fail_msg("%s: no gradient of %s", what, wrt[k]->name);
}

/* resnet18 has 20 norms over 4800 channels, 17 activations, and 16 convolutions of 3x3 in blocks, 9 of them
 * from 1/16 on. What a key changes of its 11,689,512 parameters; what is gone, what stands there and how
 * often. */
static void test_resnet18(void **state)
{
  enum { AIMS = 3 * (9 * 256 + 1) + 9 * 128 + 1 + 3 * (9 * 512 + 1) + 9 * 256 + 1 };
  static const struct {
    const char *set;
    int64_t more;
    const char *gone, *there;
    int count;
  } cases[] = {
      {"norm=batch", 0, "InstanceNormalization", "BatchNormalization", 20},
      {"norm=layer", 0, "BatchNormalization", "InstanceNormalization", 20},
      {"norm=instance", 0, "BatchNormalization", "InstanceNormalization", 20},
      {"norm=group", 0, "BatchNormalization", "InstanceNormalization", 20},
      {"norm=switchable", 6 * 20, "BatchNormalization", "SwitchableNorm", 20},
      {"norm=local_response", 0, "BatchNormalization", "LRN", 20},
      {"activation=relu6", 0, "Relu", "Clip", 17},
      {"activation=leaky_relu", 0, "Relu", "LeakyRelu", 17},
      {"activation=prelu", 64 + 4 * (64 + 128 + 256 + 512), "Relu", "PRelu", 17},
      {"activation=elu", 0, "Relu", "Elu", 17},
      {"activation=celu", 0, "Relu", "Celu", 17},
      {"activation=selu", 0, "Relu", "Selu", 17},
      {"activation=gelu", 0, "Relu", "Erf", 17},
      {"activation=silu", 0, "Relu", "Sigmoid", 17},
      {"activation=mish", 0, "Relu", "Softplus", 17},
      {"activation=hard_swish", 0, "Relu", "HardSwish", 17},
      {"activation=sigmoid", 0, "Relu", "Sigmoid", 17},
      {"activation=hard_sigmoid", 0, "Relu", "HardSigmoid", 17},
      {"activation=tanh", 0, "Relu", "Tanh", 17},
      {"activation=softplus", 0, "Relu", "Softplus", 17},
      {"activation=softsign", 0, "Relu", "Softsign", 17},
      {"border=mirror", 0, "-", "Pad", 17},
      {"convolution=dilated", 0, "DeformConv", "Conv", 20},
      {"convolution=deformable", 18 * AIMS, "-", "DeformConv", 8},
      {"convolution=deformable_v2", 27 * AIMS, "-", "DeformConv", 8},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_graph *g;
    struct vt_net n;
    struct vt_err e;
    struct vt_built out;
    assert_int_equal(vt_graph_new(&g, vt_registry_default(), "net", &e), 0);
    const struct vt_builder *b = start(&n, g, SET(cases[i].set, "encoder=resnet18"));
    n.outline = true;
    struct vt_value *x = vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){2, 3, 64, 64});
    if (vt_build(b, &n, x, &(struct vt_builder_opts){.classes = 1000}, &out, &e))
      fail_msg("%s: %s", cases[i].set, e.msg);
    if (n.parameters != 11689512 + cases[i].more || count(g, cases[i].gone) ||
        count(g, cases[i].there) != cases[i].count)
      fail_msg("%s: %lld parameters, %d %s, %d %s", cases[i].set, (long long)n.parameters,
               count(g, cases[i].gone), cases[i].gone, count(g, cases[i].there), cases[i].there);
    check_trainable(g, out.logits, cases[i].set);
    vt_graph_free(g);
  }
}

/* Each family's first network with each norm and another activation; convolutions of another kind where it
 * has any.
 */
static void test_families(void **state)
{
  static const char *const norm[] = {"norm=batch", "norm=layer",      "norm=instance",
                                     "norm=group", "norm=switchable", "norm=local_response"};
  for (int f = 0; vt_builder_families[f]; f++)
    for (size_t k = 0; k < VT_COUNT(norm); k++) {
      const struct vt_builder_family *family = vt_builder_families[f];
      const struct vt_builder *b = family->builder;
      struct vt_graph *g;
      struct vt_net n;
      struct vt_err e;
      struct vt_built out;
      char encoder[64];
      snprintf(encoder, sizeof encoder, "encoder=%s", b->name);
      assert_int_equal(vt_graph_new(&g, vt_registry_default(), b->name, &e), 0);
      assert_ptr_equal(start(&n, g, SET(norm[k], "activation=elu", encoder)), b);
      n.outline = true;
      struct vt_value *x = vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){2, 3, 128, 128});
      if (vt_build(b, &n, x, &(struct vt_builder_opts){.encoder = true}, &out, &e))
        fail_msg("%s, %s: %s", b->name, norm[k], e.msg);
      int elus = count(g, "Elu"), own = count(g, "Relu"), batch = count(g, "BatchNormalization");
      if (!elus || own || (k && batch))
        fail_msg("%s, %s: %d Elu, %d Relu, %d batch norms", b->name, norm[k], elus, own, batch);
      if (k == VT_NORM_GROUP) check_trainable(g, out.feature[4], b->name);
      vt_graph_free(g);
      if (k) continue;
      assert_int_equal(vt_graph_new(&g, vt_registry_default(), b->name, &e), 0);
      start(&n, g, SET("convolution=depthwise", encoder));
      n.outline = true;
      x = vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){2, 3, 128, 128});
      int rc = vt_build(b, &n, x, &(struct vt_builder_opts){.encoder = true}, &out, &e);
      assert_int_equal(rc == 0, family->has_convolution);
      if (rc) assert_non_null(strstr(e.msg, "its own kind of convolution only"));
      vt_graph_free(g);
    }
}

/* Answers of resnet18 to x and to 3 x: norms by picture make them the same, the others do not. */
static void test_scaled(void **state)
{
  static const struct {
    const char *set;
    bool same;
  } cases[] = {{"norm=layer", true},
               {"norm=group", true},
               {"norm=instance", true},
               {"norm=batch", false},
               {"norm=local_response", false}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_graph *g;
    struct vt_net n;
    struct vt_err e;
    struct vt_built out;
    struct vt_eval *v;
    struct vt_tensor x, y[2];
    struct vt_rng r;
    vt_rng_init(&r, 2, 0, 0);
    assert_int_equal(vt_graph_new(&g, vt_registry_default(), "net", &e), 0);
    const struct vt_builder *b = start(&n, g, SET(cases[i].set, "encoder=resnet18"));
    assert_int_equal(vt_tensor_init(&x, VT_F32, 4, (int64_t[]){1, 3, 64, 64}, &e), 0);
    struct vt_value *in = vt_graph_input(g, "image", VT_F32, 4, x.dim);
    assert_int_equal(vt_build(b, &n, in, &(struct vt_builder_opts){.encoder = true}, &out, &e), 0);
    vt_graph_output(g, out.feature[2], "y");
    assert_int_equal(vt_eval_new(&v, g, &(struct vt_compile_opts){.precision = VT_PREC_F32}, &e), 0);
    for (int64_t k = 0; k < vt_tensor_count(&x); k++) vt_tensor_set(&x, k, vt_rng_normal(&r));
    assert_int_equal(vt_eval_run(v, &x, &y[0], 0, &e), 0);
    for (int64_t k = 0; k < vt_tensor_count(&x); k++) vt_tensor_set(&x, k, 3 * vt_tensor_get(&x, k));
    assert_int_equal(vt_eval_run(v, &x, &y[1], 0, &e), 0);
    double most = 0, differ = 0;
    for (int64_t k = 0; k < vt_tensor_count(&y[0]); k++) {
      most = fmax(most, fabs(vt_tensor_get(&y[0], k)));
      differ = fmax(differ, fabs(vt_tensor_get(&y[0], k) - vt_tensor_get(&y[1], k)));
    }
    if ((differ < 1e-3 * most) != cases[i].same) fail_msg("%s: %g of %g", cases[i].set, differ, most);
    vt_eval_free(v);
    vt_graph_free(g);
    vt_tensor_clear(&x);
    vt_tensor_clear(&y[0]);
    vt_tensor_clear(&y[1]);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_resnet18),
      cmocka_unit_test(test_families),
      cmocka_unit_test(test_scaled),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
