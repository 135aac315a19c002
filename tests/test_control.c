/* Control flow and shapes that depend on data: If and Loop with captured values, nested, through a file and
 * back, against numbers worked out by hand; graphs that are fixed in front and depend on data behind, against
 * the reference. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "backend/backend.h"

enum { MAX_OUT = 4 };

static struct vt_graph *graph(const char *name)
{
  struct vt_graph *g;
  struct vt_err e = {0};
  if (vt_graph_new(&g, vt_registry_default(), name, &e)) fail_msg("%s", e.msg);
  return g;
}

static void check(int rc, const struct vt_err *e)
{
  if (rc) fail_msg("%d: %s", rc, e->msg);
}

struct result {
  struct vt_program *p;
  struct vt_session *s;
  struct vt_tensor out[MAX_OUT];
};

static int try_run(struct result *r, const struct vt_graph *g, const struct vt_tensor *in, bool reference,
                   struct vt_err *e)
{
  struct vt_compile_opts o = {.precision = VT_PREC_F32, .reference = reference};
  struct vt_shape shape[4];
  *r = (struct result){0};
  for (int i = 0; i < g->ninputs; i++) {
    shape[i].rank = in[i].rank;
    memcpy(shape[i].dim, in[i].dim, sizeof in[i].dim);
  }
  int rc = vt_program_compile(&r->p, g, shape, &o, e);
  if (!rc) rc = vt_session_new(&r->s, r->p, e);
  if (!rc) rc = vt_session_run(r->s, in, r->out, e);
  return rc;
}

static void done(struct result *r)
{
  vt_session_free(r->s);
  vt_program_free(r->p);
}

static void expect(const struct vt_tensor *t, int rank, const int64_t *dim, const float *want)
{
  assert_int_equal(t->rank, rank);
  for (int d = 0; d < rank; d++) assert_int_equal(t->dim[d], dim[d]);
  for (int64_t i = 0; i < vt_tensor_count(t); i++)
    if (fabs(vt_tensor_get(t, i) - (double)want[i]) > 1e-5)
      fail_msg("element %lld is %g instead of %g", (long long)i, vt_tensor_get(t, i), (double)want[i]);
}

/* g, and what is left of it after a file. */
static void both_ways(struct vt_graph *g, void (*fn)(const struct vt_graph *))
{
  struct vt_err e = {0};
  struct vt_graph *back;
  char path[] = "/tmp/vitrine-control-XXXXXX";
  check(vt_graph_status(g, &e), &e);
  fn(g);
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  close(fd);
  check(vt_onnx_save(g, path, NULL, &e), &e);
  check(vt_onnx_load(&back, vt_registry_default(), path, &e), &e);
  fn(back);
  assert_int_equal(back->nnodes, g->nnodes);
  for (int i = 0; i < g->nnodes; i++) assert_int_equal(back->nodes[i]->nin, g->nodes[i]->nin);
  vt_graph_free(back);
  vt_graph_free(g);
  unlink(path);
}

static const struct vt_op_desc *op(const char *name)
{
  return vt_registry_find(vt_registry_default(), "", name, 17);
}

