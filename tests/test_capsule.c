/* Capsules: routing against plain loops, gradients, margin loss against its formula, the networks' sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "backend/backend.h"
#include "block_gradient.h"
#include "model/layers.h"

enum { I = 6, D_IN = 3, J = 4, D = 5, N = 2 };

static struct vt_value *route(struct vt_net *n, struct vt_value *u, const void *rounds)
{
  return vt__route_capsules(n, u, "c", J, D, *(const int *)rounds);
}
static struct vt_value *primary(struct vt_net *n, struct vt_value *x, const void *unused)
{
  return vt__primary_capsules(n, x, "p", 3, 4, 3, 2);
}
static struct vt_value *lengths(struct vt_net *n, struct vt_value *v, const void *unused)
{
  return vt__capsule_lengths(n, vt__squash(n, v));
}
static struct vt_value *margin(struct vt_net *n, struct vt_value *x, const void *unused)
{
  struct vt_tensor t = vt_tensor_view(VT_I64, 1, (int64_t[]){3}, (int64_t[]){1, 0, 3});
  struct vt_value *loss =
      vt_margin_loss(n->g, vt_emit(n->g, "Sigmoid", VT_IN(x), ""), vt_graph_constant(n->g, "labels", &t));
  return vt_emit(n->g, "Reshape", VT_IN(loss, vt_graph_ints(n->g, 1, (int64_t[]){1})), "");
}

static void test_gradients(void **state)
{
  for (int rounds = 1; rounds <= 3; rounds++)
    check_gradients("routing", route, &rounds, 3, (int64_t[]){N, I, D_IN}, false);
  check_gradients("primary capsules", primary, NULL, 4, (int64_t[]){2, 2, 5, 4}, false);
  check_gradients("lengths", lengths, NULL, 3, (int64_t[]){2, 3, 4}, false);
  check_gradients("margin loss", margin, NULL, 2, (int64_t[]){3, 4}, false);
}

static void squash(double *v)
{
  double square = 0;
  for (int k = 0; k < D; k++) square += v[k] * v[k];
  for (int k = 0; k < D; k++) v[k] *= sqrt(square) / (1 + square);
}

/* Procedure 1 of the paper, picture by picture. */
static void expected(const float *u, const float *w, int rounds, double v[J][D])
{
  double hat[J][I][D] = {{{0}}}, b[I][J] = {{0}};
  for (int i = 0; i < I; i++)
    for (int j = 0; j < J; j++)
      for (int k = 0; k < D; k++)
        for (int d = 0; d < D_IN; d++)
          hat[j][i][k] += (double)u[i * D_IN + d] * (double)w[(i * D_IN + d) * J * D + j * D + k];
  for (int r = 0; r < rounds; r++) {
    memset(v, 0, sizeof(double[J][D]));
    for (int i = 0; i < I; i++) {
      double sum = 0;
      for (int j = 0; j < J; j++) sum += exp(b[i][j]);
      for (int j = 0; j < J; j++)
        for (int k = 0; k < D; k++) v[j][k] += exp(b[i][j]) / sum * hat[j][i][k];
    }
    for (int j = 0; j < J; j++) squash(v[j]);
    for (int i = 0; i < I; i++)
      for (int j = 0; j < J; j++)
        for (int k = 0; k < D; k++) b[i][j] += hat[j][i][k] * v[j][k];
  }
}

static const struct vt_tensor *only(void *ctx, const char *name)
{
  return !strcmp(name, "c.weight") ? ctx : NULL;
}

static void run_once(struct vt_graph *g, const struct vt_tensor *in, struct vt_tensor *out)
{
  struct vt_eval *v;
  struct vt_err e;
  if (vt_graph_status(g, &e)) fail_msg("%s", e.msg);
  assert_int_equal(vt_eval_new(&v, g, &(struct vt_compile_opts){.precision = VT_PREC_F32}, NULL), 0);
  if (vt_eval_run(v, in, out, 0, &e)) fail_msg("%s", e.msg);
  vt_eval_free(v);
}

