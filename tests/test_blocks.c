/* Building blocks of networks: attention, separable convolutions, mirrored borders. Sizes by the papers'
 * formulas, gradients against central differences, self-attention against plain loops. */
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
#include "model/model.h"

/* Parameters for C channels. h = max(C / 16, 8) in the middle of the perceptrons. */
static const struct {
  const char *name;
  int channels, parameters;
} sizes[] = {
    {"se", 32, 2 * 32 * 8 + 8 + 32},
    {"se", 256, 2 * 256 * 16 + 16 + 256},
    {"eca", 32, 3},
    {"eca", 256, 5},
    {"cbam", 32, 2 * 32 * 8 + 8 + 32 + 2 * 7 * 7},
    {"bam", 32, 2 * 32 * 8 + 8 + 32 + 32 * 8 + 16 + 2 * (8 * 8 * 9 + 16) + 8 + 1},
    {"residual", 32, 32 * 8 + 16 + 8 * 8 * 9 + 16 + 8 * 8 + 16 + 8 * 32 + 32},
    {"self", 32, 3 * 32 * 16 + 16 * 32 + 2 * 32},
};

static void test_sizes(void **state)
{
  for (size_t i = 0; i < VT_COUNT(sizes); i++) {
    const struct vt_attention *a;
    struct vt_graph *g;
    int c = sizes[i].channels;
    assert_int_equal(vt_attention_find(&a, sizes[i].name, NULL), 0);
    assert_int_equal(vt_graph_new(&g, vt_registry_default(), a->name, NULL), 0);
    struct vt_net n = {.g = g, .outline = true};
    struct vt_value *y = a->build(&n, vt_graph_input(g, "x", VT_F32, 4, (int64_t[]){2, c, 6, 5}), "a");
    struct vt_err e;
    if (vt_graph_status(g, &e)) fail_msg("%s", e.msg);
    assert_memory_equal(y->dim, ((int64_t[]){2, c, 6, 5}), 4 * sizeof *y->dim);
    if (n.parameters != sizes[i].parameters)
      fail_msg("%s: %lld parameters, %d expected", a->name, (long long)n.parameters, sizes[i].parameters);
    vt_graph_free(g);
  }
  struct vt_err e;
  const struct vt_attention *a;
  assert_int_equal(vt_attention_find(&a, "none", &e), 0);
  assert_null(a);
  assert_int_equal(vt_attention_find(&a, "sea", &e), VT_EUSAGE);
  assert_non_null(strstr(e.msg, "none, se, eca, cbam, bam, residual, self"));
}

static struct vt_value *attention(struct vt_net *n, struct vt_value *x, const void *which)
{
  return ((const struct vt_attention *)which)->build(n, x, "a");
}
static struct vt_value *norm(struct vt_net *n, struct vt_value *x, const void *which)
{
  n->layers.norm = *(const enum vt_norm_kind *)which;
  return vt_net_norm(n, x, "n", 1);
}
static struct vt_value *activation(struct vt_net *n, struct vt_value *x, const void *which)
{
  n->layers.activation = which;
  return vt_net_conv_norm_relu(n, x, "c", 6, 1, 1);
}
static struct vt_value *conv_block(struct vt_net *n, struct vt_value *x, const void *which)
{
  return vt_net_conv_block(n, x, "c", *(const enum vt_conv_kind *)which, 6, 3, 1);
}

/* The k-th of "a|b|c". */
static const char *choice(const char *choices, int k)
{
  static char name[32];
  while (k--) choices = strchr(choices, '|') + 1;
  snprintf(name, sizeof name, "%.*s", (int)strcspn(choices, "|"), choices);
  return name;
}

static void test_gradients(void **state)
{
  static const int64_t shape[] = {2, 16, 5, 6};
  for (int i = 0; vt_attentions[i]; i++)
    check_gradients(vt_attentions[i]->name, attention, vt_attentions[i], 4, shape, false);
  for (enum vt_conv_kind k = VT_CONV_PLAIN; k <= VT_CONV_DEFORMABLE_V2; k++) {
    check_gradients(choice(VT_CONV_KINDS, k), conv_block, &k, 4, shape, false);
    if (k < VT_CONV_DEFORMABLE) check_gradients("mirrored convolution", conv_block, &k, 4, shape, true);
  }
  for (enum vt_norm_kind k = VT_NORM_BATCH; k <= VT_NORM_LOCAL_RESPONSE; k++)
    check_gradients(choice(VT_NORM_KINDS, k), norm, &k, 4, shape, false);
  for (const struct vt_activation *a = vt_activations; a->name; a++)
    check_gradients(a->name, activation, a, 4, shape, false);
}

