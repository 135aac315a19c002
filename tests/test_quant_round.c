/* Weights rounded so that their errors cancel on what layers read: against the nearest step, on inputs that
 * the calibration has not seen, by summing up what every weight of the file is off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "engine/quantize.h"
#include "quant_weights.h"

enum layer { CONV, GEMM, MATMUL };
enum { WIDE = 48, NARROW = 16, HIDDEN = 4, GROUPS = 2 };

/* A layer of WIDE numbers that depend on HIDDEN ones, and little else: of their pixels, in a convolution. */
static struct vt_graph *one_layer(enum layer kind)
{
  struct vt_graph *g;
  struct vt_rng r;
  vt_rng_init(&r, 21, 0, 0);
  assert_int_equal(vt_graph_new(&g, vt_registry_default(), "layer", NULL), 0);
  bool conv = kind == CONV;
  struct vt_value *x = vt_graph_input(g, "x", VT_F32, conv ? 4 : 2, (int64_t[]){4, WIDE, 3, 3});
  struct vt_value *w = weight(g, &r, "w", conv ? 4 : 2,
                              conv             ? (int64_t[]){NARROW, WIDE / GROUPS, 1, 1}
                              : kind == MATMUL ? (int64_t[]){WIDE, NARROW}
                                               : (int64_t[]){NARROW, WIDE});
  struct vt_value *b = weight(g, &r, "b", 1, (int64_t[]){NARROW});
  vt_graph_output(g,
                  conv             ? vt_emit(g, "Conv", VT_IN(x, w, b), "group=%d", GROUPS)
                  : kind == MATMUL ? vt_emit(g, "MatMul", VT_IN(x, w), "")
                                   : vt_emit(g, "Gemm", VT_IN(x, w, b), "transB=1"),
                  "y");
  return g;
}

static struct vt_tensor seen_by_layer(bool conv, int number)
{
  struct vt_tensor t;
  struct vt_rng mix, r;
  int pixels = conv ? 9 : 1;
  assert_int_equal(vt_tensor_init(&t, VT_F32, conv ? 4 : 2, (int64_t[]){4, WIDE, 3, 3}, NULL), 0);
  vt_rng_init(&r, 23, (uint64_t)number, 0);
  for (int i = 0; i < 4 * pixels; i++) {
    double z[HIDDEN];
    for (int k = 0; k < HIDDEN; k++) z[k] = vt_rng_normal(&r);
    vt_rng_init(&mix, 22, 0, 0);
    for (int c = 0; c < WIDE; c++) {
      double x = 2 + 0.03 * vt_rng_normal(&r);
      for (int k = 0; k < HIDDEN; k++) x += z[k] * vt_rng_normal(&mix);
      ((float *)t.data)[(i / pixels * WIDE + c) * pixels + i % pixels] = (float)x;
    }
  }
  return t;
}

static const struct vt_tensor *constant(const struct vt_graph *g, const char *name)
{
  for (int i = 0; i < g->nvalues; i++)
    if (g->values[i]->is_constant && !strcmp(g->values[i]->name, name)) return &g->values[i]->init;
  fail_msg("no constant '%s'", name);
  return NULL;
}

/* Mean square of what quantised weights (and the bias, if there is one) add to the layer's outputs, on inputs
 * that it has not seen; most: the furthest that a weight is off, in steps. */
static double weight_error(const struct vt_graph *g, const struct vt_graph *q, enum layer kind, double *most)
{
  const struct vt_tensor *w = constant(g, "w"), *i8 = constant(q, "w_i8"), *s = constant(q, "w_scale");
  const struct vt_tensor *b = kind == MATMUL ? NULL : constant(q, "b_i32");
  bool conv = kind == CONV;
  int pixels = conv ? 9 : 1, k = conv ? WIDE / GROUPS : WIDE, n = 0;
  double sum = 0;
  *most = 0;
  for (int number = 1000; number < 1010; number++) {
    struct vt_tensor x = seen_by_layer(conv, number);
    for (int i = 0; i < 4 * pixels * NARROW; i++, n++) {
      int m = i % NARROW, column = i / NARROW, from = conv ? m / (NARROW / GROUPS) * k : 0;
      double step = vt_tensor_get(s, m), d = 0;
      if (b)
        d = vt_tensor_get(constant(q, "b_scale"), m) * vt_tensor_get(b, m) -
            vt_tensor_get(constant(g, "b"), m);
      for (int c = 0; c < k; c++) {
        int at = kind == MATMUL ? c * NARROW + m : m * k + c;
        double off = vt_tensor_get(i8, at) - vt_tensor_get(w, at) / step;
        *most = fmax(*most, fabs(off));
        d += off * step * vt_tensor_get(&x, (column / pixels * WIDE + from + c) * pixels + column % pixels);
      }
      sum += d * d;
    }
    vt_tensor_clear(&x);
  }
  return sum / n;
}

static void fitted_weights(void **state)
{
  static const struct {
    const char *name;
    enum layer kind;
  } cases[] = {{"Conv", CONV}, {"Gemm", GEMM}, {"MatMul", MATMUL}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    double error[2], most[2];
    for (int nearest = 0; nearest < 2; nearest++) {
      struct vt_graph *g = one_layer(cases[i].kind), *q;
      struct vt_calibration *c;
      struct vt_quantize_report r;
      struct vt_err e;
      if (vt_calibration_new(&c, g, &e)) fail_msg("%s", e.msg);
      for (int k = 0; k < 100; k++) {
        struct vt_tensor x = seen_by_layer(cases[i].kind == CONV, k);
        if (vt_calibration_add(c, &x, &e)) fail_msg("%s", e.msg);
        vt_tensor_clear(&x);
      }
      struct vt_quantize_opts o = {.nearest = nearest};
      if (vt_calibration_finish(&q, c, &o, &r, &e)) fail_msg("%s", e.msg);
      error[nearest] = weight_error(g, q, cases[i].kind, &most[nearest]);
      vt_calibration_free(c);
      vt_graph_free(q);
      vt_graph_free(g);
    }
    print_message("%-8s square error %.2e fitted, %.2e nearest\n", cases[i].name, error[0], error[1]);
    assert_true(most[1] <= 0.5001 && most[0] < 1 && most[0] > 0.6);
    assert_true(error[0] < error[1] / 8);
  }
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(fitted_weights)};
  return cmocka_run_group_tests(t, NULL, NULL);
}