/* If (Σ x > 0) { x w, twice } else { the first row of x }, where w is a variable and x an input. */
static struct vt_graph *if_graph(void)
{
  struct vt_graph *g = graph("outer"), *yes = graph("yes"), *no = graph("no");
  struct vt_value *x = vt_graph_input(g, "x", VT_F32, 2, (int64_t[]){-1, 2});
  struct vt_tensor w = vt_tensor_view(VT_F32, 1, (int64_t[]){2}, (float[]){10, 100});
  struct vt_value *weight = vt_graph_variable(g, "w", &w, true);
  struct vt_value *sum = vt_emit(g, "ReduceSum", VT_IN(x), "keepdims=0");
  struct vt_value *cond = vt_emit(g, "Greater", VT_IN(sum, vt_graph_scalar(g, 0)), "");
  struct vt_graph *side[2] = {yes, no};
  struct vt_value *sx[2], *sw[2];
  for (int i = 0; i < 2; i++) {
    sx[i] = vt_graph_input(side[i], "x", VT_F32, 2, (int64_t[]){-1, 2});
    sw[i] = vt_graph_input(side[i], "weight", VT_F32, 1, (int64_t[]){2});
  }
  struct vt_value *y = vt_emit(yes, "Mul", VT_IN(sx[0], sw[0]), "");
  vt_graph_output(yes, vt_emit(yes, "Concat", VT_IN(y, y), "axis=0"), "w"); /* a name of the outer graph */
  int64_t zero = 0;
  struct vt_tensor index = vt_tensor_view(VT_I64, 1, (int64_t[]){1}, &zero);
  vt_graph_output(no, vt_emit(no, "Gather", VT_IN(sx[1], vt_graph_constant(no, "i", &index)), "axis=0"), "z");
  struct vt_if_attrs a = {yes, no, 2};
  struct vt_value *out[1];
  vt_emit_attrs(g, op("If"), 3, VT_ARRAY_(cond, x, weight), 1, out, &a);
  vt_graph_output(g, vt_emit(g, "Neg", VT_IN(out[0]), ""), "y");
  return g;
}

static void check_if(const struct vt_graph *g)
{
  struct vt_err e = {0};
  struct result r;
  for (int reference = 0; reference < 2; reference++) {
    struct vt_tensor x = vt_tensor_view(VT_F32, 2, (int64_t[]){1, 2}, (float[]){1, 2});
    check(try_run(&r, g, &x, reference, &e), &e);
    expect(&r.out[0], 2, (int64_t[]){2, 2}, (float[]){-10, -200, -10, -200});
    x.data = (float[]){-1, -2}; /* the same program, the other branch */
    check(vt_session_run(r.s, &x, r.out, &e), &e);
    expect(&r.out[0], 2, (int64_t[]){1, 2}, (float[]){1, 2});
    done(&r);
  }
}

static void test_if(void **state)
{
  both_ways(if_graph(), check_if);
}

/* for i < n: a = a + x while Σ a < limit, scan a; inside, if (i is even) scan also x, else −x: two levels of
 * captured x. */
static struct vt_graph *loop_graph(void)
{
  struct vt_graph *g = graph("outer"), *body = graph("body"), *even = graph("even"), *odd = graph("odd");
  int64_t two[1] = {2};
  struct vt_value *x = vt_graph_input(g, "x", VT_F32, 1, two), *n = vt_graph_input(g, "n", VT_I64, 0, NULL),
                  *limit = vt_graph_input(g, "limit", VT_F32, 0, NULL);
  struct vt_value *i = vt_graph_input(body, "i", VT_I64, 0, NULL),
                  *c = vt_graph_input(body, "c", VT_BOOL, 0, NULL),
                  *a = vt_graph_input(body, "a", VT_F32, 1, two),
                  *bx = vt_graph_input(body, "x", VT_F32, 1, two),
                  *bl = vt_graph_input(body, "limit", VT_F32, 0, NULL);
  (void)c;
  struct vt_value *next = vt_emit(body, "Add", VT_IN(a, bx), "");
  struct vt_value *sum = vt_emit(body, "ReduceSum", VT_IN(next), "keepdims=0");
  vt_graph_output(even, vt_emit(even, "Identity", VT_IN(vt_graph_input(even, "x", VT_F32, 1, two)), ""),
                  NULL);
  vt_graph_output(odd, vt_emit(odd, "Neg", VT_IN(vt_graph_input(odd, "x", VT_F32, 1, two)), ""), NULL);
  struct vt_tensor mask = vt_tensor_view(VT_I64, 0, NULL, &(int64_t){2}),
                   zero = vt_tensor_view(VT_I64, 0, NULL, &(int64_t){0});
  struct vt_value *rest = vt_emit(body, "Mod", VT_IN(i, vt_graph_constant(body, "two", &mask)), "");
  struct vt_value *is_even = vt_emit(body, "Equal", VT_IN(rest, vt_graph_constant(body, "zero", &zero)), "");
  struct vt_value *signed_x[1];
  vt_emit_attrs(body, op("If"), 2, VT_ARRAY_(is_even, bx), 1, signed_x, &(struct vt_if_attrs){even, odd, 1});
  vt_graph_output(body, vt_emit(body, "Less", VT_IN(sum, bl), ""), "go");
  vt_graph_output(body, next, "a2");
  vt_graph_output(body, vt_emit(body, "Identity", VT_IN(next), ""), "trace");
  vt_graph_output(body, signed_x[0], "signs");
  struct vt_tensor start = vt_tensor_view(VT_F32, 1, two, (float[]){0, 0});
  struct vt_value *out[3];
  vt_emit_attrs(g, op("Loop"), 5, VT_ARRAY_(n, NULL, vt_graph_constant(g, "start", &start), x, limit), 3, out,
                &(struct vt_loop_attrs){body, 2});
  for (int k = 0; k < 3; k++) vt_graph_output(g, out[k], NULL);
  return g;
}

