/* The task `classify`: it learns drawn class folders with each of its losses, a run that was stopped goes on
 * to the same bytes, mixed targets are what the pictures are, a pupil that is its own teacher has nothing to
 * learn from it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "app/cli/verb.h"
#include "backend/backend.h"
#include "train/mix.h"
#include "train/task_util.h"
#include "train/teacher.h"
#include "train/trainer.h"
#include "scalar_graph.h"

enum { SIDE = 24, CLASSES = 3, EACH = 48 };
static char dir[] = "/tmp/vitrine-test-classify-XXXXXX";
static const char *const kind[CLASSES] = {"plain", "stri\"ped", "box"};

static const char *in_dir(const char *name)
{
  static char path[8][300];
  static int turn;
  turn = (turn + 1) % 8;
  snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
  return path[turn];
}

/* Plain, striped or with a box, in any colours. */
static void draw(int c, int i, const char *path)
{
  struct vt_image im;
  struct vt_err e = {0};
  struct vt_rng r;
  vt_rng_init(&r, 7, (uint64_t)c, (uint64_t)i);
  ok(vt_image_init(&im, SIDE, SIDE, 3, &e), &e);
  int back = 40 + (int)vt_rng_below(&r, 80), fore = back + 90, x0 = 4 + (int)vt_rng_below(&r, 6);
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++) {
      bool on = c == 1 ? y / 3 % 2 : c == 2 && x >= x0 && x < x0 + 10 && y >= 6 && y < 18;
      for (int k = 0; k < 3; k++)
        im.px[y * im.stride + 3 * x + k] = (uint8_t)((on ? fore : back) + (int)vt_rng_below(&r, 20));
    }
  ok(vt_image_write(&im, path, 0, &e), &e);
  vt_image_clear(&im);
}

static int draw_all(void **state)
{
  struct vt_err e = {0};
  vt_log_set(VT_LOG_ERROR);
  assert_non_null(mkdtemp(dir));
  for (int s = 0; s < 2; s++)
    for (int c = 0; c < CLASSES; c++) {
      char name[80];
      snprintf(name, sizeof name, "set/%s/%s", s ? "val" : "train", kind[c]);
      ok(vt_mkdirs(in_dir(name), &e), &e);
      for (int i = 0; i < (s ? 8 : EACH); i++) {
        snprintf(name, sizeof name, "set/%s/%s/%d.png", s ? "val" : "train", kind[c], i);
        draw(c, i + s * EACH, in_dir(name));
      }
    }
  return 0;
}

static int remove_all(void **state)
{
  char command[80];
  snprintf(command, sizeof command, "rm -r %s", dir);
  return system(command);
}

static const char recipe[] =
    "task: classify\nepochs: 10\nbatch: 8\nprecision: f32\nloader.threads: 2\ncharts: no\nbest: top1\n"
    "optimizer: {name: adamw, lr: 0.006}\nvalidate_every: 5\nwidth: 24\nheight: 24\nhold_out: 6\nstem: 12\n"
    "encoder: '12,16,24,24'\nblocks: '1,1,1,1'\ncheckpoint_steps: 3\n"
    "augment: {scale_min: 0.95, scale_max: 1.05, rotate: 0, erase: 0, hue: 0}\n";

/* set: further settings, up to a NULL */
static int train(const char *run, const char *const *set, struct vt_err *e)
{
  const char *v[16];
  char data[320];
  struct vt_strings s = {0, v};
  struct vt_train_opts o = {.recipe = in_dir("recipe.yaml"), .set = &s, .out = in_dir(run)};
  snprintf(data, sizeof data, "data=%s", in_dir("set"));
  v[s.n++] = data;
  for (int i = 0; set && set[i]; i++) v[s.n++] = set[i];
  ok(vt_file_write_atomic(o.recipe, recipe, sizeof recipe - 1, e), e);
  return vt_train_run(vt_registry_default(), &o, e);
}
#define SET(...) ((const char *const[]){__VA_ARGS__, NULL})

