/* Receptive fields against published figures, and against the true support of the gradient: in small networks
 * of positive weights, d y[i] / d x is not zero exactly where y[i] looks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "small_nets.h"

enum { H = 48, W = 40, MARGIN = 4 };

static struct vt_value *max_pool(struct vt_graph *g, struct vt_value *x)
{
  return vt_emit(g, "MaxPool", VT_IN(x), "kernel_shape=[3,2] strides=[2,2] pads=[1,0,1,0]");
}
static struct vt_value *permuted(struct vt_graph *g, struct vt_value *x)
{
  x = vt_emit(g, "Slice",
              VT_IN(x, ints(g, 2, (int64_t[]){1, 0}), ints(g, 2, (int64_t[]){1 << 20, 1 << 20}),
                    ints(g, 2, (int64_t[]){2, 3}), ints(g, 2, (int64_t[]){2, 2})),
              "");
  x = vt_emit(g, "Transpose", VT_IN(conv(g, x, 3, 3, "pads=[1,1,1,1]")), "perm=[0,2,3,1]");
  x = vt_emit(g, "MatMul", VT_IN(x, weight(g, 2, (int64_t[]){3, 4})), "");
  x = vt_emit(g, "ReduceMean", VT_IN(vt_emit(g, "Transpose", VT_IN(x), "perm=[0,3,1,2]")),
              "axes=[1] keepdims=1");
  x = vt_emit(g, "Reshape", VT_IN(x, ints(g, 5, (int64_t[]){1, 1, 1, H / 2, W / 2})), "");
  return vt_emit(g, "Reshape", VT_IN(x, ints(g, 4, (int64_t[]){1, 1, H / 2, W / 2})), "");
}
static struct vt_value *along_rows(struct vt_graph *g, struct vt_value *x)
{
  return vt_emit(g, "Softmax", VT_IN(conv(g, x, 3, 3, "pads=[1,1,1,1]")), "axis=3");
}

static const struct graph_case {
  const char *name;
  struct vt_value *(*build)(struct vt_graph *g, struct vt_value *x);
  int size[2], up[2], down[2], padding[2]; /* stride up / down; size 0: whole */
} cases[] = {
    {"chain", chain, {15, 15}, {4, 4}, {1, 1}, {5, 5}},
    {"oblong", oblong, {5, 3}, {1, 3}, {1, 1}, {2, 0}},
    {"branches", branches, {7, 7}, {2, 2}, {1, 1}, {3, 3}},
    {"max pool", max_pool, {3, 2}, {2, 2}, {1, 1}, {1, 0}},
    {"hourglass", hourglass, {23, 23}, {4, 4}, {4, 4}, {11, 11}},
    {"transposed", transposed, {5, 7}, {2, 2}, {6, 6}, {3, 5}},
    {"fractions", fractions, {4, 4}, {4, 4}, {3, 3}, {1, 1}},
    {"blocks", blocks, {6, 6}, {2, 2}, {2, 2}, {2, 2}},
    {"permuted", permuted, {5, 5}, {2, 2}, {1, 1}, {1, 2}},
    {"padded", padded, {5, 3}, {1, 1}, {1, 1}, {2, 1}},
    {"gated", gated, {0, 0}, {0, 0}, {0, 0}, {0, 0}},
    {"softmax along rows", along_rows, {3, 0}, {1, 0}, {1, 0}, {1, 0}},
};

/* Hull of the rows (axis 0) or columns of d (1, C, H, W) that hold anything but zero. */
static void support(const struct vt_tensor *d, int axis, int64_t *lo, int64_t *hi)
{
  const float *v = d->data;
  for (int64_t i = 0; i < vt_tensor_count(d); i++) {
    int64_t at = axis ? i % W : i / W % H;
    if (v[i] == 0) continue;
    *lo = VT_MIN(*lo, at);
    *hi = VT_MAX(*hi, at);
  }
}

/* y's gradient at one position, along both axes: the union over some inputs, for the sake of maxima. */
struct probe {
  struct vt_session *s;
  int draws;
  struct vt_tensor in[2]; /* picture, mask of the output */
};
static void probe(struct probe *p, int64_t position, int64_t lo[2], int64_t hi[2])
{
  struct vt_tensor out[2];
  memset(p->in[1].data, 0, vt_tensor_bytes(&p->in[1]));
  ((float *)p->in[1].data)[position] = 1;
  for (int a = 0; a < 2; a++) lo[a] = 1 << 20, hi[a] = -1;
  for (int draw = 0; draw < p->draws; draw++) {
    fill(&p->in[0]);
    assert_int_equal(vt_session_run(p->s, p->in, out, NULL), 0);
    for (int a = 0; a < 2; a++) support(&out[0], a, &lo[a], &hi[a]);
  }
}

