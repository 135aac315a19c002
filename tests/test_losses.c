/* Losses of classification, segmentation and metric learning: those of labels and of shares of classes agree
 * with their formulas, sums are sums, and what is right costs nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>
#include "train/class_loss.h"
#include "train/metric_loss.h"
#include "train/network_keys.h"
#include "train/pixel_loss.h"
#include "scalar_graph.h"

enum { ROWS = 4, K = 4 };

static float loss_of(const float *x, const int64_t *label, const float *weight, int kinds, bool soft)
{
  struct vt_graph *g;
  struct vt_err e = {0};
  float target[ROWS * K] = {0};
  int64_t dim[2] = {ROWS, K};
  for (int i = 0; i < ROWS; i++) target[i * K + label[i]] = 1;
  ok(vt_graph_new(&g, vt_registry_default(), "loss", &e), &e);
  struct vt_value *logits = vt_graph_input(g, "x", VT_F32, 2, dim);
  struct vt_value *t = vt_graph_input(g, "t", soft ? VT_F32 : VT_I64, soft ? 2 : 1, dim);
  struct vt__class_loss o = {kinds, 2, K, weight, soft};
  struct vt_tensor in[2] = {vt_tensor_view(VT_F32, 2, dim, (void *)x),
                            soft ? vt_tensor_view(VT_F32, 2, dim, target)
                                 : vt_tensor_view(VT_I64, 1, dim, (void *)label)};
  return run_scalar(g, vt__class_loss(g, logits, t, &o), in);
}

static void losses_agree(void **state)
{
  static const float x[ROWS * K] = {1, -2, 0.5f, 3, 0, 0, 0, 0, -1, 4, 2, 1, 5, -5, 2, -3};
  static const int64_t label[ROWS] = {3, 1, 1, 2};
  static const float weight[K] = {0.5f, 2, 1, 0.25f};
  for (int w = 0; w < 2; w++) {
    const float *by = w ? weight : NULL;
    double sum[2] = {0}, total = 0, binary = 0;
    for (int i = 0; i < ROWS; i++) {
      double z = 0, wi = by ? (double)by[label[i]] : 1;
      for (int k = 0; k < K; k++) {
        double v = (double)x[i * K + k], t = k == label[i];
        z += exp(v);
        binary += (by ? (double)by[k] : 1) * (log1p(exp(v)) - t * v) / (ROWS * K);
      }
      double p = exp((double)x[i * K + label[i]]) / z;
      sum[0] -= wi * log(p);
      sum[1] -= wi * (1 - p) * (1 - p) * log(p);
      total += wi;
    }
    for (int kinds = VT__CROSS_ENTROPY; kinds <= VT__FOCAL; kinds++)
      for (int soft = 0; soft < 2; soft++)
        assert_true(fabs((double)loss_of(x, label, by, kinds, soft) - sum[kinds] / total) < 1e-4);
    assert_true(fabs((double)loss_of(x, label, by, VT__BINARY, true) - binary) < 1e-4);
  }
}

static void penalty(void **state)
{
  struct vt_graph *g;
  struct vt_err e = {0};
  static float w[4] = {1, -2, 3, -4}, b[2] = {100, 100};
  struct vt_tensor tw = vt_tensor_view(VT_F32, 2, (int64_t[]){2, 2}, w),
                   tb = vt_tensor_view(VT_F32, 1, (int64_t[]){2}, b);
  ok(vt_graph_new(&g, vt_registry_default(), "penalty", &e), &e);
  vt_graph_variable(g, "w", &tw, true);
  vt_graph_variable(g, "b", &tb, true); /* a bias: not penalised */
  struct vt_value *loss = vt_graph_scalar(g, 7), *alone = loss, *metric[1];
  const char *name[1];
  int n = 0;
  vt__network_penalty(&(struct vt__network_keys){0}, g, &loss, metric, name, &n);
  assert_true(loss == alone && n == 0);
  vt__network_penalty(&(struct vt__network_keys){.l1 = 0.5, .l2 = 0.1}, g, &loss, metric, name, &n);
  assert_int_equal(n, 1);
  assert_string_equal(name[0], "penalty_loss");
  assert_true(fabsf(run_scalar(g, loss, NULL) - (7 + 0.5f * 10 + 0.1f * 30)) < 1e-5f);
}

/* ---- losses of pixels ---- */

enum { MAP = 3 }; /* (1, 3, MAP, MAP) */

