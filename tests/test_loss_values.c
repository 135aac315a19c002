/* Values of losses and of the switchable norm: against numbers of PyTorch 1.13 and torchvision 0.14 (boxes,
 * smooth L1, distillation), and against other ways to compute them (losses over classes by counting sets, the
 * norm by plain loops).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>
#include "scalar_graph.h"

static double loss(const char *op, const char *attrs, struct vt_tensor *a, struct vt_tensor *b)
{
  struct vt_graph *g;
  struct vt_err e = {0};
  ok(vt_graph_new(&g, vt_registry_default(), "loss", &e), &e);
  struct vt_value *x = vt_graph_input(g, "x", a->dtype, a->rank, a->dim),
                  *y = vt_graph_input(g, "y", b->dtype, b->rank, b->dim);
  return (double)run_scalar(g, vt_emit(g, op, VT_IN(x, y), "%s", attrs), (struct vt_tensor[]){*a, *b});
}

/* torchvision.ops.box_iou, generalized_, distance_ and complete_box_iou_loss; smooth_l1_loss; T^2 kl_div. */
static void test_published(void **state)
{
  static float a[4][4] = {
      {.1f, .1f, .5f, .6f}, {.2f, .3f, .4f, .9f}, {.0f, .0f, .2f, .2f}, {.3f, .3f, .7f, .5f}};
  static float b[4][4] = {
      {.2f, .1f, .6f, .5f}, {.1f, .2f, .5f, .8f}, {.6f, .5f, .9f, .9f}, {.35f, .3f, .6f, .55f}};
  static float x[4] = {0, .05f, -.3f, 2}, t[4] = {.02f, .5f, .4f, -1};
  static float pupil[2][3] = {{1, -2, .5f}, {0, 3, 1}}, teacher[2][3] = {{.5f, .1f, -1}, {2, 1, 0}};
  struct vt_tensor pair[3][2] = {
      {vt_tensor_view(VT_F32, 2, (int64_t[]){4, 4}, a), vt_tensor_view(VT_F32, 2, (int64_t[]){4, 4}, b)},
      {vt_tensor_view(VT_F32, 1, (int64_t[]){4}, x), vt_tensor_view(VT_F32, 1, (int64_t[]){4}, t)},
      {vt_tensor_view(VT_F32, 2, (int64_t[]){2, 3}, pupil),
       vt_tensor_view(VT_F32, 2, (int64_t[]){2, 3}, teacher)}};
  static const struct {
    const char *op, *attrs;
    int pair;
    double value;
  } cases[] = {{"ai.vitrine:BoxLoss", "kind=iou", 0, 0.6437109708786011},
               {"ai.vitrine:BoxLoss", "kind=giou", 0, 0.8909353613853455},
               {"ai.vitrine:BoxLoss", "kind=diou", 0, 0.7759678363800049},
               {"ai.vitrine:BoxLoss", "kind=ciou", 0, 0.7771947979927063},
               {"ai.vitrine:SmoothL1Loss", "beta=1", 1, 0.7116125226020813},
               {"ai.vitrine:SmoothL1Loss", "beta=0.1", 1, 1.000499963760376},
               {"ai.vitrine:DistillationLoss", "temperature=1", 2, 1.0910203456878662},
               {"ai.vitrine:DistillationLoss", "temperature=3", 2, 1.2667407989501953}};
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    double v = loss(cases[i].op, cases[i].attrs, &pair[cases[i].pair][0], &pair[cases[i].pair][1]);
    if (!(fabs(v - cases[i].value) < 2e-6 * (1 + fabs(v))))
      fail_msg("%s %s: %.9g, expected %.9g", cases[i].op, cases[i].attrs, v, cases[i].value);
  }
}

/* ---- losses over classes ---- */

enum { K = 3, PIXELS = 12, IGNORED = 255 };

/* 1 - |A and G| / |A or G| for A = G without and with the pixels of error at least t: the loss of the set
 * that is wrong exactly there. */
static double jaccard_of_errors(const double *error, const bool *truth, const bool *known, double t)
{
  double meet = 0, join = 0;
  for (int i = 0; i < PIXELS; i++) {
    if (!known[i]) continue;
    bool wrong = error[i] >= t, there = truth[i] != wrong;
    meet += there && truth[i];
    join += there || truth[i];
  }
  return join > 0 ? 1 - meet / join : 0;
}

/* The Lovász extension as the integral over thresholds (Bach 2013, section 3.1), a step function. */
static double lovasz_of_class(const double *error, const bool *truth, const bool *known)
{
  double at = 0, sum = 0;
  for (;;) {
    double next = 2;
    for (int i = 0; i < PIXELS; i++)
      if (known[i] && error[i] > at && error[i] < next) next = error[i];
    if (next > 1) return sum;
    sum += (next - at) * jaccard_of_errors(error, truth, known, next);
    at = next;
  }
}

