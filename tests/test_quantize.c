/* Quantisation: ranges, the graph in 8 bits against the one in floats, layers of 8-bit numbers against the
 * reference kernels whatever the form of the file they come from, and bad input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "app/cli/verb.h"
#include "engine/quantize.h"
#include "quant_weights.h"

enum { SIDE = 16, CLASSES = 10, SEEN = 24, SHOWN = 12 };

static struct vt_value *conv(struct vt_graph *g, struct vt_rng *r, struct vt_value *x, int out, int in, int k,
                             int step)
{
  struct vt_value *w = weight(g, r, "w", 4, (int64_t[]){out, in, k, k}),
                  *b = weight(g, r, "b", 1, (int64_t[]){out});
  return vt_emit(g, "Conv", VT_IN(x, w, b), "pads=[%d,%d,%d,%d] strides=[%d,%d]", k / 2, k / 2, k / 2, k / 2,
                 step, step);
}

/* A little of everything: residual with and without a convolution on its side, max pooling, an average over
 * what was padded, joined branches. */
static struct vt_graph *network(void)
{
  struct vt_graph *g;
  struct vt_rng r;
  vt_rng_init(&r, 3, 0, 0);
  assert_int_equal(vt_graph_new(&g, vt_registry_default(), "net", NULL), 0);
  struct vt_value *x = vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){-1, 3, SIDE, SIDE});
  x = vt_emit(g, "Relu", VT_IN(conv(g, &r, x, 16, 3, 3, 1)), "");
  x = vt_emit(g, "MaxPool", VT_IN(x), "kernel_shape=[2,2] strides=[2,2]");
  struct vt_value *y = vt_emit(g, "Relu", VT_IN(conv(g, &r, x, 16, 16, 1, 1)), "");
  x = vt_emit(g, "Relu", VT_IN(vt_emit(g, "Add", VT_IN(conv(g, &r, y, 16, 16, 3, 1), x), "")), "");
  struct vt_value *down = conv(g, &r, x, 32, 16, 1, 2);
  y = vt_emit(g, "Relu", VT_IN(conv(g, &r, x, 16, 16, 3, 2)), "");
  x = vt_emit(g, "Relu", VT_IN(vt_emit(g, "Add", VT_IN(conv(g, &r, y, 32, 16, 1, 1), down), "")), "");
  y = vt_emit(g, "ai.vitrine:Silu", VT_IN(conv(g, &r, x, 8, 32, 1, 1)), "");
  y = vt_emit(g, "Pad", VT_IN(y, vt_graph_ints(g, 8, (int64_t[]){0, 0, 1, 1, 0, 0, 1, 1})), "");
  y = vt_emit(g, "AveragePool", VT_IN(y), "kernel_shape=[3,3]");
  x = vt_emit(g, "Concat", VT_IN(x, y), "axis=1");
  x = vt_emit(g, "Relu", VT_IN(conv(g, &r, x, 24, 40, 3, 1)), "");
  x = vt_emit(g, "Flatten", VT_IN(vt_emit(g, "GlobalAveragePool", VT_IN(x), "")), "axis=1");
  struct vt_value *w = weight(g, &r, "fc", 2, (int64_t[]){CLASSES, 24}),
                  *b = weight(g, &r, "fcb", 1, (int64_t[]){CLASSES});
  vt_graph_output(g, vt_emit(g, "Gemm", VT_IN(x, w, b), "transB=1"), "scores");
  struct vt_err e;
  if (vt_graph_status(g, &e)) fail_msg("%s", e.msg);
  return g;
}

/* Smooth random pictures. */
static struct vt_tensor picture(int number)
{
  struct vt_rng r;
  vt_rng_init(&r, 11, (uint64_t)number, 0);
  struct vt_tensor t;
  assert_int_equal(vt_tensor_init(&t, VT_F32, 4, (int64_t[]){1, 3, SIDE, SIDE}, NULL), 0);
  for (int c = 0; c < 3; c++) {
    double a = vt_rng_normal(&r), fx = 0.2 * vt_rng_normal(&r), fy = 0.2 * vt_rng_normal(&r),
           p = 6 * vt_rng_unit(&r);
    for (int i = 0; i < SIDE * SIDE; i++)
      ((float *)t.data)[c * SIDE * SIDE + i] =
          (float)(a + sin(fx * (i % SIDE) + fy * (double)(i / SIDE) + p));
  }
  return t;
}