static double last_result(const char *run, const char *column)
{
  struct vt_csv c;
  struct vt_err e = {0};
  double v = NAN;
  int k;
  char path[300];
  snprintf(path, sizeof path, "%s/results.csv", in_dir(run));
  ok(vt_csv_open(&c, path, &e), &e);
  ok(vt_csv_need(&c, column, &k, &e), &e);
  while (vt_csv_next(&c, NULL) == 1) assert_true(!*c.field[k] || vt_parse_f64(c.field[k], &v));
  vt_csv_close(&c);
  return v;
}

static void learns(void **state)
{
  static const struct {
    const char *run;
    const char *set[6];
    double floor; /* chance is .33 */
  } cases[] = {
      {"plain", {NULL}, 0.9},
      {"focal", {"loss=focal", "balance=0.5", NULL}, 0.8},
      {"binary", {"loss=binary", "l1=1e-5", "l2=1e-4", NULL}, 0.8},
      {"mixed",
       {"mixup=0.4", "cutmix=0.4", "label_smoothing=0.1", "drop_block=0.1", "dropout=0.1", NULL},
       0.6},
      {"builder",
       {"backbone=squeezenet1_1", "width=64", "height=64", "epochs=1", "optimizer.lr=0.001", NULL},
       0.1},
      {"policy",
       {"policy=[{flip: {p: 0.5}}, {one-of: [brightness, contrast]}, {cutmix: {p: 0.3, ramp: 5}}]",
        "sampler=per_class", "sampler_m=2", NULL},
       0.7},
      {"softfocal", {"loss=focal", "gamma=1", "label_smoothing=0.1", "balance=0.3", NULL}, 0.8},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_err e = {0};
    ok(train(cases[i].run, cases[i].set, &e), &e);
    double top1 = last_result(cases[i].run, "top1"), f1 = last_result(cases[i].run, "macro_f1");
    if (!(top1 >= cases[i].floor)) fail_msg("%s: top-1 %g, floor %g", cases[i].run, top1, cases[i].floor);
    if (!(f1 >= cases[i].floor - 0.1)) fail_msg("%s: macro F1 %g", cases[i].run, f1);
    assert_true(last_result(cases[i].run, "top5") == 1);
  }
}

static void assert_same_file(const char *a, const char *b)
{
  char *x, *y;
  size_t nx, ny;
  struct vt_err e = {0};
  ok(vt_file_read(a, 1 << 24, &x, &nx, &e), &e);
  ok(vt_file_read(b, 1 << 24, &y, &ny, &e), &e);
  assert_int_equal(nx, ny);
  assert_memory_equal(x, y, nx);
  vt_free(x);
  vt_free(y);
}

/* Two epochs, then the rest from the checkpoint: the bytes of four in one go, mixing included. */
static void goes_on_to_the_same_bytes(void **state)
{
  struct vt_err e = {0};
  ok(train("whole", SET("mixup=0.5", "cutmix=0.5", "schedule.name=constant"), &e), &e);
  ok(train("parts", SET("mixup=0.5", "cutmix=0.5", "schedule.name=constant", "epochs=2"), &e), &e);
  ok(train("parts", SET("mixup=0.5", "cutmix=0.5", "schedule.name=constant"), &e), &e);
  assert_same_file(in_dir("whole/last.onnx"), in_dir("parts/last.onnx"));
}

/* The same with a policy whose ramp is at another place in every epoch, and a sampler. */
static void goes_on_by_policy(void **state)
{
#define POLICY "policy=[{flip: {p: 0.5}}, {mixup: {p: 0.8, ramp: 4}}, {rotate: {degrees: 9}}]"
  struct vt_err e = {0};
  ok(train("whole2", SET(POLICY, "sampler=balanced", "schedule.name=constant", "epochs=4"), &e), &e);
  ok(train("parts2", SET(POLICY, "sampler=balanced", "schedule.name=constant", "epochs=2"), &e), &e);
  ok(train("parts2",
           SET(POLICY, "sampler=balanced", "schedule.name=constant", "epochs=4", "loader.threads=1"), &e),
     &e);
  assert_same_file(in_dir("whole2/last.onnx"), in_dir("parts2/last.onnx"));
}