static float pixel_loss_of(int kind, double weight, const float *x, const int64_t *label, int *nmetric,
                           char *ops)
{
  struct vt_graph *g;
  struct vt_err e = {0};
  static const float by[3] = {1, 2, 0.5f};
  int64_t dim[4] = {1, 3, MAP, MAP}, ldim[3] = {1, MAP, MAP};
  struct vt_value *metric[2];
  const char *name[2];
  ok(vt_graph_new(&g, vt_registry_default(), "loss", &e), &e);
  struct vt_value *logits = vt_graph_input(g, "x", VT_F32, 4, dim),
                  *t = vt_graph_input(g, "t", VT_I64, 3, ldim);
  struct vt_tensor in[2] = {vt_tensor_view(VT_F32, 4, dim, (void *)x),
                            vt_tensor_view(VT_I64, 3, ldim, (void *)label)};
  struct vt__pixel_loss o = {kind, weight, 2, 3, by};
  *nmetric = 0;
  struct vt_value *y = vt__pixel_loss(g, logits, t, &o, metric, name, nmetric);
  *ops = 0;
  for (int i = 0; i < g->nnodes; i++) strcat(strcat(ops, g->nodes[i]->op->name), " ");
  return run_scalar(g, y, in);
}

static void losses_of_pixels(void **state)
{
  enum {
    CE_DICE,
    CE,
    FOCAL,
    DICE,
    JACCARD,
    LOVASZ,
    CE_JACCARD,
    CE_LOVASZ,
    FOCAL_DICE,
    FOCAL_JACCARD,
    FOCAL_LOVASZ,
    ALL
  };
  static const int parts[ALL][2] = {
      [CE_DICE] = {CE, DICE},       [CE_JACCARD] = {CE, JACCARD},       [CE_LOVASZ] = {CE, LOVASZ},
      [FOCAL_DICE] = {FOCAL, DICE}, [FOCAL_JACCARD] = {FOCAL, JACCARD}, [FOCAL_LOVASZ] = {FOCAL, LOVASZ}};
  static const int64_t label[MAP * MAP] = {0, 1, 2, 255, 1, 1, 0, 2, 0};
  float x[3 * MAP * MAP], right[3 * MAP * MAP], v[ALL];
  char ops[300];
  int n;
  for (int i = 0; i < 3 * MAP * MAP; i++) {
    x[i] = (float)(i * 7 % 5) - 2;
    right[i] = label[i % (MAP * MAP)] == i / (MAP * MAP) ? 30 : -30;
  }
  for (int k = 0; k < ALL; k++) {
    v[k] = pixel_loss_of(k, 0.7, x, label, &n, ops);
    assert_int_equal(n, parts[k][0] ? 2 : 0);
  }
  for (int k = 0; k < ALL; k++) {
    if (parts[k][0]) assert_true(fabsf(v[k] - (v[parts[k][0]] + 0.7f * v[parts[k][1]])) < 1e-5f);
    float none = pixel_loss_of(k, 0.7, right, label, &n, ops);
    if (!(fabsf(none) < 1e-4f && v[k] > 0.1f))
      fail_msg("loss %d: %g, where all is right %g", k, (double)v[k], (double)none);
    /* what trained networks were trained with stays as it is */
    if (k == CE_DICE) assert_string_equal(ops, "SoftmaxCrossEntropyLoss DiceLoss Mul Add ");
  }
}

/* ---- losses of metric learning ---- */

enum { MANY = 6, DIM = 3, SETS = 3 };
static const int64_t key[MANY] = {0, 0, 1, 1, -1, 2}; /* -1: of no class */

static double square_distance(const float *a, const float *b)
{
  double sum = 0;
  for (int k = 0; k < DIM; k++) sum += pow((double)a[k] - (double)b[k], 2);
  return sum;
}

static double inner(const float *a, const float *b)
{
  double sum = 0;
  for (int k = 0; k < DIM; k++) sum += (double)a[k] * (double)b[k];
  return sum;
}

/* For each sample the farthest of its class and the nearest of another. */
static double expected_triplet(const float *x, double margin, double alpha)
{
  double sum = 0, count = 0;
  for (int a = 0; a < MANY; a++) {
    int p = -1, n = -1;
    for (int i = 0; i < MANY && key[a] >= 0; i++) {
      double d = square_distance(x + a * DIM, x + i * DIM);
      if (i == a || key[i] < 0) continue;
      if (key[i] == key[a] && (p < 0 || d > square_distance(x + a * DIM, x + p * DIM))) p = i;
      if (key[i] != key[a] && (n < 0 || d < square_distance(x + a * DIM, x + n * DIM))) n = i;
    }
    if (p < 0 || n < 0) continue;
    double d = square_distance(x + a * DIM, x + p * DIM) - square_distance(x + a * DIM, x + n * DIM) + margin;
    const float *one[] = {x + a * DIM, x + p * DIM, x + n * DIM};
    for (int i = 0; i < 3; i++) sum += alpha / (3 * DIM) * inner(one[i], one[i]);
    sum += fmax(0, d);
    count++;
  }
  return sum / count;
}

