/* Weights that stay in their file at any address (engine/align.c): the same outputs as with copies, to the
 * bit, and the reference's within rounding, for weights that kernels pack and for all others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "backend/backend.h"

enum { C = 64, SIDE = 14 };

static struct vt_value *weight(struct vt_graph *g, struct vt_rng *r, int rank, const int64_t *dim)
{
  struct vt_tensor t;
  assert_int_equal(vt_tensor_init(&t, VT_F32, rank, dim, NULL), 0);
  for (int64_t i = 0; i < vt_tensor_count(&t); i++) vt_tensor_set(&t, i, vt_rng_normal(r) * 0.05);
  struct vt_value *v = vt_graph_constant(g, "w", &t);
  vt_tensor_clear(&t);
  return v;
}

/* If Σ x > 0 { x w } else { x + max w }: branches read a weight of the graph around them, whose number there
 * is beyond what they have themselves. */
static struct vt_value *either(struct vt_graph *g, struct vt_value *x, struct vt_value *w)
{
  static const char *const name[] = {"yes", "no"};
  struct vt_graph *side[2];
  struct vt_value *sx[2], *sw[2], *y;
  for (int i = 0; i < 2; i++) {
    assert_int_equal(vt_graph_new(&side[i], vt_registry_default(), name[i], NULL), 0);
    sx[i] = vt_graph_input(side[i], "x", VT_F32, x->rank, x->dim);
    sw[i] = vt_graph_input(side[i], "w", VT_F32, w->rank, w->dim);
  }
  vt_graph_output(side[0], vt_emit(side[0], "MatMul", VT_IN(sx[0], sw[0]), ""), "y");
  y = vt_emit(side[1], "ReduceMax", VT_IN(sw[1]), "keepdims=0");
  vt_graph_output(side[1], vt_emit(side[1], "Add", VT_IN(sx[1], y), ""), "y");
  struct vt_if_attrs a = {side[0], side[1], 2};
  struct vt_value *sum = vt_emit(g, "ReduceSum", VT_IN(x), "keepdims=0");
  struct vt_value *cond = vt_emit(g, "Greater", VT_IN(sum, vt_graph_scalar(g, 0)), "");
  vt_emit_attrs(g, vt_registry_find(vt_registry_default(), "", "If", 17), 3, VT_ARRAY_(cond, x, w), 1, &y,
                &a);
  return y;
}

/* Weights of 147 KB each: of a convolution; of two; folded before one; of a grouped one; read by ReduceMax as
 * well; of a product of matrices; of the branches of an If. */
static struct vt_graph *network(void)
{
  struct vt_rng r;
  struct vt_graph *g;
  vt_rng_init(&r, 3, 0, 0);
  assert_int_equal(vt_graph_new(&g, vt_registry_default(), "mapped", NULL), 0);
  const int64_t square[] = {C, C, 3, 3}, grouped[] = {C * 4, C / 4, 3, 3};
  struct vt_value *x = vt_graph_input(g, "x", VT_F32, 4, (int64_t[]){1, C, SIDE, SIDE});
  struct vt_value *w = weight(g, &r, 4, square), *twice = weight(g, &r, 4, square);
  x = vt_emit(g, "Conv", VT_IN(x, w), "pads=[1,1,1,1]");
  x = vt_emit(g, "Conv", VT_IN(x, twice), "pads=[1,1,1,1]");
  x = vt_emit(g, "Conv", VT_IN(x, twice), "pads=[1,1,1,1] strides=[2,2]");
  x = vt_emit(g, "Conv", VT_IN(x, vt_emit(g, "Relu", VT_IN(weight(g, &r, 4, square)), "")), "pads=[1,1,1,1]");
  x = vt_emit(g, "Conv", VT_IN(x, weight(g, &r, 4, grouped)), "pads=[1,1,1,1] group=4");
  struct vt_value *both = weight(g, &r, 4, (int64_t[]){C, C * 4, 7, 7});
  x = vt_emit(g, "Conv", VT_IN(x, both), "");
  x = vt_emit(g, "Mul", VT_IN(x, vt_emit(g, "ReduceMax", VT_IN(both), "keepdims=0")), "");
  x = vt_emit(g, "GlobalAveragePool", VT_IN(x), "");
  x = vt_emit(g, "Flatten", VT_IN(x), "");
  x = vt_emit(g, "MatMul", VT_IN(x, weight(g, &r, 2, (int64_t[]){C, C * 4})), "");
  x = either(g, x, weight(g, &r, 2, (int64_t[]){C * 4, C * 4}));
  vt_graph_output(g, x, "y");
  assert_int_equal(vt_graph_status(g, NULL), 0);
  return g;
}