static void test_routing(void **state)
{
  struct vt_rng rng;
  struct vt_tensor u, w, y;
  vt_rng_init(&rng, 8, 0, 0);
  assert_int_equal(vt_tensor_init(&u, VT_F32, 3, (int64_t[]){N, I, D_IN}, NULL), 0);
  assert_int_equal(vt_tensor_init(&w, VT_F32, 3, (int64_t[]){I, D_IN, J * D}, NULL), 0);
  block_random(&u, &rng, 0, 1);
  block_random(&w, &rng, 0, 1);
  for (int rounds = 1; rounds <= 4; rounds++) {
    struct vt_graph *g;
    assert_int_equal(vt_graph_new(&g, vt_registry_default(), "routing", NULL), 0);
    struct vt_net n = {.g = g, .find = only, .ctx = &w};
    struct vt_value *x = vt_graph_input(g, "u", VT_F32, 3, (int64_t[]){-1, I, D_IN});
    vt_graph_output(g, route(&n, x, &rounds), "v");
    run_once(g, &u, &y);
    for (int p = 0; p < N; p++) {
      double v[J][D];
      expected((const float *)u.data + p * I * D_IN, w.data, rounds, v);
      for (int k = 0; k < J * D; k++)
        if (fabs(vt_tensor_get(&y, p * J * D + k) - v[k / D][k % D]) > 1e-5)
          fail_msg("%d rounds, number %d: %g, expected %g", rounds, k, vt_tensor_get(&y, p * J * D + k),
                   v[k / D][k % D]);
    }
    vt_tensor_clear(&y);
    vt_graph_free(g);
  }
  vt_tensor_clear(&u);
  vt_tensor_clear(&w);
}

static void test_margin(void **state)
{
  float length[2][3] = {{0.95f, 0.05f, 0.4f}, {0.3f, 0.6f, 0.1f}};
  int64_t label[2] = {0, 1};
  /* picture 0: 0 + 0 + .5 .3^2; picture 1: .5 .2^2 + .3^2 + 0; mean of both */
  double want = (0.5 * 0.09 + 0.5 * 0.04 + 0.09) / 2;
  struct vt_graph *g;
  struct vt_tensor in[2] = {vt_tensor_view(VT_F32, 2, (int64_t[]){2, 3}, length),
                            vt_tensor_view(VT_I64, 1, (int64_t[]){2}, label)},
                   y;
  assert_int_equal(vt_graph_new(&g, vt_registry_default(), "margin", NULL), 0);
  struct vt_value *l = vt_graph_input(g, "lengths", VT_F32, 2, in[0].dim);
  vt_graph_output(g, vt_margin_loss(g, l, vt_graph_input(g, "labels", VT_I64, 1, in[1].dim)), "loss");
  run_once(g, in, &y);
  assert_true(fabs(vt_tensor_get(&y, 0) - want) < 1e-6);
  vt_tensor_clear(&y);
  vt_graph_free(g);
}

/* Numbers of a convolution with its norm. */
static int64_t conv_norm(int64_t in, int64_t out)
{
  return 9 * in * out + 2 * out;
}

static void test_networks(void **state)
{
  static const int width[] = {3, 16, 32, 64, 128, 128};
  int64_t stack = 0, blocks = 0, classes = 10;
  for (int s = 1; s <= 5; s++) {
    stack += conv_norm(width[s - 1], width[s]) + conv_norm(width[s], width[s]);
    blocks += conv_norm(width[s], width[s]); /* a block has two of them, and no projection */
  }
  int64_t capsules = 9 * 128 * 256 + 256 + 32 * 8 * 8 * 8 * classes * 16;
  const struct {
    const char *name;
    int64_t parameters;
  } nets[] = {{"sccapsnet", stack + capsules}, {"rccapsnet", stack + blocks + capsules}};
  for (size_t i = 0; i < VT_COUNT(nets); i++) {
    struct vt_err e;
    struct vt_graph *g;
    struct vt_built out;
    const struct vt_builder *b = vt_builder_find(nets[i].name, &e);
    assert_non_null(b);
    assert_int_equal(vt_graph_new(&g, vt_registry_default(), b->name, NULL), 0);
    struct vt_net n = {.g = g, .outline = true};
    struct vt_value *x = vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){-1, 3, 256, 256});
    if (vt_build(b, &n, x, &(struct vt_builder_opts){.classes = (int)classes}, &out, &e))
      fail_msg("%s", e.msg);
    assert_int_equal(n.parameters, nets[i].parameters);
    assert_int_equal(out.pooled->dim[1], classes * 16);
    assert_int_equal(out.logits->dim[1], classes);
    vt_graph_free(g);
    assert_int_equal(vt_graph_new(&g, vt_registry_default(), b->name, NULL), 0);
    n = (struct vt_net){.g = g, .outline = true};
    x = vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){-1, 3, -1, -1});
    assert_int_equal(vt_build(b, &n, x, &(struct vt_builder_opts){0}, &out, &e), VT_ESHAPE);
    assert_non_null(strstr(e.msg, "known size"));
    vt_graph_free(g);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_gradients),
      cmocka_unit_test(test_routing),
      cmocka_unit_test(test_margin),
      cmocka_unit_test(test_networks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