static void check_loop(const struct vt_graph *g)
{
  struct vt_err e = {0};
  struct result r;
  int64_t n = 5;
  float limit = 1000;
  struct vt_tensor in[3] = {vt_tensor_view(VT_F32, 1, (int64_t[]){2}, (float[]){1, 2}),
                            vt_tensor_view(VT_I64, 0, NULL, &n), vt_tensor_view(VT_F32, 0, NULL, &limit)};
  check(try_run(&r, g, in, false, &e), &e);
  expect(&r.out[0], 1, (int64_t[]){2}, (float[]){5, 10});
  expect(&r.out[1], 2, (int64_t[]){5, 2}, (float[]){1, 2, 2, 4, 3, 6, 4, 8, 5, 10});
  expect(&r.out[2], 2, (int64_t[]){5, 2}, (float[]){1, 2, -1, -2, 1, 2, -1, -2, 1, 2});
  limit = 6; /* the condition ends it after the second */
  check(vt_session_run(r.s, in, r.out, &e), &e);
  expect(&r.out[0], 1, (int64_t[]){2}, (float[]){2, 4});
  expect(&r.out[2], 2, (int64_t[]){2, 2}, (float[]){1, 2, -1, -2});
  n = 0; /* never */
  check(vt_session_run(r.s, in, r.out, &e), &e);
  expect(&r.out[0], 1, (int64_t[]){2}, (float[]){0, 0});
  expect(&r.out[1], 2, (int64_t[]){0, 2}, NULL);
  done(&r);
}

static void test_loop(void **state)
{
  both_ways(loop_graph(), check_loop);
}

/* A carried value that grows: a = concat(a, x). */
static void test_growing(void **state)
{
  struct vt_graph *g = graph("outer"), *body = graph("body");
  struct vt_value *x = vt_graph_input(g, "x", VT_F32, 1, (int64_t[]){2});
  vt_graph_input(body, "i", VT_I64, 0, NULL);
  struct vt_value *c = vt_graph_input(body, "c", VT_BOOL, 0, NULL),
                  *a = vt_graph_input(body, "a", VT_F32, 1, (int64_t[]){2}),
                  *bx = vt_graph_input(body, "x", VT_F32, 1, (int64_t[]){2});
  vt_graph_output(body, vt_emit(body, "Identity", VT_IN(c), ""), NULL);
  vt_graph_output(body, vt_emit(body, "Concat", VT_IN(a, bx), "axis=0"), NULL);
  struct vt_tensor n = vt_tensor_view(VT_I64, 0, NULL, &(int64_t){2}),
                   t = vt_tensor_view(VT_BOOL, 0, NULL, &(uint8_t){1});
  struct vt_value *out[1];
  vt_emit_attrs(g, op("Loop"), 4,
                VT_ARRAY_(vt_graph_constant(g, "n", &n), vt_graph_constant(g, "t", &t), x, x), 1, out,
                &(struct vt_loop_attrs){body, 1});
  vt_graph_output(g, out[0], NULL);
  struct vt_err e = {0};
  struct result r;
  struct vt_tensor in = vt_tensor_view(VT_F32, 1, (int64_t[]){2}, (float[]){3, 4});
  check(vt_graph_status(g, &e), &e);
  check(try_run(&r, g, &in, false, &e), &e);
  expect(&r.out[0], 1, (int64_t[]){6}, (float[]){3, 4, 3, 4, 3, 4});
  done(&r);
  vt_graph_free(g);
}