/* out (n, width) of pictures first … first + n - 1. */
static void run(const struct vt_graph *g, struct vt_compile_opts o, int first, int n, double *out, int width,
                enum vt_precision *precision, char **explanation)
{
  struct vt_program *p;
  struct vt_session *s;
  struct vt_err e;
  struct vt_shape shape = {4, {1, 3, SIDE, SIDE}};
  if (vt_program_compile(&p, g, &shape, &o, &e)) fail_msg("%s", e.msg);
  assert_int_equal(vt_session_new(&s, p, &e), 0);
  for (int i = 0; i < n; i++) {
    struct vt_tensor x = picture(first + i), y;
    assert_int_equal(vt_session_run(s, &x, &y, &e), 0);
    for (int k = 0; k < width; k++) out[i * width + k] = vt_tensor_get(&y, k);
    vt_tensor_clear(&x);
  }
  if (precision) *precision = vt_program_precision(p);
  struct vt_buf b;
  vt_buf_init(&b);
  vt_program_explain(p, &b);
  if (explanation)
    *explanation = b.data;
  else
    vt_buf_clear(&b);
  vt_session_free(s);
  vt_program_free(p);
}

/* Mean over the rows of the cosine after the mean row is taken off. */
static double cosine(const double *a, const double *b, int n, int width)
{
  double sum = 0, ma[64] = {0}, mb[64] = {0};
  for (int i = 0; i < n * width; i++) {
    ma[i % width] += a[i] / n;
    mb[i % width] += b[i] / n;
  }
  for (int i = 0; i < n; i++) {
    double ab = 0, aa = 0, bb = 0;
    for (int k = 0; k < width; k++) {
      double x = a[i * width + k] - ma[k], y = b[i * width + k] - mb[k];
      ab += x * y;
      aa += x * x;
      bb += y * y;
    }
    sum += ab / sqrt(aa * bb + 1e-30) / n;
  }
  return sum;
}

static struct vt_graph *quantised(const struct vt_graph *g, struct vt_quantize_opts o,
                                  struct vt_quantize_report *r)
{
  struct vt_calibration *c;
  struct vt_graph *q;
  struct vt_err e;
  if (vt_calibration_new(&c, g, &e)) fail_msg("%s", e.msg);
  for (int i = 0; i < SEEN; i++) {
    struct vt_tensor x = picture(i);
    if (vt_calibration_add(c, &x, &e)) fail_msg("%s", e.msg);
    vt_tensor_clear(&x);
  }
  if (vt_calibration_finish(&q, c, &o, r, &e)) fail_msg("%s", e.msg);
  vt_calibration_free(c);
  return q;
}

static int count(const char *text, const char *word)
{
  int n = 0;
  for (const char *p = text; (p = strstr(p, word)); p += strlen(word)) n++;
  return n;
}

/* Saved and loaded: the file is what people use. */
static struct vt_graph *through_a_file(struct vt_graph *g)
{
  char path[] = "/tmp/vitrine-test-quantize-XXXXXX";
  struct vt_graph *out;
  struct vt_err e;
  close(mkstemp(path));
  if (vt_onnx_save(g, path, NULL, &e)) fail_msg("%s", e.msg);
  vt_graph_free(g);
  if (vt_onnx_load(&out, vt_registry_default(), path, &e)) fail_msg("%s", e.msg);
  unlink(path);
  return out;
}