static void test_classes(void **state)
{
  static int64_t label[PIXELS] = {0, 1, 1, 0, IGNORED, 1, 0, 0, 1, 0, IGNORED, 1}; /* class 2 is absent */
  static float x[K][PIXELS];
  double p[K][PIXELS], dice = 0, jaccard = 0, lovasz = 0;
  bool known[PIXELS];
  struct vt_rng r;
  vt_rng_init(&r, 11, 0, 0);
  for (int i = 0; i < K * PIXELS; i++) x[i / PIXELS][i % PIXELS] = vt_rng_normal(&r);
  for (int i = 0; i < PIXELS; i++) {
    double z = 0;
    for (int k = 0; k < K; k++) z += exp((double)x[k][i]);
    for (int k = 0; k < K; k++) p[k][i] = exp((double)x[k][i]) / z;
    known[i] = label[i] != IGNORED;
  }
  for (int k = 0; k < 2; k++) {
    double meet = 0, chance = 0, there = 0, error[PIXELS];
    bool truth[PIXELS];
    for (int i = 0; i < PIXELS; i++) {
      truth[i] = label[i] == k;
      error[i] = fabs((truth[i] ? 1 : 0) - p[k][i]);
      if (!known[i]) continue;
      meet += truth[i] ? p[k][i] : 0;
      chance += p[k][i];
      there += truth[i];
    }
    dice += (1 - (2 * meet + 1) / (chance + there + 1)) / 2;
    jaccard += (1 - (meet + 1) / (chance + there - meet + 1)) / 2;
    lovasz += lovasz_of_class(error, truth, known) / 2;
  }
  struct vt_tensor scores = vt_tensor_view(VT_F32, 4, (int64_t[]){1, K, 3, 4}, x),
                   labels = vt_tensor_view(VT_I64, 3, (int64_t[]){1, 3, 4}, label);
  double have[3] = {loss("ai.vitrine:DiceLoss", "ignore_index=255 smooth=1", &scores, &labels),
                    loss("ai.vitrine:JaccardLoss", "ignore_index=255 smooth=1", &scores, &labels),
                    loss("ai.vitrine:LovaszLoss", "ignore_index=255", &scores, &labels)};
  const double want[3] = {dice, jaccard, lovasz};
  for (int i = 0; i < 3; i++)
    if (!(fabs(have[i] - want[i]) < 2e-6)) fail_msg("loss %d: %.9g, expected %.9g", i, have[i], want[i]);
}

/* ---- switchable norm ---- */

enum { N = 2, C = 3, HW = 6, ALL = N * C * HW };

/* Mean and variance of the numbers whose sample is n, unless n < 0, and whose channel is c, unless c < 0. */
static void moments(const float *x, int n, int c, double *mean, double *var)
{
  double sum = 0, square = 0, count = 0;
  for (int i = 0; i < ALL; i++) {
    if ((n >= 0 && i / HW / C != n) || (c >= 0 && i / HW % C != c)) continue;
    sum += (double)x[i];
    square += (double)x[i] * (double)x[i];
    count++;
  }
  *mean = sum / count;
  *var = square / count - *mean * *mean;
}

static double share(const float *w, int k)
{
  return exp((double)w[k]) / (exp((double)w[0]) + exp((double)w[1]) + exp((double)w[2]));
}

static void test_switchable(void **state)
{
  static float x[ALL], scale[C] = {1, 2, -1}, shift[C] = {0, .5f, 3}, wm[3] = {.2f, -1, .7f},
                       wv[3] = {1, 0, -.3f};
  struct vt_rng r;
  struct vt_graph *g;
  struct vt_eval *v;
  struct vt_err e = {0};
  struct vt_tensor y,
      in[5] = {vt_tensor_view(VT_F32, 4, (int64_t[]){N, C, 2, 3}, x),
               vt_tensor_view(VT_F32, 1, (int64_t[]){C}, scale),
               vt_tensor_view(VT_F32, 1, (int64_t[]){C}, shift),
               vt_tensor_view(VT_F32, 1, (int64_t[]){3}, wm), vt_tensor_view(VT_F32, 1, (int64_t[]){3}, wv)};
  vt_rng_init(&r, 4, 0, 0);
  for (int i = 0; i < ALL; i++) x[i] = vt_rng_normal(&r) * (float)(1 + i % 3) + (float)(i / HW);
  ok(vt_graph_new(&g, vt_registry_default(), "norm", &e), &e);
  struct vt_value *in_graph[5], *out;
  for (int i = 0; i < 5; i++)
    in_graph[i] = vt_graph_input(g, (const char *[]){"x", "scale", "shift", "wm", "wv"}[i], VT_F32,
                                 in[i].rank, in[i].dim);
  vt_graph_output(g, vt_emit_n(g, "ai.vitrine:SwitchableNorm", 5, in_graph, 1, &out, "epsilon=1e-5"), "y");
  ok(vt_eval_new(&v, g, &(struct vt_compile_opts){.precision = VT_PREC_F32}, &e), &e);
  ok(vt_eval_run(v, in, &y, 0, &e), &e);
  for (int i = 0; i < ALL; i++) {
    int n = i / HW / C, c = i / HW % C;
    double mean = 0, var = 0;
    for (int k = 0; k < 3; k++) { /* instance, layer, batch */
      double m, s;
      moments(x, k < 2 ? n : -1, k != 1 ? c : -1, &m, &s);
      mean += share(wm, k) * m;
      var += share(wv, k) * s;
    }
    double want = (double)scale[c] * ((double)x[i] - mean) / sqrt(var + 1e-5) + (double)shift[c];
    if (!(fabs(vt_tensor_get(&y, i) - want) < 1e-4))
      fail_msg("%d: %g, expected %g", i, vt_tensor_get(&y, i), want);
  }
  vt_tensor_clear(&y);
  vt_eval_free(v);
  vt_graph_free(g);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_published),
      cmocka_unit_test(test_classes),
      cmocka_unit_test(test_switchable),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