static void test_conv_blocks(void **state)
{
  enum { PLAIN = 3 * 3 * 16 * 6 + 12, AIM = 3 * 3 * 16 + 1 };
  static const int expected[] = {PLAIN,
                                 3 * 3 * 16 + 32 + 16 * 6 + 12,
                                 3 * 16 * 6 + 3 * 6 * 6 + 12,
                                 3 * 3 * 16 * 6 / 2 + 12,
                                 PLAIN,
                                 PLAIN + 18 * AIM,
                                 PLAIN + 27 * AIM};
  for (enum vt_conv_kind k = VT_CONV_PLAIN; k <= VT_CONV_DEFORMABLE_V2; k++) {
    struct vt_graph *g;
    assert_int_equal(vt_graph_new(&g, vt_registry_default(), "block", NULL), 0);
    struct vt_net n = {.g = g, .outline = true};
    struct vt_value *x = vt_graph_input(g, "x", VT_F32, 4, (int64_t[]){1, 16, 9, 8});
    struct vt_value *y = vt_net_conv_block(&n, x, "c", k, 6, 3, 2);
    assert_non_null(y);
    assert_memory_equal(y->dim, ((int64_t[]){1, 6, 5, 4}), 4 * sizeof *y->dim);
    assert_int_equal(n.parameters, expected[k]);
    vt_graph_free(g);
  }
}

/* The network's answers for a picture of this shape; open: height and width are known only when it runs. */
static void answer(struct vt_value *(*build)(struct vt_net *, struct vt_value *, const void *),
                   const void *which, const struct vt_tensor *x, bool open, struct vt_tensor *y)
{
  struct vt_graph *g;
  struct vt_eval *v;
  struct vt_err e;
  int64_t dim[4];
  assert_int_equal(vt_graph_new(&g, vt_registry_default(), "net", NULL), 0);
  for (int d = 0; d < 4; d++) dim[d] = open && d != 1 ? -1 : x->dim[d];
  struct vt_net n = {.g = g, .seed = 9};
  struct vt_value *out = build(&n, vt_graph_input(g, "x", VT_F32, 4, dim), which);
  if (vt_graph_status(g, &e)) fail_msg("%s", e.msg);
  vt_graph_output(g, out, "y");
  assert_int_equal(vt_eval_new(&v, g, &(struct vt_compile_opts){.precision = VT_PREC_F32}, NULL), 0);
  if (vt_eval_run(v, x, y, 0, &e)) fail_msg("%s", e.msg);
  vt_eval_free(v);
  vt_graph_free(g);
}

static struct vt_value *unet(struct vt_net *n, struct vt_value *x, const void *which)
{
  struct vt_unet_opts o = {
      .encoder = {{8, 8, 16, 16}, {1, 1, 1, 1}, 8, which}, .decoder = {8, 8, 8, 8}, .classes = 3};
  n->layers.conv = VT_CONV_DEPTHWISE;
  return vt_build_unet(n, x, &o, NULL);
}