/* Position i looks at first..last of n pixels: all of it where inside, and nothing else in any case. Whether
 * it lay inside. */
static bool agree(const struct vt_field *f, int64_t i, int n, int64_t lo, int64_t hi)
{
  if (f->kind == VT_FIELD_WHOLE) {
    assert_int_equal(lo, 0);
    assert_int_equal(hi, n - 1);
    return true;
  }
  int64_t turn = i / f->period, k = i % f->period;
  int64_t from = f->first[k] + turn * f->step, to = f->last[k] + turn * f->step;
  assert_true(lo >= from && hi <= to);
  if (from < MARGIN || to >= n - MARGIN) return false; /* a layer on the way may have looked at its padding */
  assert_int_equal(lo, from);
  assert_int_equal(hi, to);
  return true;
}

static void check_support(const struct graph_case *c)
{
  struct vt_graph *g;
  struct vt_err e = {0};
  struct vt_program *p;
  struct vt_receptive *r;
  struct probe s = {.draws = c->build == max_pool ? 12 : 1};
  assert_int_equal(vt_graph_new(&g, vt_registry_default(), c->name, &e), 0);
  struct vt_value *x = vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){1, 2, H, W}), *dx;
  struct vt_value *y = c->build(g, x);
  if (vt_graph_status(g, &e)) fail_msg("%s: %s", c->name, e.msg);
  char name[64];
  snprintf(name, sizeof name, "%s", y->name);
  assert_int_equal(vt_receptive_new(&r, g, &(struct vt_receptive_opts){0}, &e), 0);
  struct vt_field *f = r->field[vt_graph_find(r->graph, name)->id];
  struct vt_value *mask = vt_graph_input(g, "mask", VT_F32, 4, y->dim);
  struct vt_value *sum = vt_emit(g, "ReduceSum", VT_IN(vt_emit(g, "Mul", VT_IN(y, mask), "")), "keepdims=0");
  if (vt_autodiff(g, sum, 1, &x, &dx, &e)) fail_msg("%s: %s", c->name, e.msg);
  vt_graph_output(g, dx, "dx");
  struct vt_compile_opts o = {.threads = 1, .precision = VT_PREC_F32};
  if (vt_program_compile(&p, g, NULL, &o, &e)) fail_msg("%s: %s", c->name, e.msg);
  assert_int_equal(vt_session_new(&s.s, p, &e), 0);
  assert_int_equal(vt_tensor_init(&s.in[0], VT_F32, 4, x->dim, &e), 0);
  assert_int_equal(vt_tensor_init(&s.in[1], VT_F32, 4, y->dim, &e), 0);
  int64_t oh = y->dim[2], ow = y->dim[3], exact[2] = {0};
  for (int a = 0; a < 2; a++) /* along each axis, in the middle of the other */
    for (int64_t i = 0; i < y->dim[2 + a]; i++) {
      int64_t lo[2], hi[2], position = a ? oh / 2 * ow + i : i * ow + ow / 2;
      probe(&s, position, lo, hi);
      exact[a] += agree(&f[a], i, a ? W : H, lo[a], hi[a]);
    }
  for (int a = 0; a < 2; a++) {
    int64_t period = f[a].kind == VT_FIELD_LOCAL ? f[a].period : 1;
    if (exact[a] < VT_MAX(3, period)) fail_msg("%s: %lld positions inside", c->name, (long long)exact[a]);
    assert_int_equal(f[a].kind, c->size[a] ? VT_FIELD_LOCAL : VT_FIELD_WHOLE);
    if (!c->size[a]) continue;
    if (vt_field_size(&f[a]) != c->size[a] || vt_field_padding(&f[a]) != c->padding[a] ||
        f[a].step * c->down[a] != f[a].period * c->up[a])
      fail_msg("%s, axis %d: size %lld, stride %lld/%lld, padding %lld", c->name, a,
               (long long)vt_field_size(&f[a]), (long long)f[a].step, (long long)f[a].period,
               (long long)vt_field_padding(&f[a]));
  }
  for (int i = 0; i < 2; i++) vt_tensor_clear(&s.in[i]);
  vt_session_free(s.s);
  vt_program_free(p);
  vt_receptive_free(r);
  vt_graph_free(g);
}

static void test_support(void **state)
{
  vt_rng_init(&rng, 7, 0, 0);
  for (size_t i = 0; i < VT_COUNT(cases); i++) check_support(&cases[i]);
}