static double expected_contrastive(const float *x, double margin)
{
  double sum = 0, count = 0;
  for (int i = 0; i < MANY; i++)
    for (int j = i + 1; j < MANY; j++) {
      double square = square_distance(x + i * DIM, x + j * DIM);
      if (key[i] < 0 || key[j] < 0) continue;
      sum += key[i] == key[j] ? square / 2 : pow(fmax(0, margin - sqrt(square)), 2) / 2;
      count++;
    }
  return sum / count;
}

/* w: a unit vector of each class. */
static double expected_arcface(const float *x, const float *w, double margin, double scale)
{
  double sum = 0, count = 0;
  for (int i = 0; i < MANY; i++) {
    double all = 0, own = 0;
    if (key[i] < 0) continue;
    for (int c = 0; c < SETS; c++) {
      double angle = acos(inner(x + i * DIM, w + c * DIM));
      double logit = scale * cos(angle + (c == key[i] ? margin : 0));
      all += exp(logit);
      if (c == key[i]) own = logit;
    }
    sum += log(all) - own;
    count++;
  }
  return sum / count;
}

static double expected_proxy_anchor(const float *x, const float *w, double delta, double alpha)
{
  double with = 0, near = 0, far = 0;
  for (int c = 0; c < SETS; c++) {
    double same = 0, other = 0;
    bool any = false;
    for (int i = 0; i < MANY; i++) {
      double s = inner(x + i * DIM, w + c * DIM);
      if (key[i] < 0) continue;
      any |= key[i] == c;
      if (key[i] == c)
        same += exp(-alpha * (s - delta));
      else
        other += exp(alpha * (s + delta));
    }
    with += any;
    near += log1p(same);
    far += log1p(other);
  }
  return near / with + far / SETS;
}

static const struct vt_tensor *proxies(void *ctx, const char *name)
{
  return strcmp(name, "metric.weight") ? NULL : ctx;
}

static void losses_of_metrics(void **state)
{
  float raw[MANY * DIM], unit[MANY * DIM], w[SETS * DIM], lengths[SETS] = {2, 0.5f, 3}, longer[SETS * DIM];
  struct vt_rng r;
  vt_rng_init(&r, 3, 0, 0);
  for (int i = 0; i < MANY * DIM; i++) raw[i] = vt_rng_normal(&r);
  for (int i = 0; i < SETS * DIM; i++) w[i] = vt_rng_normal(&r);
  for (int i = 0; i < MANY; i++)
    for (int k = 0; k < DIM; k++)
      unit[i * DIM + k] = raw[i * DIM + k] / (float)sqrt(inner(raw + i * DIM, raw + i * DIM));
  for (int c = 0; c < SETS; c++) {
    float length = (float)sqrt(inner(w + c * DIM, w + c * DIM));
    for (int k = 0; k < DIM; k++) w[c * DIM + k] /= length, longer[c * DIM + k] = w[c * DIM + k] * lengths[c];
  }
  struct vt__metric_loss o = {.margin = 0.3, .alpha = 0.7, .scale = 8, .mining = "hard", .classes = SETS};
  const double want[] = {[VT__TRIPLET_LOSS] = expected_triplet(unit, 0.3, 0),
                         [VT__TRIPLET_L2_LOSS] = expected_triplet(raw, 0.3, 0.7),
                         [VT__CONTRASTIVE_LOSS] = expected_contrastive(unit, 0.3),
                         [VT__ARCFACE_LOSS] = expected_arcface(unit, w, 0.3, 8),
                         [VT__PROXY_ANCHOR_LOSS] = expected_proxy_anchor(unit, w, 0.3, 8)};
  for (o.kind = VT__TRIPLET_LOSS; o.kind <= VT__PROXY_ANCHOR_LOSS; o.kind++) {
    struct vt_graph *g;
    struct vt_err e = {0};
    int64_t dim[2] = {MANY, DIM};
    struct vt_tensor in[3] = {vt_tensor_view(VT_F32, 2, dim, unit), vt_tensor_view(VT_F32, 2, dim, raw),
                              vt_tensor_view(VT_I64, 1, dim, (void *)key)},
                     given = vt_tensor_view(VT_F32, 2, (int64_t[]){SETS, DIM}, longer);
    ok(vt_graph_new(&g, vt_registry_default(), "metric", &e), &e);
    struct vt_net n = {.g = g, .find = proxies, .ctx = &given};
    struct vt_value *u = vt_graph_input(g, "unit", VT_F32, 2, dim),
                    *v = vt_graph_input(g, "raw", VT_F32, 2, dim),
                    *k = vt_graph_input(g, "key", VT_I64, 1, dim);
    double y = (double)run_scalar(g, vt__metric_loss(&n, u, v, k, &o), in);
    if (!(fabs(y - want[o.kind]) < 1e-4 && y > 0.01))
      fail_msg("loss %d: %g, expected %g", o.kind, y, want[o.kind]);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(losses_agree),
      cmocka_unit_test(penalty),
      cmocka_unit_test(losses_of_pixels),
      cmocka_unit_test(losses_of_metrics),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