/* Sizes that are asked for at run time give what fixed ones do, and no attention is like the other. */
static void test_unet(void **state)
{
  struct vt_tensor x, none;
  struct vt_rng rng;
  vt_rng_init(&rng, 2, 0, 0);
  assert_int_equal(vt_tensor_init(&x, VT_F32, 4, (int64_t[]){1, 3, 64, 96}, NULL), 0);
  for (int64_t i = 0; i < vt_tensor_count(&x); i++) vt_tensor_set(&x, i, vt_rng_normal(&rng));
  answer(unet, NULL, &x, false, &none);
  for (int k = 0; vt_attentions[k]; k++) {
    struct vt_tensor fixed, open;
    double differs = 0, effect = 0;
    answer(unet, vt_attentions[k], &x, false, &fixed);
    answer(unet, vt_attentions[k], &x, true, &open);
    assert_memory_equal(fixed.dim, ((int64_t[]){1, 3, 32, 48}), 4 * sizeof *x.dim);
    for (int64_t i = 0; i < vt_tensor_count(&fixed); i++) {
      differs = fmax(differs, fabs(vt_tensor_get(&fixed, i) - vt_tensor_get(&open, i)));
      effect = fmax(effect, fabs(vt_tensor_get(&fixed, i) - vt_tensor_get(&none, i)));
    }
    if (!(differs < 1e-5)) fail_msg("%s: open sizes differ by %g", vt_attentions[k]->name, differs);
    /* A branch starts at zero, as self-attention does, whatever weighs it: the same answer as without. */
    bool zero = vt_attentions[k]->place == VT_ATTENTION_BRANCH || !strcmp(vt_attentions[k]->name, "self");
    if (zero != (effect < 1e-6)) fail_msg("%s: its effect is %g", vt_attentions[k]->name, effect);
    vt_tensor_clear(&fixed);
    vt_tensor_clear(&open);
  }
  vt_tensor_clear(&x);
  vt_tensor_clear(&none);
}

/* Parameters for the oracle: every name gets its own numbers. */
static struct vt_tensor given[8];
static int ngiven;
static const struct vt_tensor *give(void *ctx, const char *name)
{
  for (int i = 0; i < ngiven; i++)
    if (!strcmp(((const char **)ctx)[i], name)) return &given[i];
  return NULL;
}

/* y = x + W softmax(Q K^T / sqrt(d)) V for 8 channels, 4 heads of 1, a map of 2 x 3. */
static void test_self(void **state)
{
  enum { C = 8, INNER = 4, P = 6 };
  static const char *names[] = {"a.query.weight", "a.key.weight", "a.value.weight", "a.out.weight",
                                "a.bn.weight"};
  static const int64_t dims[][4] = {
      {INNER, C, 1, 1}, {INNER, C, 1, 1}, {INNER, C, 1, 1}, {C, INNER, 1, 1}, {C}};
  struct vt_rng rng;
  struct vt_tensor x, y;
  struct vt_graph *g;
  const struct vt_attention *a;
  vt_rng_init(&rng, 4, 0, 0);
  for (ngiven = 0; ngiven < 5; ngiven++) {
    struct vt_tensor *t = &given[ngiven];
    assert_int_equal(vt_tensor_init(t, VT_F32, ngiven < 4 ? 4 : 1, dims[ngiven], NULL), 0);
    for (int64_t i = 0; i < vt_tensor_count(t); i++)
      vt_tensor_set(t, i, ngiven < 4 ? vt_rng_normal(&rng) : 1);
  }
  assert_int_equal(vt_tensor_init(&x, VT_F32, 4, (int64_t[]){1, C, 2, 3}, NULL), 0);
  for (int64_t i = 0; i < C * P; i++) vt_tensor_set(&x, i, vt_rng_normal(&rng));
  assert_int_equal(vt_attention_find(&a, "self", NULL), 0);
  assert_int_equal(vt_graph_new(&g, vt_registry_default(), "self", NULL), 0);
  struct vt_net n = {.g = g, .find = give, .ctx = names};
  vt_graph_output(g, a->build(&n, vt_graph_input(g, "x", VT_F32, 4, x.dim), "a"), "y");
  struct vt_eval *v;
  assert_int_equal(vt_eval_new(&v, g, &(struct vt_compile_opts){.precision = VT_PREC_F32}, NULL), 0);
  assert_int_equal(vt_eval_run(v, &x, &y, 0, NULL), 0);
  const float *px = x.data, *w[4];
  double q[3][INNER][P] = {{{0}}}, mixed[INNER][P] = {{0}};
  for (int k = 0; k < 4; k++) w[k] = given[k].data;
  for (int k = 0; k < 3; k++)
    for (int h = 0; h < INNER; h++)
      for (int p = 0; p < P; p++)
        for (int c = 0; c < C; c++) q[k][h][p] += (double)w[k][h * C + c] * (double)px[c * P + p];
  for (int h = 0; h < INNER; h++)
    for (int p = 0; p < P; p++) {
      double sum = 0;
      for (int o = 0; o < P; o++) sum += exp(q[0][h][p] * q[1][h][o]);
      for (int o = 0; o < P; o++) mixed[h][p] += exp(q[0][h][p] * q[1][h][o]) / sum * q[2][h][o];
    }
  for (int c = 0; c < C; c++)
    for (int p = 0; p < P; p++) {
      double z = 0;
      for (int h = 0; h < INNER; h++) z += (double)w[3][c * INNER + h] * mixed[h][p];
      double want = (double)px[c * P + p] + z / sqrt(1 + 1e-5);
      if (fabs(vt_tensor_get(&y, c * P + p) - want) > 1e-5)
        fail_msg("channel %d, place %d: %g, expected %g", c, p, vt_tensor_get(&y, c * P + p), want);
    }
  vt_eval_free(v);
  vt_graph_free(g);
  vt_tensor_clear(&x);
  vt_tensor_clear(&y);
  while (ngiven) vt_tensor_clear(&given[--ngiven]);
}