static void like_the_floats(void **state)
{
  static const struct {
    const char *name;
    struct vt_quantize_opts o;
    double floor;
  } cases[] = {{"mse", {.rule = VT_RANGE_MSE}, 0.99},
               {"kl", {.rule = VT_RANGE_KL}, 0.95},
               {"percentile", {.rule = VT_RANGE_PERCENTILE, .percentile = 99.9}, 0.98},
               {"all", {.rule = VT_RANGE_MINMAX}, 0.98},
               {"8 bits", {.weight_bits = 8}, 0.99},
               {"nearest", {.nearest = true}, 0.99}};
  struct vt_graph *g = network();
  double want[SHOWN * CLASSES], have[SHOWN * CLASSES], plain[SHOWN * CLASSES], other[SHOWN * CLASSES];
  run(g, (struct vt_compile_opts){.precision = VT_PREC_F32}, 100, SHOWN, want, CLASSES, NULL, NULL);
  for (int i = 0; i < SHOWN * CLASSES; i++) other[i] = want[(i + CLASSES) % (SHOWN * CLASSES)];
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_quantize_report r;
    struct vt_graph *q = through_a_file(quantised(g, cases[i].o, &r));
    enum vt_precision p;
    char *text;
    assert_int_equal(r.layers, 9);
    assert_int_equal(r.left, 0);
    bool integers = vt_isa() >= VT_ISA_AVX2 && cases[i].o.weight_bits != 8;
    struct vt_compile_opts o = {.precision = integers ? VT_PREC_INT8 : VT_PREC_AUTO};
    run(q, o, 100, SHOWN, have, CLASSES, &p, &text);
    run(q, (struct vt_compile_opts){.reference = true}, 100, SHOWN, plain, CLASSES, NULL, NULL);
    double c = cosine(want, have, SHOWN, CLASSES), same = cosine(plain, have, SHOWN, CLASSES);
    print_message("%-12s cosine %.5f, with the reference kernels %.5f\n", cases[i].name, c, same);
    assert_true(c >= cases[i].floor);
    assert_true(same >= 0.9995);
    assert_true(cosine(other, have, SHOWN, CLASSES) < 0.9);
    if (integers) {
      assert_int_equal(p, VT_PREC_INT8);
      assert_int_equal(count(text, "[onednn int8]"), 9);
      assert_int_equal(count(text, "[onednn int8 pool]"), 1);
      assert_int_equal(count(text, "[reference]"), 0); /* the padding went into the average */
    }
    vt_free(text);
    vt_graph_free(q);
  }
  vt_graph_free(g);
}

/* --- files made elsewhere: each form against the reference kernels
 * ------------------------------------------- */

enum layer { CONV, DEPTHWISE, GEMM, MATMUL };
struct form {
  const char *name;
  enum layer layer;
  enum vt_dtype map, weights;
  int x_zero, y_zero, w_zero, most; /* weights from -most to most, around their zero point */
  bool per_channel, bias, relu, float_out;
  bool exact; /* needs VNNI to run as integers */
  bool floats;
};

static struct vt_value *scalar(struct vt_graph *g, enum vt_dtype t, double v)
{
  struct vt_tensor s;
  assert_int_equal(vt_tensor_init(&s, t, 0, NULL, NULL), 0);
  vt_tensor_set(&s, 0, v);
  struct vt_value *c = vt_graph_constant(g, "c", &s);
  vt_tensor_clear(&s);
  return c;
}

static struct vt_value *vector(struct vt_graph *g, enum vt_dtype t, int64_t n, double from, double step)
{
  struct vt_tensor s;
  assert_int_equal(vt_tensor_init(&s, t, 1, &n, NULL), 0);
  for (int64_t i = 0; i < n; i++) vt_tensor_set(&s, i, from + step * (double)i);
  struct vt_value *c = vt_graph_constant(g, "c", &s);
  vt_tensor_clear(&s);
  return c;
}

static struct vt_value *form_weights(struct vt_graph *g, const struct form *f, int64_t in, int64_t out)
{
  struct vt_rng r;
  vt_rng_init(&r, 5, 0, 0);
  struct vt_tensor t;
  bool matrix = f->layer == GEMM || f->layer == MATMUL;
  int64_t dim[4] = {f->layer == MATMUL ? in : out,
                    f->layer == MATMUL      ? out
                    : f->layer == DEPTHWISE ? 1
                                            : in,
                    3, 3};
  int axis = f->layer == MATMUL;
  assert_int_equal(vt_tensor_init(&t, f->weights, matrix ? 2 : 4, dim, NULL), 0);
  /* mostly of one sign: their sums are large */
  for (int64_t i = 0; i < vt_tensor_count(&t); i++)
    vt_tensor_set(&t, i, f->w_zero + rint((vt_rng_unit(&r) * 1.3 - 0.3) * f->most));
  struct vt_value *q = vt_graph_constant(g, "q", &t);
  vt_tensor_clear(&t);
  struct vt_value *s = f->per_channel ? vector(g, VT_F32, out, 0.001, 0.0001) : scalar(g, VT_F32, 0.002);
  struct vt_value *z =
      f->per_channel ? vector(g, f->weights, out, f->w_zero, 0) : scalar(g, f->weights, f->w_zero);
  return vt_emit(g, "DequantizeLinear", VT_IN(q, s, z), "axis=%d", axis);
}