static void bad_recipes(void **state)
{
  static const struct {
    const char *set, *message;
  } cases[] = {
      {"data=/nowhere", "neither clothing, products, products224 nor a folder"},
      {"min_count=1000", "0 classes with min_count = 1000"},
      {"backbone=resnet5", "resnet5"},
      {"teacher=/nowhere.onnx", "/nowhere.onnx"},
      {"cutmix=0.8", "1.3"},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_err e = {0};
    assert_true(train("bad", SET(cases[i].set, "mixup=0.5"), &e) < 0);
    if (!strstr(e.msg, cases[i].message)) fail_msg("%s: %s", cases[i].set, e.msg);
  }
}

/* ---- mixing ---- */

enum { N = 6, K = 4 };

/* Picture i is all i + 1, so that shares can be read off. */
static void mix(const struct vt__mix *m, uint64_t seed, float *image, float *target)
{
  static float plane[N][3 * SIDE * SIDE];
  const float *planes[N];
  int64_t label[N];
  uint64_t seeds[N];
  for (int i = 0; i < N; i++) {
    for (int k = 0; k < 3 * SIDE * SIDE; k++) plane[i][k] = (float)(i + 1);
    planes[i] = plane[i];
    label[i] = i % K;
    seeds[i] = seed * 100 + (uint64_t)i;
  }
  struct vt__mix_batch b = {N, K, SIDE, SIDE, planes, label, seeds};
  vt__mix_batch(m, &b, image, target);
}

static void mixed_targets(void **state)
{
  static const struct vt__mix cases[] = {
      {1, 0, 1, 1, 0}, {0, 1, 1, 1, 0}, {0.5, 0.5, 0.3, 0.5, 0.1}, {0, 0, 1, 1, 0.2}};
  static float image[N * 3 * SIDE * SIDE];
  for (size_t c = 0; c < VT_COUNT(cases); c++)
    for (uint64_t seed = 0; seed < 40; seed++) {
      float target[N * K];
      mix(&cases[c], seed, image, target);
      for (int i = 0; i < N; i++) {
        float sum = 0;
        double mean = 0, own = 0;
        for (int k = 0; k < K; k++) sum += target[i * K + k];
        assert_true(fabsf(sum - 1) < 1e-5f);
        /* Both ways of mixing make the picture's mean lambda (i + 1) + (1 - lambda)(j + 1). */
        const float *x = image + (int64_t)i * 3 * SIDE * SIDE;
        int j = i;
        for (int k = 0; k < 3 * SIDE * SIDE; k++) mean += (double)x[k] / (3 * SIDE * SIDE);
        for (int k = 0; k < N && cases[c].smoothing == 0; k++) {
          double t = (double)target[i * K + k % K];
          if (k != i && k % K != i % K && t > 1e-6) {
            double want = (1 - t) * (i + 1) + t * (k + 1);
            if (fabs(want - mean) < 1e-3) j = k, own = 1 - t;
          }
        }
        if (cases[c].smoothing == 0 && (double)target[i * K + i % K] < 1 - 1e-6 && j == i)
          fail_msg("case %zu, seed %d, picture %d: mean %g matches no target", c, (int)seed, i, mean);
        assert_true(own >= 0 && own <= 1);
      }
    }
}