static struct vt_value *one_conv(struct vt_net *n, struct vt_value *x, const void *which)
{
  n->mirror = which != NULL;
  return vt_net_conv(n, x, "c", 4, 5, 1, false);
}

/* An even grey picture stays even with mirrored borders only. */
static void test_mirror(void **state)
{
  for (int mirror = 0; mirror < 2; mirror++) {
    struct vt_tensor x, y;
    bool even = true;
    assert_int_equal(vt_tensor_init(&x, VT_F32, 4, (int64_t[]){1, 3, 9, 7}, NULL), 0);
    for (int64_t i = 0; i < vt_tensor_count(&x); i++) vt_tensor_set(&x, i, 0.7);
    answer(one_conv, mirror ? "yes" : NULL, &x, false, &y);
    assert_memory_equal(y.dim + 2, x.dim + 2, 2 * sizeof *x.dim);
    for (int64_t i = 0; i < vt_tensor_count(&y); i++)
      even &= fabs(vt_tensor_get(&y, i) - vt_tensor_get(&y, i / 63 * 63 + 31)) < 1e-5;
    assert_int_equal(even, mirror);
    vt_tensor_clear(&x);
    vt_tensor_clear(&y);
  }
}

/* y = act(ConvTranspose(...)) in the U-Net's decoder: 4 C C + C numbers a step, a gradient for each. */
static struct vt_value *transposed_unet(struct vt_net *n, struct vt_value *x, const void *which)
{
  struct vt_unet_opts o = {.encoder = {{8, 8, 16, 16}, {1, 1, 1, 1}, 8},
                           .decoder = {8, 8, 8, 8},
                           .classes = 3,
                           .transposed = *(const bool *)which};
  return vt_build_unet(n, x, &o, NULL);
}

static void test_transposed(void **state)
{
  int64_t parameters[2];
  for (int k = 0; k < 2; k++) {
    bool transposed = k;
    struct vt_graph *g;
    struct vt_value *wrt[256], *grad[256];
    struct vt_err e;
    int n = 0, up = 0;
    assert_int_equal(vt_graph_new(&g, vt_registry_default(), "unet", NULL), 0);
    struct vt_net net = {.g = g, .outline = true};
    struct vt_value *y =
        transposed_unet(&net, vt_graph_input(g, "x", VT_F32, 4, (int64_t[]){1, 3, 64, 96}), &transposed);
    assert_memory_equal(y->dim, ((int64_t[]){1, 3, 32, 48}), 4 * sizeof *y->dim);
    for (int i = 0; i < g->nnodes; i++) up += !strcmp(g->nodes[i]->op->name, "ConvTranspose");
    for (int i = 1; i < g->ninputs; i++)
      if (!strstr(g->inputs[i]->name, ".running_")) wrt[n++] = g->inputs[i];
    if (vt_autodiff(g, vt_emit(g, "ReduceSum", VT_IN(y), "keepdims=0"), n, wrt, grad, &e))
      fail_msg("%s", e.msg);
    for (int i = 0; i < n; i++)
      if (!grad[i]) fail_msg("no gradient of %s", wrt[i]->name);
    assert_int_equal(up, transposed ? 4 : 0);
    parameters[k] = net.parameters;
    vt_graph_free(g);
  }
  assert_int_equal(parameters[1] - parameters[0], 4 * (4 * 8 * 8 + 8));
}

