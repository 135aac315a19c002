/* Attention blocks against their formulas in plain loops, with random parameters. Self-attention:
 * test_blocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "backend/backend.h"
#include "model/model.h"

enum { C = 32, H = 6, W = 5, HW = H * W, MAX_INPUTS = 40 };

static struct vt_graph *g;
static struct vt_tensor in[MAX_INPUTS]; /* in[0]: x; then the parameters */

/* The parameter "a.LAYER.PART"; all 0 if there is none. */
static const float *par(const char *layer, const char *part)
{
  static const float none[C];
  size_t n = strlen(layer);
  for (int i = 1; i < g->ninputs; i++) {
    const char *name = g->inputs[i]->name + 2;
    if (!strncmp(name, layer, n) && name[n] == '.' && !strcmp(name + n + 1, part)) return in[i].data;
  }
  return none;
}

static double sigmoid(double v)
{
  return 1 / (1 + exp(-v));
}

/* y (out, h, w) = NAME.weight * x (c, h, w), k x k with zeros around, + NAME.bias */
static void conv(const double *x, int c, int h, int w, const char *name, int out, int k, int dilation,
                 double *y)
{
  const float *p = par(name, "weight"), *bias = par(name, "bias");
  for (int o = 0; o < out * h * w; o++) {
    int m = o / (h * w), row = o / w % h, column = o % w;
    y[o] = (double)bias[m];
    for (int i = 0; i < c * k * k; i++) {
      int r = row + (i / k % k - k / 2) * dilation, q = column + (i % k - k / 2) * dilation;
      if (r < 0 || q < 0 || r >= h || q >= w) continue;
      y[o] += (double)p[m * c * k * k + i] * x[(i / (k * k) * h + r) * w + q];
    }
  }
}

/* Convolution LAYER.conv, batch norm LAYER.bn in use, relu. */
static void conv_norm_relu(const double *x, int c, int h, int w, const char *layer, int out, int k,
                           int dilation, double *y)
{
  char at[32];
  snprintf(at, sizeof at, "%.20s.conv", layer);
  conv(x, c, h, w, at, out, k, dilation, y);
  snprintf(at, sizeof at, "%.20s.bn", layer);
  const float *scale = par(at, "weight"), *shift = par(at, "bias"), *mean = par(at, "running_mean"),
              *var = par(at, "running_var");
  for (int i = 0; i < out * h * w; i++) {
    int m = i / (h * w);
    y[i] = (y[i] - (double)mean[m]) / sqrt((double)var[m] + 1e-5) * (double)scale[m] + (double)shift[m];
    y[i] = fmax(0, y[i]);
  }
}

enum { MEAN, MAX };
static double pooled(const double *x, int kind, int n, int step)
{
  double v = kind == MAX ? -INFINITY : 0;
  for (int i = 0; i < n; i++) v = kind == MAX ? fmax(v, x[i * step]) : v + x[i * step] / n;
  return v;
}

/* W2 relu(W1 pooled x + b1) + b2, added to y (C) */
static void perceptron(const double *x, int kind, int hidden, double *y)
{
  double mean[C], middle[C], out[C];
  for (int c = 0; c < C; c++) mean[c] = pooled(x + c * HW, kind, HW, 1);
  conv(mean, C, 1, 1, "fc1", hidden, 1, 1, middle);
  for (int i = 0; i < hidden; i++) middle[i] = fmax(0, middle[i]);
  conv(middle, hidden, 1, 1, "fc2", C, 1, 1, out);
  for (int c = 0; c < C; c++) y[c] += out[c];
}

static void se(const double *x, double *y)
{
  double weight[C] = {0};
  perceptron(x, MEAN, 8, weight);
  for (int i = 0; i < C * HW; i++) y[i] = x[i] * sigmoid(weight[i / HW]);
}

static void eca(const double *x, double *y)
{
  const float *w = par("conv", "weight"); /* of 3 neighbours */
  double mean[C + 2] = {0};
  for (int c = 0; c < C; c++) mean[c + 1] = pooled(x + c * HW, MEAN, HW, 1);
  for (int i = 0; i < C * HW; i++) {
    double v = 0;
    for (int k = 0; k < 3; k++) v += (double)w[k] * mean[i / HW + k];
    y[i] = x[i] * sigmoid(v);
  }
}

static void cbam(const double *x, double *y)
{
  double weight[C] = {0}, maps[2 * HW], gate[HW];
  perceptron(x, MEAN, 8, weight);
  perceptron(x, MAX, 8, weight);
  for (int i = 0; i < C * HW; i++) y[i] = x[i] * sigmoid(weight[i / HW]);
  for (int i = 0; i < 2 * HW; i++) maps[i] = pooled(y + i % HW, i / HW, C, HW);
  conv(maps, 2, H, W, "spatial", 1, 7, 1, gate);
  for (int i = 0; i < C * HW; i++) y[i] *= sigmoid(gate[i % HW]);
}