static void mixing_is_fixed_by_its_seed(void **state)
{
  static float a[N * 3 * SIDE * SIDE], b[N * 3 * SIDE * SIDE];
  float ta[N * K], tb[N * K];
  struct vt__mix m = {0.5, 0.5, 1, 1, 0};
  mix(&m, 5, a, ta);
  mix(&m, 5, b, tb);
  assert_memory_equal(a, b, sizeof a);
  assert_memory_equal(ta, tb, sizeof ta);
  mix(&m, 6, b, tb);
  assert_memory_not_equal(ta, tb, sizeof ta);
  /* Beta(a, a) has mean 1/2 and variance 1/(4 (2a + 1)). */
  static const double alpha[] = {0.2, 1, 4};
  for (size_t k = 0; k < VT_COUNT(alpha); k++) {
    struct vt_rng r;
    double sum = 0, square = 0;
    enum { DRAWS = 20000 };
    vt_rng_init(&r, 1, 2, 3);
    for (int i = 0; i < DRAWS; i++) {
      double x = vt__beta(&r, alpha[k]);
      sum += x, square += x * x;
    }
    double mean = sum / DRAWS, var = square / DRAWS - mean * mean;
    assert_true(fabs(mean - 0.5) < 0.015);
    assert_true(fabs(var - 1 / (4 * (2 * alpha[k] + 1))) < 0.01);
  }
}

/* ---- distillation ---- */

/* The trained network, built from the weights in its file, against the file as its teacher; at another mean
 * and deviation of the pupil's input the teacher still sees what it was made for. */
static void own_teacher(void **state)
{
  struct vt_err e = {0};
  ok(train("teacher", SET("epochs=1"), &e), &e);
  for (int moved = 0; moved < 2; moved++) {
    struct vt_graph *g, *own;
    struct vt_value *pupil, *teacher;
    float pixels[2 * 3 * SIDE * SIDE];
    int64_t dim[4] = {2, 3, SIDE, SIDE};
    ok(vt_graph_new(&g, vt_registry_default(), "distil", &e), &e);
    struct vt_value *x = vt_graph_input(g, "image", VT_F32, 4, dim);
    struct vt_preprocess p = {
        .width = SIDE, .height = SIDE, .mean = {.5f, .5f, .5f}, .std = {.25f, .25f, .25f}};
    struct vt_value *raw = x; /* what the pupil was trained on, from x of mean 0 and deviation 1 */
    if (moved) {
      for (int c = 0; c < 3; c++) p.mean[c] = 0, p.std[c] = 1;
      raw =
          vt_emit(g, "Mul",
                  VT_IN(vt_emit(g, "Sub", VT_IN(x, vt_graph_scalar(g, .5f)), ""), vt_graph_scalar(g, 4)), "");
    }
    static const char *const other[CLASSES] = {"stri\"ped", "plain", "box"};
    struct vt__pupil who = {&p, CLASSES, other};
    ok(vt__teacher(g, in_dir("teacher/last.onnx"), x, &who, &teacher, &e), &e);
    ok(vt_onnx_load(&own, vt_registry_default(), in_dir("teacher/last.onnx"), &e), &e);
    ok(vt__graph_splice(g, own, raw, &pupil, &e), &e);
    vt_graph_free(own);
    /* the folders are numbered by name: box, plain, stri"ped; the pupil has them in another order */
    pupil = vt_emit(g, "Gather", VT_IN(pupil->producer->in[0], vt_graph_ints(g, 3, (int64_t[]){2, 1, 0})),
                    "axis=1");
    for (size_t i = 0; i < VT_COUNT(pixels); i++) pixels[i] = (float)(i * 37 % 101) / 101;
    struct vt_tensor in = vt_tensor_view(VT_F32, 4, dim, pixels);
    struct vt_value *kl = vt_emit(g, "ai.vitrine:DistillationLoss", VT_IN(pupil, teacher), "temperature=3");
    float v = run_scalar(g, kl, &in);
    if (!(fabsf(v) < 1e-5f)) fail_msg("KL %g", (double)v);
  }
}