/* What dropping does to ones (64, 8, 12, 12): how much is zero, in which pieces, and what the rest becomes.
 */
static void test_drops(void **state)
{
  enum { N = 64, C = 8, H = 12, B = 3, ALL = N * C * H * H };
  static const struct {
    const char *op, *attrs;
    int piece; /* numbers that fall together; 0: squares of B */
  } cases[] = {{"Dropout", "seed=3", 1},
               {"ai.vitrine:DropBlock", "block_size=3 seed=3", 0},
               {"ai.vitrine:StochasticDepth", "seed=3", C * H * H}};
  for (size_t k = 0; k < VT_COUNT(cases); k++) {
    struct vt_graph *g;
    struct vt_eval *v;
    struct vt_tensor x, y;
    struct vt_err e;
    uint8_t yes = 1;
    double zeros = 0, sum = 0;
    struct vt_tensor training = vt_tensor_view(VT_BOOL, 0, NULL, &yes);
    assert_int_equal(vt_tensor_init(&x, VT_F32, 4, (int64_t[]){N, C, H, H}, &e), 0);
    for (int64_t i = 0; i < ALL; i++) vt_tensor_set(&x, i, 1);
    assert_int_equal(vt_graph_new(&g, vt_registry_default(), "drop", &e), 0);
    struct vt_value *in[] = {vt_graph_input(g, "x", VT_F32, 4, x.dim), vt_graph_scalar(g, 0.3f),
                             vt_graph_constant(g, "training", &training)},
                    *out[2];
    vt_graph_output(g, vt_emit_n(g, cases[k].op, 3, in, 2, out, "%s", cases[k].attrs), "y");
    assert_int_equal(vt_eval_new(&v, g, &(struct vt_compile_opts){.precision = VT_PREC_F32}, &e), 0);
    if (vt_eval_run(v, &x, &y, 5, &e)) fail_msg("%s: %s", cases[k].op, e.msg);
    const float *p = y.data;
    for (int64_t i = 0; i < ALL; i++) {
      zeros += p[i] == 0;
      sum += (double)p[i];
      if (cases[k].piece) assert_true((p[i] == 0) == (p[i / cases[k].piece * cases[k].piece] == 0));
      if (cases[k].piece) assert_true(p[i] == 0 || fabsf(p[i] - 1 / 0.7f) < 1e-6f);
      if (cases[k].piece || p[i]) continue;
      bool square = false; /* in some square of zeros that fits the map */
      int64_t row = i / H % H, column = i % H;
      for (int64_t a = VT_MAX(row - B + 1, 0); a <= VT_MIN(row, H - B); a++)
        for (int64_t b = VT_MAX(column - B + 1, 0); b <= VT_MIN(column, H - B); b++) {
          int set = 0;
          for (int q = 0; q < B * B; q++) set += p[i - row * H - column + (a + q / B) * H + b + q % B] != 0;
          square |= !set;
        }
      assert_true(square);
    }
    /* squares overlap, so that somewhat less falls; one sample in 64 is 1.6 %; the mean of DropBlock is kept
     */
    double room = cases[k].piece > 1 ? 0.2 : 0.06, mean = sum / ALL;
    if (!(fabs(zeros / ALL - 0.3) < room && fabs(mean - 1) < (cases[k].piece ? room * 1.5 : 1e-3)))
      fail_msg("%s: %g are zero, the mean is %g", cases[k].op, zeros / ALL, mean);
    vt_eval_free(v);
    vt_graph_free(g);
    vt_tensor_clear(&x);
    vt_tensor_clear(&y);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sizes),      cmocka_unit_test(test_gradients), cmocka_unit_test(test_conv_blocks),
      cmocka_unit_test(test_unet),       cmocka_unit_test(test_self),      cmocka_unit_test(test_mirror),
      cmocka_unit_test(test_transposed), cmocka_unit_test(test_drops),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