static struct vt_graph *make_form(const struct form *f)
{
  struct vt_graph *g;
  int64_t in = 3 * 16, out = f->layer == DEPTHWISE ? in : 24;
  assert_int_equal(vt_graph_new(&g, vt_registry_default(), "form", NULL), 0);
  struct vt_value *x = vt_graph_input(g, "image", VT_F32, 4, (int64_t[]){1, 3, SIDE, SIDE});
  bool matrix = f->layer == GEMM || f->layer == MATMUL;
  x = vt_emit(g, "Reshape", VT_IN(x, vt_graph_ints(g, matrix ? 2 : 4, (int64_t[]){16, in, 1, 1})), "");
  if (!matrix) x = vt_emit(g, "Reshape", VT_IN(x, vt_graph_ints(g, 4, (int64_t[]){1, in, 4, 4})), "");
  struct vt_value *xs = scalar(g, VT_F32, 0.015), *xz = scalar(g, f->map, f->x_zero);
  x = vt_emit(g, "DequantizeLinear", VT_IN(vt_emit(g, "QuantizeLinear", VT_IN(x, xs, xz), ""), xs, xz), "");
  struct vt_value *w = form_weights(g, f, in, out), *b = NULL;
  if (f->bias)
    b = vt_emit(g, "DequantizeLinear", VT_IN(vector(g, VT_I32, out, -4000, 300), scalar(g, VT_F32, 0.00003)),
                "axis=0");
  struct vt_value *y = f->layer == MATMUL ? vt_emit(g, "MatMul", VT_IN(x, w), "")
                       : f->layer == GEMM ? vt_emit(g, "Gemm", VT_IN(x, w, b), "transB=1")
                                          : vt_emit(g, "Conv", VT_IN(x, w, b), "pads=[1,1,1,1] group=%d",
                                                    f->layer == DEPTHWISE ? (int)in : 1);
  if (f->relu) y = vt_emit(g, "Relu", VT_IN(y), "");
  struct vt_value *ys = scalar(g, VT_F32, 0.04), *yz = scalar(g, f->map, f->y_zero);
  if (!f->float_out)
    y = vt_emit(g, "DequantizeLinear", VT_IN(vt_emit(g, "QuantizeLinear", VT_IN(y, ys, yz), ""), ys, yz), "");
  vt_graph_output(g, y, "y");
  struct vt_err e;
  if (vt_graph_status(g, &e)) fail_msg("%s: %s", f->name, e.msg);
  return g;
}