static void distils(void **state)
{
  struct vt_err e = {0};
  char teacher[340];
  snprintf(teacher, sizeof teacher, "teacher=%s", in_dir("plain/last.onnx"));
  ok(train("pupil", SET(teacher, "distill=1", "temperature=2"), &e), &e);
  if (!(last_result("pupil", "top1") >= 0.8)) fail_msg("top-1 %g", last_result("pupil", "top1"));
}

/* ---- verbs ---- */

static int call(const char *verb, char **words, int n, char **text, struct vt_err *e)
{
  const struct vt_verb *v = NULL;
  struct vt_strings rest = {0};
  size_t len;
  char *argv[8] = {(char *)"vitrine"};
  for (int i = 0; i < vt_nverbs; i++)
    if (!strcmp(vt_verbs[i]->name, verb)) v = vt_verbs[i];
  assert_non_null(v);
  memcpy(argv + 1, words, (size_t)n * sizeof *words);
  struct vt_cli cli = {.out = open_memstream(text, &len)};
  vt_arena_init(&cli.arena);
  void *opts = vt_arena_alloc(&cli.arena, v->opts_size);
  ok(vt_opt_defaults(v->opt, v->nopt, opts, &cli.arena, e), e);
  ok(vt_opt_parse(v->opt, v->nopt, opts, &cli.arena, n + 1, argv, &rest, e), e);
  int rc = v->run(&cli, opts, &rest, e);
  fclose(cli.out);
  vt_arena_clear(&cli.arena);
  return rc;
}

static void verbs(void **state)
{
  struct vt_err e = {0};
  char *text, model[300], set[300], photo[300];
  double v;
  snprintf(model, sizeof model, "%s", in_dir("plain/best.onnx"));
  snprintf(set, sizeof set, "--set=%s", in_dir("set"));
  snprintf(photo, sizeof photo, "%s", in_dir("set/val/stri\"ped/3.png"));
  ok(call("eval classify", (char *[]){model, set, (char *)"--json"}, 3, &text, &e), &e);
  assert_int_equal(sscanf(strstr(text, "\"pictures\""), "\"pictures\": %lf", &v), 1);
  assert_true(v == 3 * 8);
  assert_int_equal(sscanf(strstr(text, "\"top1\""), "\"top1\": %lf", &v), 1);
  if (!(v >= 0.9)) fail_msg("%s", text);
  assert_non_null(strstr(text, "\"confusion\": [["));
  free(text);
  ok(call("eval classify",
          (char *[]){model, set, (char *)"--json", (char *)"--bootstrap=50", (char *)"--classes"}, 5, &text,
          &e),
     &e);
  double low, high;
  assert_int_equal(sscanf(strstr(text, "\"top1_low\""), "\"top1_low\": %lf", &low), 1);
  assert_int_equal(sscanf(strstr(text, "\"top1_high\""), "\"top1_high\": %lf", &high), 1);
  assert_true(low <= v && v <= high && high <= 1);
  assert_non_null(strstr(text, "\"support stri\\\"ped\": 8"));
  assert_non_null(strstr(text, "\"soft_macro_f1\""));
  free(text);
  ok(call("classify", (char *[]){model, photo, (char *)"--json", (char *)"-k2"}, 4, &text, &e), &e);
  assert_non_null(strstr(text, "{\"label\": \"stri\\\"ped\", \"score\": 0."));
  free(text);
  assert_int_equal(call("classify", (char *[]){model}, 1, &text, &e), VT_EUSAGE);
  free(text);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(mixed_targets),
      cmocka_unit_test(mixing_is_fixed_by_its_seed),
      cmocka_unit_test(learns),
      cmocka_unit_test(goes_on_to_the_same_bytes),
      cmocka_unit_test(goes_on_by_policy),
      cmocka_unit_test(bad_recipes),
      cmocka_unit_test(own_teacher),
      cmocka_unit_test(distils),
      cmocka_unit_test(verbs),
  };
  return cmocka_run_group_tests(tests, draw_all, remove_all);
}