static void test_misfits(void **state)
{
  struct vt_graph *g = graph("outer"), *yes = graph("yes"), *no = graph("no");
  struct vt_value *x = vt_graph_input(g, "x", VT_BOOL, 0, NULL), *out[1];
  struct vt_err e = {0};
  vt_graph_output(yes, vt_graph_scalar(yes, 1), "one");
  vt_graph_input(no, "surplus", VT_F32, 0, NULL);
  vt_graph_output(no, vt_graph_scalar(no, 1), "one");
  vt_emit_attrs(g, op("If"), 1, &x, 1, out, &(struct vt_if_attrs){yes, no, 0});
  assert_int_equal(vt_graph_status(g, &e), VT_EARG);
  assert_non_null(strstr(e.msg, "else_branch has 1 inputs and 1 outputs instead of 0 and 1"));
  vt_graph_free(g);
}

/* Convolutions of fixed size, then what NonZero finds in them, then a matrix product of as many rows. */
static void test_fixed_in_front(void **state)
{
  struct vt_graph *g = graph("detector");
  struct vt_rng rng;
  struct vt_tensor w1, w2, image;
  struct vt_err e = {0};
  vt_rng_init(&rng, 7, 0, 0);
  check(vt_tensor_init(&w1, VT_F32, 4, (int64_t[]){16, 3, 3, 3}, &e), &e);
  check(vt_tensor_init(&w2, VT_F32, 2, (int64_t[]){16, 300}, &e), &e);
  check(vt_tensor_init(&image, VT_F32, 4, (int64_t[]){1, 3, 24, 20}, &e), &e);
  struct vt_tensor *all[] = {&w1, &w2, &image};
  for (size_t k = 0; k < VT_COUNT(all); k++)
    for (int64_t i = 0; i < vt_tensor_count(all[k]); i++) ((float *)all[k]->data)[i] = vt_rng_normal(&rng);
  struct vt_value *x = vt_graph_input(g, "x", VT_F32, 4, (int64_t[]){1, 3, -1, -1});
  struct vt_value *y = vt_emit(g, "Conv", VT_IN(x, vt_graph_constant(g, "w1", &w1)), "pads=[1,1,1,1]");
  y = vt_emit(g, "Relu", VT_IN(y), "");
  struct vt_value *score = vt_emit(g, "ReduceMax", VT_IN(y), "axes=[1] keepdims=0"); /* (1, h, w) */
  struct vt_value *high = vt_emit(g, "Greater", VT_IN(score, vt_graph_scalar(g, 9)), "");
  struct vt_value *where = vt_emit(g, "Transpose", VT_IN(vt_emit(g, "NonZero", VT_IN(high), "")), "");
  struct vt_value *last = vt_emit(g, "Transpose", VT_IN(y), "perm=[0,2,3,1]");
  struct vt_value *rows = vt_emit(g, "GatherND", VT_IN(last, where), ""); /* (found, 16) */
  vt_graph_output(g, vt_emit(g, "MatMul", VT_IN(rows, vt_graph_constant(g, "w2", &w2)), ""), "y");
  vt_graph_output(g, y, "map");
  check(vt_graph_status(g, &e), &e);
  struct result a, b;
  check(try_run(&a, g, &image, false, &e), &e);
  check(try_run(&b, g, &image, true, &e), &e);
  for (int again = 0; again < 2; again++) {
    assert_true(a.out[0].dim[0] > 0);
    for (int o = 0; o < 2; o++) {
      assert_int_equal(vt_tensor_count(&a.out[o]), vt_tensor_count(&b.out[o]));
      for (int64_t i = 0; i < vt_tensor_count(&a.out[o]); i++)
        assert_true(fabs(vt_tensor_get(&a.out[o], i) - vt_tensor_get(&b.out[o], i)) < 1e-3);
    }
    for (int64_t i = 0; i < vt_tensor_count(&image); i++) ((float *)image.data)[i] *= -1;
    check(vt_session_run(a.s, &image, a.out, &e), &e);
    check(vt_session_run(b.s, &image, b.out, &e), &e);
  }
  struct vt_buf text;
  vt_buf_init(&text);
  vt_program_explain(a.p, &text);
  assert_non_null(strstr(text.data, "Conv")); /* the part in front is compiled, and says so */
  vt_buf_clear(&text);
  done(&a);
  done(&b);
  vt_graph_free(g);
  for (size_t k = 0; k < VT_COUNT(all); k++) vt_tensor_clear(all[k]);
}