/* The model's file, its bytes moved by three: a producer's name of one letter before all else. */
static const char *moved_file(void)
{
  static char path[64];
  snprintf(path, sizeof path, "/tmp/vitrine-test-mapped-%d.onnx", (int)getpid());
  struct vt_graph *g = network();
  char *data;
  size_t len;
  assert_int_equal(vt_onnx_save(g, path, NULL, NULL), 0);
  assert_int_equal(vt_file_read(path, (size_t)1 << 30, &data, &len, NULL), 0);
  char *moved = vt_malloc(len + 3);
  memcpy(moved, "\x12\x01v", 3);
  memcpy(moved + 3, data, len);
  assert_int_equal(vt_file_write_atomic(path, moved, len + 3, NULL), 0);
  vt_free(moved);
  vt_free(data);
  vt_graph_free(g);
  return path;
}

static struct vt_tensor run(const struct vt_graph *g, const struct vt_compile_opts *o)
{
  struct vt_program *p;
  struct vt_session *s;
  struct vt_err e = {0};
  struct vt_tensor x, y, copy;
  struct vt_rng r;
  vt_rng_init(&r, 4, 0, 0);
  assert_int_equal(vt_tensor_init(&x, VT_F32, 4, (int64_t[]){1, C, SIDE, SIDE}, NULL), 0);
  for (int64_t i = 0; i < vt_tensor_count(&x); i++) vt_tensor_set(&x, i, vt_rng_normal(&r));
  if (vt_program_compile(&p, g, NULL, o, &e)) fail_msg("%s", e.msg);
  assert_int_equal(vt_session_new(&s, p, &e), 0);
  if (vt_session_run(s, &x, &y, &e)) fail_msg("%s", e.msg);
  assert_int_equal(vt_tensor_copy(&copy, &y, &e), 0);
  vt_session_free(s);
  vt_program_free(p);
  vt_tensor_clear(&x);
  return copy;
}

static int unaligned(const struct vt_graph *g)
{
  int n = 0;
  for (int i = 0; i < g->nvalues; i++) n += (uintptr_t)g->values[i]->init.data % 4 != 0;
  return n;
}

static void weights_stay_in_their_file(void **state)
{
  const char *path = moved_file();
  struct vt_graph *copied, *mapped;
  struct vt_err e = {0};
  if (vt_onnx_load(&copied, vt_registry_default(), path, &e)) fail_msg("%s", e.msg);
  if (vt_onnx_load_mapped(&mapped, vt_registry_default(), path, &e)) fail_msg("%s", e.msg);
  unlink(path);
  assert_int_equal(unaligned(copied), 0);
  assert_int_equal(unaligned(mapped), 4); /* not: what Relu and ReduceMax read */
  struct vt_tensor want = run(copied, &(struct vt_compile_opts){.precision = VT_PREC_F32, .reference = true});
  double largest = 0;
  for (int64_t i = 0; i < vt_tensor_count(&want); i++) largest = fmax(largest, fabs(vt_tensor_get(&want, i)));
  for (int threads = 1; threads <= 2; threads++) {
    struct vt_compile_opts o = {.precision = VT_PREC_F32, .threads = threads};
    struct vt_tensor a = run(copied, &o), b = run(mapped, &o);
    assert_memory_equal(a.data, b.data, vt_tensor_bytes(&a));
    for (int64_t i = 0; i < vt_tensor_count(&want); i++)
      assert_true(fabs(vt_tensor_get(&b, i) - vt_tensor_get(&want, i)) < 1e-4 * largest);
    vt_tensor_clear(&a);
    vt_tensor_clear(&b);
  }
  struct vt_tensor b = run(mapped, &(struct vt_compile_opts){.precision = VT_PREC_F32, .reference = true});
  assert_memory_equal(want.data, b.data, vt_tensor_bytes(&b));
  vt_tensor_clear(&b);
  assert_int_equal(vt_graph_freeze(mapped, &e), 0);
  vt_tensor_clear(&want);
  vt_graph_free(copied);
  vt_graph_free(mapped);
}

int main(void)
{
  vt_isa_init();
  const struct CMUnitTest t[] = {cmocka_unit_test(weights_stay_in_their_file)};
  return cmocka_run_group_tests(t, NULL, NULL);
}