static void any_form(void **state)
{
  static const struct form forms[] = {
      {"u8, weights by channel", CONV, VT_U8, VT_I8, 128, 0, 0, 64, true, true, true},
      {"i8 maps", CONV, VT_I8, VT_I8, 3, -10, 0, 64, true, true},
      {"one scale, no bias", CONV, VT_U8, VT_I8, 100, 20, 0, 50},
      {"weights of u8 around 128", CONV, VT_U8, VT_U8, 128, 128, 128, 60, .bias = true},
      {"weights with a zero point", CONV, VT_U8, VT_U8, 128, 128, 90, 60, .bias = true, .floats = true},
      {"weights of 8 bits", CONV, VT_U8, VT_I8, 128, 128, 0, 127, true, true, .exact = true},
      {"result in floats", CONV, VT_U8, VT_I8, 128, 0, 0, 64, true, true, true, true},
      {"depthwise", DEPTHWISE, VT_U8, VT_I8, 128, 0, 0, 64, true, true, true, .exact = true},
      {"matrix", GEMM, VT_U8, VT_I8, 128, 0, 0, 64, true, true, true},
      {"matrix of 8 bits", GEMM, VT_U8, VT_I8, 128, 0, 0, 127, true, true, true, .exact = true},
      {"matrix product", MATMUL, VT_I8, VT_I8, -5, 7, 0, 64, true},
      {"matrix product to floats", MATMUL, VT_U8, VT_I8, 128, 7, 0, 64, false, .float_out = true},
  };
  for (size_t i = 0; i < VT_COUNT(forms); i++) {
    enum { N = 16 * 24 };
    static double want[2 * N * 2], have[2 * N * 2];
    enum vt_precision p;
    char *text;
    const struct form *f = &forms[i];
    struct vt_graph *g = make_form(f);
    int width = f->layer == DEPTHWISE ? 2 * N : N;
    run(g, (struct vt_compile_opts){.reference = true}, 0, 2, want, width, NULL, NULL);
    bool integers = vt_isa() >= VT_ISA_AVX2 && !f->floats && !f->exact;
    struct vt_compile_opts o = {.precision = integers ? VT_PREC_INT8 : VT_PREC_AUTO};
    run(g, o, 0, 2, have, width, &p, &text);
    double worst = 0, most = 0;
    for (int k = 0; k < 2 * width; k++) {
      worst = fmax(worst, fabs(want[k] - have[k]));
      most = fmax(most, fabs(want[k]));
    }
    if (!(worst <= (f->float_out ? 1e-4 * most : 0.0401)) || most < 0.2)
      fail_msg("%s: largest difference %g of %g", f->name, worst, most);
    if (f->floats && p == VT_PREC_INT8) fail_msg("%s: %s", f->name, text);
    if (p != VT_PREC_INT8) assert_non_null(strstr(text, "layers not in int8"));
    vt_free(text);
    vt_graph_free(g);
  }
}

/* --- ranges
 * -------------------------------------------------------------------------------------------------- */

static void ranges(void **state)
{
  enum { N = 20000 };
  static float x[N];
  static const struct {
    const char *name;
    struct vt_quantize_opts o;
    double lo_min, lo_max, hi_min, hi_max;
  } cases[] = {{"all", {.rule = VT_RANGE_MINMAX}, -6, -3, 100, 100},
               {"mse", {.rule = VT_RANGE_MSE}, -6, -0.5, 20, 100},
               {"kl", {.rule = VT_RANGE_KL}, -6, -0.5, 20, 90},
               {"percentile", {.rule = VT_RANGE_PERCENTILE, .percentile = 99}, -2.7, -2, 2, 2.7}};
  struct vt_rng r;
  struct vt_histogram h = {0};
  vt_rng_init(&r, 1, 0, 0);
  for (int i = 0; i < N; i++) x[i] = (float)vt_rng_normal(&r);
  x[N / 2] = 100; /* comes when the range is known already: it is widened several times */
  assert_int_equal(vt_histogram_add(&h, x, 100, NULL), 0);
  assert_int_equal(vt_histogram_add(&h, x + 100, N - 100, NULL), 0);
  int64_t sum = 0, below = 0;
  for (int i = 0; i < 2 * VT_HISTOGRAM_HALF; i++) {
    sum += h.bin[i];
    below += i < VT_HISTOGRAM_HALF ? h.bin[i] : 0;
  }
  assert_int_equal(sum, N);
  assert_true(below > N / 2 - 400 && below < N / 2 + 400);
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    double lo, hi;
    vt_histogram_range(&h, &cases[i].o, &lo, &hi);
    if (lo < cases[i].lo_min || lo > cases[i].lo_max || hi < cases[i].hi_min || hi > cases[i].hi_max)
      fail_msg("%s: %g .. %g", cases[i].name, lo, hi);
  }
  vt_free(h.bin);
  h = (struct vt_histogram){0}; /* nothing but zeros */
  memset(x, 0, sizeof x);
  double lo, hi;
  assert_int_equal(vt_histogram_add(&h, x, 10, NULL), 0);
  vt_histogram_range(&h, &(struct vt_quantize_opts){0}, &lo, &hi);
  assert_true(lo == 0 && hi > 0);
  x[3] = NAN;
  assert_int_equal(vt_histogram_add(&h, x, 10, NULL), VT_EARG);
  vt_free(h.bin);
}

/* --- bad input
 * ----------------------------------------------------------------------------------------------- */