/* "All of them" is often written as the largest integer, which no double holds. */
static void test_without_bound(void **state)
{
  struct vt_graph *g = graph("all"), *body = graph("body");
  int64_t most = INT64_MAX;
  struct vt_tensor limit = vt_tensor_view(VT_I64, 0, NULL, &most);
  struct vt_value *boxes = vt_graph_input(g, "boxes", VT_F32, 3, (int64_t[]){1, 3, 4}),
                  *scores = vt_graph_input(g, "scores", VT_F32, 3, (int64_t[]){1, 1, 3});
  struct vt_value *all = vt_graph_constant(g, "all", &limit), *out[1];
  vt_graph_output(g, vt_emit(g, "NonMaxSuppression", VT_IN(boxes, scores, all, vt_graph_scalar(g, 0.5f)), ""),
                  NULL);
  vt_graph_input(body, "i", VT_I64, 0, NULL);
  vt_graph_input(body, "c", VT_BOOL, 0, NULL);
  struct vt_value *a = vt_graph_input(body, "a", VT_F32, 0, NULL);
  vt_graph_output(body, vt_emit(body, "Less", VT_IN(a, vt_graph_scalar(body, 20)), ""), NULL);
  vt_graph_output(body, vt_emit(body, "Add", VT_IN(a, a), ""), NULL);
  vt_emit_attrs(g, op("Loop"), 3, VT_ARRAY_(all, NULL, vt_graph_scalar(g, 3)), 1, out,
                &(struct vt_loop_attrs){body, 0});
  vt_graph_output(g, out[0], NULL);
  struct vt_err e = {0};
  struct result r;
  float b[] = {0, 0, 1, 1, 5, 5, 6, 6, 0, 0, 1, 0.9f}, s[] = {0.5f, 0.9f, 0.7f};
  struct vt_tensor in[2] = {vt_tensor_view(VT_F32, 3, (int64_t[]){1, 3, 4}, b),
                            vt_tensor_view(VT_F32, 3, (int64_t[]){1, 1, 3}, s)};
  check(vt_graph_status(g, &e), &e);
  check(try_run(&r, g, in, false, &e), &e);
  expect(&r.out[0], 2, (int64_t[]){2, 3}, (float[]){0, 0, 1, 0, 0, 2});
  expect(&r.out[1], 0, NULL, (float[]){48});
  done(&r);
  vt_graph_free(g);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_if),
      cmocka_unit_test(test_loop),
      cmocka_unit_test(test_growing),
      cmocka_unit_test(test_misfits),
      cmocka_unit_test(test_fixed_in_front),
      cmocka_unit_test(test_without_bound),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