static void bam(const double *x, double *y)
{
  double channel[C] = {0}, a[8 * HW], b[8 * HW], place[HW];
  perceptron(x, MEAN, 8, channel);
  conv_norm_relu(x, C, H, W, "reduce", 8, 1, 1, a);
  conv_norm_relu(a, 8, H, W, "wide1", 8, 3, 4, b);
  conv_norm_relu(b, 8, H, W, "wide2", 8, 3, 4, a);
  conv(a, 8, H, W, "map", 1, 1, 1, place);
  for (int i = 0; i < C * HW; i++) y[i] = x[i] + x[i] * sigmoid(channel[i / HW] + place[i % HW]);
}

/* Linear interpolation from n to m positions between the pixels' centres, at output i. */
static double between(const double *x, int n, int m, int i, int step)
{
  double at = fmin(fmax((i + 0.5) * n / m - 0.5, 0), n - 1);
  int lo = (int)at, hi = lo + 1 < n ? lo + 1 : lo;
  return x[lo * step] * (1 - (at - lo)) + x[hi * step] * (at - lo);
}

static void residual(const double *x, double *y)
{
  enum { h = (H + 1) / 2, w = (W + 1) / 2 };
  double skip[8 * HW], low[8 * h * w], down[8 * h * w], mix[8 * HW], map[C * HW];
  conv_norm_relu(x, C, H, W, "reduce", 8, 1, 1, skip);
  for (int i = 0; i < 8 * h * w; i++) {
    low[i] = -INFINITY;
    for (int k = 0; k < 9; k++) {
      int r = i / w % h * 2 + k / 3 - 1, q = i % w * 2 + k % 3 - 1;
      if (r >= 0 && q >= 0 && r < H && q < W) low[i] = fmax(low[i], skip[(i / (h * w) * H + r) * W + q]);
    }
  }
  conv_norm_relu(low, 8, h, w, "down", 8, 3, 1, down);
  for (int i = 0; i < 8 * HW; i++) {
    double rows[H];
    for (int r = 0; r < h; r++) rows[r] = between(down + (i / HW * h + r) * w, w, W, i % W, 1);
    skip[i] += between(rows, h, H, i / W % H, 1);
  }
  conv_norm_relu(skip, 8, H, W, "mix", 8, 1, 1, mix);
  conv(mix, 8, H, W, "map", C, 1, 1, map);
  for (int i = 0; i < C * HW; i++) y[i] = x[i] + x[i] * sigmoid(map[i]);
}

static void test_formulas(void **state)
{
  static const struct {
    const char *name;
    void (*formula)(const double *x, double *y);
  } cases[] = {{"se", se}, {"eca", eca}, {"cbam", cbam}, {"bam", bam}, {"residual", residual}};
  for (size_t k = 0; k < VT_COUNT(cases); k++) {
    const struct vt_attention *a;
    struct vt_eval *v;
    struct vt_tensor y;
    struct vt_rng r;
    struct vt_err e;
    double x[C * HW], want[C * HW];
    vt_rng_init(&r, 6, k, 0);
    assert_int_equal(vt_attention_find(&a, cases[k].name, &e), 0);
    assert_int_equal(vt_graph_new(&g, vt_registry_default(), a->name, &e), 0);
    struct vt_net n = {.g = g, .outline = true};
    vt_graph_output(g, a->build(&n, vt_graph_input(g, "x", VT_F32, 4, (int64_t[]){1, C, H, W}), "a"), "y");
    assert_in_range(g->ninputs, 2, MAX_INPUTS);
    for (int i = 0; i < g->ninputs; i++) {
      bool var = strstr(g->inputs[i]->name, "running_var") != NULL;
      assert_int_equal(vt_tensor_init(&in[i], VT_F32, g->inputs[i]->rank, g->inputs[i]->dim, &e), 0);
      for (int64_t j = 0; j < vt_tensor_count(&in[i]); j++)
        vt_tensor_set(&in[i], j, var ? 0.5 + vt_rng_unit(&r) : (i ? 0.4 : 1) * (double)vt_rng_normal(&r));
    }
    for (int i = 0; i < C * HW; i++) x[i] = vt_tensor_get(&in[0], i);
    cases[k].formula(x, want);
    assert_int_equal(vt_eval_new(&v, g, &(struct vt_compile_opts){.precision = VT_PREC_F32}, &e), 0);
    if (vt_eval_run(v, in, &y, 0, &e)) fail_msg("%s: %s", a->name, e.msg);
    for (int i = 0; i < C * HW; i++)
      if (!(fabs(vt_tensor_get(&y, i) - want[i]) < 1e-4))
        fail_msg("%s: number %d is %g, expected %g", a->name, i, vt_tensor_get(&y, i), want[i]);
    vt_tensor_clear(&y);
    vt_eval_free(v);
    for (int i = 0; i < g->ninputs; i++) vt_tensor_clear(&in[i]);
    vt_graph_free(g);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_formulas)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