static void bad_input(void **state)
{
  struct vt_graph *g, *q, *net = network();
  struct vt_calibration *c;
  struct vt_quantize_report r;
  struct vt_program *p;
  struct vt_err e;
  assert_int_equal(vt_graph_new(&g, vt_registry_default(), "nothing", NULL), 0);
  struct vt_value *x = vt_graph_input(g, "x", VT_F32, 2, (int64_t[]){1, 3});
  vt_graph_output(g, vt_emit(g, "Relu", VT_IN(x), ""), "y");
  assert_int_equal(vt_calibration_new(&c, g, &e), VT_EARG);
  assert_non_null(strstr(e.msg, "nothing to quantise"));
  assert_int_equal(vt_program_compile(&p, g, NULL, &(struct vt_compile_opts){.precision = VT_PREC_INT8}, &e),
                   VT_EUNSUPPORTED);
  assert_non_null(strstr(e.msg, "model quantize"));
  vt_graph_free(g);
  assert_int_equal(vt_calibration_new(&c, net, &e), 0);
  assert_int_equal(vt_calibration_finish(&q, c, &(struct vt_quantize_opts){0}, &r, &e), VT_EARG);
  assert_non_null(strstr(e.msg, "no pictures"));
  assert_int_equal(vt_calibration_finish(&q, c, &(struct vt_quantize_opts){.weight_bits = 5}, &r, &e),
                   VT_EARG);
  struct vt_quantize_opts half = {.rule = VT_RANGE_PERCENTILE, .percentile = 40};
  assert_int_equal(vt_calibration_finish(&q, c, &half, &r, &e), VT_EARG);
  struct vt_tensor t = picture(0);
  ((float *)t.data)[7] = INFINITY;
  assert_int_equal(vt_calibration_add(c, &t, &e), VT_EARG);
  assert_non_null(strstr(e.msg, "'image'"));
  vt_tensor_clear(&t);
  vt_calibration_free(c);
  vt_graph_free(net);
}

/* The verb's own complaints. */
static void bad_words(void **state)
{
  char folder[] = "/tmp/vitrine-test-quantize-XXXXXX", model[64], photos[64];
  assert_non_null(mkdtemp(folder));
  snprintf(model, sizeof model, "%s/net.onnx", folder);
  snprintf(photos, sizeof photos, "--photos=%s", folder);
  struct vt_graph *g = network();
  assert_int_equal(vt_onnx_save(g, model, NULL, NULL), 0);
  vt_graph_free(g);
  const struct {
    const char *word[3], *message;
  } cases[] = {{{model, "--output=/tmp/x.onnx", "--count=3"}, "--photos"},
               {{model, photos, "--count=3"}, "--output"},
               {{model, photos, "--output=/tmp/x.onnx"}, "no pictures"},
               {{model, "--photos=/nowhere", "--output=/tmp/x.onnx"}, "no such folder"},
               {{model, photos, "--weight-bits=4"}, "weight-bits"}};
  const struct vt_verb *v = NULL;
  for (int i = 0; i < vt_nverbs; i++)
    if (!strcmp(vt_verbs[i]->name, "model quantize")) v = vt_verbs[i];
  assert_non_null(v);
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_cli cli = {.out = stdout};
    struct vt_err e = {0};
    struct vt_strings rest = {0};
    char *argv[4] = {(char *)"vitrine", (char *)cases[i].word[0], (char *)cases[i].word[1],
                     (char *)cases[i].word[2]};
    vt_arena_init(&cli.arena);
    void *opts = vt_arena_alloc(&cli.arena, v->opts_size);
    int rc = vt_opt_defaults(v->opt, v->nopt, opts, &cli.arena, &e);
    if (!rc) rc = vt_opt_parse(v->opt, v->nopt, opts, &cli.arena, 4, argv, &rest, &e);
    if (!rc) rc = v->run(&cli, opts, &rest, &e);
    assert_true(rc < 0);
    if (!strstr(e.msg, cases[i].message))
      fail_msg("expected a message about %s, got: %s", cases[i].message, e.msg);
    vt_arena_clear(&cli.arena);
  }
  unlink(model);
  rmdir(folder);
}

int main(void)
{
  vt_isa_init();
  const struct CMUnitTest t[] = {cmocka_unit_test(like_the_floats), cmocka_unit_test(any_form),
                                 cmocka_unit_test(ranges), cmocka_unit_test(bad_input),
                                 cmocka_unit_test(bad_words)};
  return cmocka_run_group_tests(t, NULL, NULL);
}