/* "c K S P": convolution, "p K S P": pooling; "x" repeats. Figures: Araujo et al. 2019, table of networks. */
static struct vt_value *layers(struct vt_graph *g, struct vt_value *x, const char *text)
{
  int k, s, p, n;
  char kind;
  while (sscanf(text, " %c%d,%d,%d%n", &kind, &k, &s, &p, &n) == 4) {
    char attrs[96];
    snprintf(attrs, sizeof attrs, "kernel_shape=[%d,%d] strides=[%d,%d] pads=[%d,%d,%d,%d]", k, k, s, s, p, p,
             p, p);
    x = kind == 'c' ? conv(g, x, k, k, attrs) : vt_emit(g, "MaxPool", VT_IN(x), "%s", attrs);
    text += n;
  }
  return x;
}

static struct vt_value *resnet18(struct vt_graph *g, struct vt_value *x)
{
  struct vt_value *feature[5];
  struct vt_resnet_opts o = {{2, 2, 2, 2}, {2, 2, 2, 2}, 2};
  struct vt_net net = {.g = g};
  return vt_build_resnet(&net, x, &o, feature, NULL) ? NULL : feature[4];
}

static void test_published(void **state)
{
  static const struct {
    const char *name, *layers;
    int size, stride, padding;
  } table[] = {
      {"alexnet_v2", "c11,4,0 p3,2,0 c5,1,2 p3,2,0 c3,1,1 c3,1,1 c3,1,1 p3,2,0", 195, 32, 64},
      {"vgg_16",
       "c3,1,1 c3,1,1 p2,2,0 c3,1,1 c3,1,1 p2,2,0 c3,1,1 c3,1,1 c3,1,1 p2,2,0 c3,1,1 c3,1,1 c3,1,1 p2,2,0 "
       "c3,1,1 c3,1,1 c3,1,1 p2,2,0",
       212, 32, 90},
      {"resnet 18", NULL, 435, 32, 217},
  };
  for (size_t i = 0; i < VT_COUNT(table); i++) {
    struct vt_graph *g;
    struct vt_receptive *r;
    assert_int_equal(vt_graph_new(&g, vt_registry_default(), table[i].name, NULL), 0);
    struct vt_value *x = vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){1, 3, 224, 224});
    struct vt_value *y = table[i].layers ? layers(g, x, table[i].layers) : resnet18(g, x);
    assert_non_null(y);
    assert_int_equal(vt_receptive_new(&r, g, &(struct vt_receptive_opts){0}, NULL), 0);
    for (int a = 0; a < 2; a++) {
      const struct vt_field *f = &r->field[vt_graph_find(r->graph, y->name)->id][a];
      assert_int_equal(f->kind, VT_FIELD_LOCAL);
      assert_int_equal(vt_field_size(f), table[i].size);
      assert_int_equal(f->step, table[i].stride * f->period);
      if (table[i].padding >= 0) assert_int_equal(vt_field_padding(f), table[i].padding);
    }
    vt_receptive_free(r);
    vt_graph_free(g);
  }
}

/* A map added to all pictures, a cut, SAME padding that does not come out even: parts are not like the whole.
 */
static struct vt_value *with_map(struct vt_graph *g, struct vt_value *x)
{
  return vt_emit(g, "Add", VT_IN(x, weight(g, 3, (int64_t[]){1, H, W})), "");
}
static struct vt_value *cut(struct vt_graph *g, struct vt_value *x)
{
  return vt_emit(g, "Pad", VT_IN(x, ints(g, 8, (int64_t[]){0, 0, 0, 0, 0, 0, -1, -1})), "");
}
static struct vt_value *same(struct vt_graph *g, struct vt_value *x)
{
  return conv(g, x, 3, 3, "auto_pad=SAME_LOWER strides=[5,3]");
}

static void test_uneven(void **state)
{
  struct vt_value *(*const build[])(struct vt_graph *, struct vt_value *) = {with_map, cut, same, chain};
  for (size_t i = 0; i < VT_COUNT(build); i++) {
    struct vt_graph *g;
    struct vt_receptive *r;
    assert_int_equal(vt_graph_new(&g, vt_registry_default(), "uneven", NULL), 0);
    struct vt_value *y = build[i](g, vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){1, 2, H, W}));
    assert_non_null(y);
    assert_int_equal(vt_receptive_new(&r, g, &(struct vt_receptive_opts){0}, NULL), 0);
    struct vt_field *f = r->field[vt_graph_find(r->graph, y->name)->id];
    assert_true(f[0].kind == VT_FIELD_LOCAL && f[0].uneven == (build[i] != chain));
    vt_receptive_free(r);
    vt_graph_free(g);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_support),
      cmocka_unit_test(test_published),
      cmocka_unit_test(test_uneven),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
