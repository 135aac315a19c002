/* The trainer: it learns, its optimisers follow their formulas, and a run that was killed goes on to the same
 * bytes.
 *
 * `test_trainer run OUT [key=value…]` trains the toy task, as kill_train.sh does; TOY_KILL_AT and
 * TOY_INTERRUPT_AT name the step of that process at which it dies. Runs of the tests are processes of their
 * own, as a killed one must be. */
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <cmocka.h>
#include "backend/backend.h"
#include "toy_task.h"

static char dir[] = "/tmp/vitrine-test-trainer-XXXXXX";

static const char *file(const char *run, const char *name)
{
  static char path[4][300];
  static int turn;
  turn = (turn + 1) % 4;
  snprintf(path[turn], sizeof path[turn], "%s/%s%s%s", dir, run, *name ? "/" : "", name);
  return path[turn];
}

static const char recipe[] =
    "task: toy\nepochs: 3\nbatch: 8\nema: 0.95\nclip: 5\nprecision: f32\n"
    "loader.threads: 2\ncheckpoint_steps: 2\nbest: accuracy\ncharts: no\n"
    "optimizer: {lr: 0.1, weight_decay: 1e-4}\nschedule: {name: cosine, warmup: 0.5}\n";

/* ---- a run in this process, or in one of its own ---- */

static int train_here(const char *out, const char **set, int nset, struct vt_err *e)
{
  char path[300];
  snprintf(path, sizeof path, "%s.yaml", out);
  int rc = vt_file_write_atomic(path, recipe, sizeof recipe - 1, e);
  struct vt_strings s = {nset, set};
  struct vt_train_opts o = {.recipe = path, .set = &s, .out = out};
  return rc ? rc : vt__train_run(vt_registry_default(), &o, toy_tasks, 1, e);
}

static int child_main(int argc, char **argv)
{
  struct vt_err e = {0};
  const char *kill_at = getenv("TOY_KILL_AT"), *stop_at = getenv("TOY_INTERRUPT_AT");
  toy_kill_at = kill_at ? atoll(kill_at) : 0;
  toy_interrupt_at = stop_at ? atoll(stop_at) : 0;
  vt_interrupt_install();
  int rc = train_here(argv[2], (const char **)(argv + 3), argc - 3, &e);
  if (rc) fprintf(stderr, "test_trainer: %s\n", e.msg);
  return -rc;
}

/* Exit code of the run, or -signal. what: "TOY_KILL_AT=5" or NULL. */
static int train_child(const char *run, const char *what, const char *set)
{
  char out[300];
  snprintf(out, sizeof out, "%s", file(run, ""));
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (!pid) {
    int null = open("/dev/null", O_WRONLY);
    if (!getenv("VERBOSE")) dup2(null, 2);
    if (what) putenv((char *)(uintptr_t)what);
    char *argv[] = {"test_trainer", "run", out, (char *)(uintptr_t)set, NULL};
    execv("/proc/self/exe", argv);
    _exit(99);
  }
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void assert_same_file(const char *a, const char *b)
{
  char *x, *y;
  size_t nx, ny;
  struct vt_err e = {0};
  if (vt_file_read(a, 1 << 24, &x, &nx, &e)) fail_msg("%s", e.msg);
  if (vt_file_read(b, 1 << 24, &y, &ny, &e)) fail_msg("%s", e.msg);
  if (nx != ny || memcmp(x, y, nx)) fail_msg("%s and %s differ", a, b);
  vt_free(x);
  vt_free(y);
}

/* results.csv but for the columns of time */
static void assert_same_results(const char *a, const char *b)
{
  struct vt_csv x, y;
  assert_int_equal(vt_csv_open(&x, a, NULL), 0);
  assert_int_equal(vt_csv_open(&y, b, NULL), 0);
  assert_int_equal(x.ncolumns, y.ncolumns);
  int more;
  while ((more = vt_csv_next(&x, NULL)) == 1) {
    assert_int_equal(vt_csv_next(&y, NULL), 1);
    for (int i = 0; i < x.nfields; i++)
      if (strcmp(x.column[i], "seconds") && strcmp(x.column[i], "images/s"))
        assert_string_equal(x.field[i], y.field[i]);
  }
  assert_int_equal(more, 0);
  assert_int_equal(vt_csv_next(&y, NULL), 0);
  vt_csv_close(&x);
  vt_csv_close(&y);
}

static void assert_same_run(const char *a, const char *b)
{
  assert_same_file(file(a, "best.onnx"), file(b, "best.onnx"));
  assert_same_file(file(a, "last.onnx"), file(b, "last.onnx"));
  assert_same_results(file(a, "results.csv"), file(b, "results.csv"));
}

static double last_result(const char *run, const char *column)
{
  struct vt_csv c;
  double v = NAN;
  int k;
  assert_int_equal(vt_csv_open(&c, file(run, "results.csv"), NULL), 0);
  assert_int_equal(vt_csv_need(&c, column, &k, NULL), 0);
  while (vt_csv_next(&c, NULL) == 1) assert_true(!*c.field[k] || vt_parse_f64(c.field[k], &v));
  vt_csv_close(&c);
  return v;
}

/* ---- tests ---- */

static void toy_is_learned(void **state)
{
  assert_int_equal(train_child("learn", NULL, "epochs=12"), 0);
  double loss = last_result("learn", "train_loss"), accuracy = last_result("learn", "accuracy");
  if (!(loss < 0.15) || !(accuracy > 0.9)) fail_msg("loss %g, accuracy %g", loss, accuracy);
  assert_true(vt_is_file(file("learn", "best.onnx")));
  assert_true(vt_is_file(file("learn", "recipe.yaml")));
  /* a finished run says so and changes nothing */
  int64_t size = vt_file_size(file("learn", "checkpoint"));
  assert_int_equal(train_child("learn", NULL, "epochs=12"), 0);
  assert_int_equal(vt_file_size(file("learn", "checkpoint")), size);
  assert_int_equal(train_child("learn", NULL, "batch=4"), -VT_ESTATE);
}

static void killed_runs_go_on_to_the_same_bytes(void **state)
{
  static const char *const at[] = {"TOY_KILL_AT=1", "TOY_KILL_AT=4", "TOY_KILL_AT=6", "TOY_KILL_AT=9"};
  assert_int_equal(train_child("whole", NULL, NULL), 0);
  for (size_t i = 0; i < VT_COUNT(at); i++) {
    char run[16];
    snprintf(run, sizeof run, "killed%zu", i);
    assert_int_equal(train_child(run, at[i], NULL), -SIGKILL);
    assert_int_equal(train_child(run, at[i], NULL), -SIGKILL);
    assert_int_equal(train_child(run, NULL, NULL), 0);
    assert_same_run("whole", run);
  }
}

static void interrupted_run_goes_on(void **state)
{
  assert_int_equal(train_child("stop", "TOY_INTERRUPT_AT=3", "checkpoint_steps=0"), -VT_EINTERRUPTED);
  assert_int_equal(train_child("stop", "TOY_INTERRUPT_AT=5", "checkpoint_steps=0"), -VT_EINTERRUPTED);
  assert_int_equal(train_child("stop", NULL, "checkpoint_steps=0"), 0);
  assert_same_run("whole", "stop");
}

static void damage(const char *path, bool cut)
{
  char *data;
  size_t n;
  assert_int_equal(vt_file_read(path, 1 << 24, &data, &n, NULL), 0);
  data[n / 2] ^= 4;
  assert_int_equal(vt_file_write_atomic(path, data, cut ? n / 3 : n, NULL), 0);
  vt_free(data);
}

static void damaged_checkpoint_falls_back(void **state)
{
  for (int cut = 0; cut < 2; cut++) {
    const char *run = cut ? "cut" : "flipped";
    assert_int_equal(train_child(run, "TOY_KILL_AT=6", NULL), -SIGKILL);
    damage(file(run, "checkpoint"), cut);
    assert_int_equal(train_child(run, NULL, NULL), 0);
    assert_same_run("whole", run);
  }
  assert_int_equal(train_child("both", "TOY_KILL_AT=6", NULL), -SIGKILL);
  damage(file("both", "checkpoint"), false);
  damage(file("both", "checkpoint.prev"), true);
  assert_int_equal(train_child("both", NULL, NULL), -VT_EFORMAT);
}

static void faults_of_a_run_are_named(void **state)
{
  struct vt_err e = {0};
  const char *set[1];
  toy_nan_at = 8;
  assert_int_equal(train_here(file("nan", ""), NULL, 0, &e), VT_ESTATE);
  toy_nan_at = 0;
  assert_non_null(strstr(e.msg, "nan in epoch 2, step 2"));
  set[0] = "best=nosuch";
  assert_int_equal(train_here(file("nosuch", ""), set, 1, &e), VT_EARG);
  assert_non_null(strstr(e.msg, "accuracy"));
  set[0] = "best=accuracy"; /* corrected: nothing is lost */
  assert_int_equal(train_here(file("nosuch", ""), set, 1, &e), 0);
  assert_same_run("whole", "nosuch");
  set[0] = "batch=64";
  assert_int_equal(train_here(file("few", ""), set, 1, &e), VT_EARG);
  assert_non_null(strstr(e.msg, "50 samples"));
  set[0] = "freeze=nothing.";
  assert_int_equal(train_here(file("frozen", ""), set, 1, &e), VT_EARG);
  set[0] = "init=/nonexistent.onnx";
  assert_int_equal(train_here(file("init", ""), set, 1, &e), VT_ENOENT);
  int lock = open(file("whole", ".lock"), O_RDWR);
  assert_int_equal(flock(lock, LOCK_EX), 0);
  assert_int_equal(train_here(file("whole", ""), NULL, 0, &e), VT_EBUSY);
  close(lock);
}

static void standing_still_stops_early(void **state)
{
  struct vt_err e = {0};
  const char *set[] = {"early_stop=2", "epochs=50", "optimizer.lr=0", "ema=0"};
  assert_int_equal(train_here(file("early", ""), set, 4, &e), 0);
  double epochs = last_result("early", "epoch");
  assert_true(epochs >= 3 && epochs < 20);
  assert_int_equal(train_here(file("early", ""), set, 4, &e), 0);
  assert_true(last_result("early", "epoch") == epochs);
}

/* ---- the step ---- */

static void read_toy_recipe(struct vt_recipe_file *f, int n, const char **set)
{
  struct vt_strings s = {n, set};
  struct vt_err e = {0};
  assert_int_equal(vt_file_write_atomic(file("s.yaml", ""), recipe, sizeof recipe - 1, &e), 0);
  int rc = vt__recipe_read(f, file("s.yaml", ""), &s, toy_tasks, 1, &e);
  if (rc) fail_msg("%s", e.msg);
}

/* Loss sum(w x) + sum(b y): the gradients are x and y themselves. */
enum { LW = 6, LB = 3 };
static int linear_build(void *ctx, struct vt_graph *g, int batch, struct vt_value **loss,
                        struct vt_value **metric, const char **metric_name, int *nmetric, struct vt_err *e)
{
  float w0[LW] = {1, -2, 0.5f, 3, -0.25f, 0.125f}, b0[LB] = {0.5f, -1, 2};
  int64_t dw[2] = {2, 3}, db[1] = {LB};
  struct vt_tensor tw = vt_tensor_view(VT_F32, 2, dw, w0), tb = vt_tensor_view(VT_F32, 1, db, b0);
  struct vt_value *x = vt_graph_input(g, "x", VT_F32, 2, dw), *y = vt_graph_input(g, "y", VT_F32, 1, db);
  struct vt_value *w = vt_graph_variable(g, "w", &tw, true), *b = vt_graph_variable(g, "b", &tb, true);
  struct vt_value *wx = vt_emit(g, "ReduceSum", VT_IN(vt_emit(g, "Mul", VT_IN(w, x), "")), "keepdims=0");
  struct vt_value *by = vt_emit(g, "ReduceSum", VT_IN(vt_emit(g, "Mul", VT_IN(b, y), "")), "keepdims=0");
  *loss = vt_emit(g, "Add", VT_IN(wx, by), "");
  *nmetric = 0;
  return vt_graph_status(g, e);
}

struct hand {
  double w[LW + LB], m[LW + LB], v[LW + LB], avg[LW + LB];
};

/* One step of the named optimiser on all numbers, straight from the papers' formulas. */
static void hand_step(const char *name, const struct vt_recipe *r, struct hand *h, const float *grad, int t)
{
  double norm = 0, scale = 1, decay_ema = fmin(r->ema, (1.0 + t) / (10.0 + t));
  for (int i = 0; i < LW + LB; i++) norm += (double)grad[i] * grad[i];
  if (r->clip > 0) scale = fmin(1, r->clip / sqrt(norm));
  for (int i = 0; i < LW + LB; i++) {
    double g = grad[i] * scale, decay = i < LW ? r->weight_decay : 0, *w = &h->w[i];
    if (!strcmp(name, "sgd")) {
      g += decay * *w;
      h->m[i] = r->momentum * h->m[i] + g;
      *w -= r->lr * (r->nesterov ? g + r->momentum * h->m[i] : h->m[i]);
    } else if (!strcmp(name, "adagrad")) {
      g += decay * *w;
      h->v[i] += g * g;
      *w -= r->lr * g / (sqrt(h->v[i]) + r->eps);
    } else if (!strcmp(name, "rmsprop")) {
      g += decay * *w;
      h->v[i] = r->beta2 * h->v[i] + (1 - r->beta2) * g * g;
      h->m[i] = r->momentum * h->m[i] + g / (sqrt(h->v[i]) + r->eps);
      *w -= r->lr * h->m[i];
    } else {
      if (!strcmp(name, "adam")) g += decay * *w;
      h->m[i] = r->beta1 * h->m[i] + (1 - r->beta1) * g;
      h->v[i] = r->beta2 * h->v[i] + (1 - r->beta2) * g * g;
      double mh = h->m[i] / (1 - pow(r->beta1, t + 1)), vh = h->v[i] / (1 - pow(r->beta2, t + 1));
      if (!strcmp(name, "adamw")) *w -= r->lr * decay * *w;
      *w -= r->lr * mh / (sqrt(vh) + r->eps);
    }
    h->avg[i] = decay_ema * h->avg[i] + (1 - decay_ema) * *w;
  }
}

static void assert_close(struct vt_session *s, const char *name, const double *want, int n, const char *what)
{
  struct vt_tensor t;
  assert_int_equal(vt_session_get(s, name, &t, NULL), 0);
  for (int i = 0; i < n; i++) {
    double got = ((const float *)t.data)[i];
    if (!(fabs(got - want[i]) < 2e-6 * fmax(1, fabs(want[i]))))
      fail_msg("%s: %s[%d] = %.9g, by hand %.9g", what, name, i, got, want[i]);
  }
}

static void optimisers_follow_their_formulas(void **state)
{
  static const char *sets[][5] = {
      {"optimizer.name=sgd", "optimizer.weight_decay=0.1", "clip=0", "ema=0", "optimizer.momentum=0"},
      {"optimizer.name=sgd", "optimizer.weight_decay=0.1", "clip=1", "ema=0.9", "optimizer.momentum=0.8"},
      {"optimizer.name=sgd", "optimizer.nesterov=yes", "clip=100", "ema=0.05", "optimizer.momentum=0.8"},
      {"optimizer.name=adam", "optimizer.weight_decay=0.1", "clip=0", "ema=0", "optimizer.beta1=0.8"},
      {"optimizer.name=adam", "optimizer.weight_decay=0.1", "clip=1", "ema=0.9", "optimizer.eps=0.01"},
      {"optimizer.name=adamw", "optimizer.weight_decay=0.1", "clip=0", "ema=0", "optimizer.beta2=0.9"},
      {"optimizer.name=adamw", "optimizer.weight_decay=0.1", "clip=1", "ema=0.9", "optimizer.eps=0.01"},
      {"optimizer.name=adagrad", "optimizer.weight_decay=0.1", "clip=0", "ema=0", "optimizer.eps=0.001"},
      {"optimizer.name=rmsprop", "optimizer.weight_decay=0.1", "clip=1", "ema=0.9", "optimizer.beta2=0.9"},
      {"optimizer.name=rmsprop", "optimizer.momentum=0", "clip=0", "optimizer.beta2=0.75",
       "optimizer.eps=0.01"},
  };
  static const double w0[LW + LB] = {1, -2, 0.5, 3, -0.25, 0.125, 0.5, -1, 2};
  struct vt_task_desc task = toy_task;
  task.build = linear_build;
  for (size_t k = 0; k < VT_COUNT(sets); k++) {
    struct vt_recipe_file f;
    struct vt_stepper s;
    struct vt_err e = {0};
    struct hand h = {0};
    read_toy_recipe(&f, 5, sets[k]);
    f.task = &task;
    memcpy(h.w, w0, sizeof w0);
    memcpy(h.avg, w0, sizeof w0);
    if (vt__stepper_new(&s, vt_registry_default(), &f, NULL, true, &e)) fail_msg("%s", e.msg);
    for (int t = 0; t < 3; t++) {
      float grad[LW + LB];
      double values[1 + VT_MAX_METRICS];
      for (int i = 0; i < LW + LB; i++) grad[i] = (float)sin(1 + i + 5 * t) * (t == 1 ? 0.1f : 2);
      memcpy(s.in[0].data, grad, LW * sizeof *grad);
      memcpy(s.in[1].data, grad + LW, LB * sizeof *grad);
      if (vt__stepper_run(&s, f.r, f.r->lr, t, values, &e)) fail_msg("%s", e.msg);
      hand_step(vt_optimizers[f.r->optimizer]->name, f.r, &h, grad, t);
      assert_close(s.session, "w", h.w, LW, sets[k][0]);
      assert_close(s.session, "b", h.w + LW, LB, sets[k][0]);
      if (f.r->ema > 0) assert_close(s.session, "w.average", h.avg, LW, sets[k][0]);
    }
    vt__stepper_clear(&s);
    vt__recipe_clear(&f);
  }
}

static void frozen_weights_stay_and_init_matches(void **state)
{
  struct vt_recipe_file f;
  struct vt_stepper s;
  struct vt_err e = {0};
  struct vt_tensor before = {0}, now;
  char init[320];
  snprintf(init, sizeof init, "init=%s", file("whole", "last.onnx"));
  const char *set[] = {"freeze=stem.", init, "ema=0"};
  void *ctx;
  read_toy_recipe(&f, 3, set);
  assert_int_equal(f.task->open(&ctx, f.task_opts, vt_registry_default(), NULL, 7, &e), 0);
  if (vt__stepper_new(&s, vt_registry_default(), &f, ctx, true, &e)) fail_msg("%s", e.msg);
  struct vt_graph *g;
  assert_int_equal(vt_onnx_load(&g, vt_registry_default(), file("whole", "last.onnx"), &e), 0);
  static const char *const names[] = {"stem.conv.weight", "stem.bn.running_mean", "head.weight"};
  for (int k = 0; k < 3; k++) {
    const struct vt_value *v = vt_graph_find(g, names[k]);
    assert_non_null(v);
    assert_int_equal(vt_session_get(s.session, names[k], &now, &e), 0);
    assert_memory_equal(now.data, v->init.data, vt_tensor_bytes(&now));
  }
  double values[1 + VT_MAX_METRICS];
  for (int i = 0; i < 8 * TOY_PIXELS; i++) ((float *)s.in[0].data)[i] = (float)sin(i);
  assert_int_equal(vt__stepper_run(&s, f.r, 0.1, 0, values, &e), 0);
  for (int k = 0; k < 3; k++) {
    const struct vt_value *v = vt_graph_find(g, names[k]);
    assert_int_equal(vt_session_get(s.session, names[k], &now, &e), 0);
    bool same = !memcmp(now.data, v->init.data, vt_tensor_bytes(&now));
    assert_int_equal(same, k < 2);
  }
  vt_tensor_clear(&before);
  vt_graph_free(g);
  vt__stepper_clear(&s);
  f.task->close(ctx);
  vt__recipe_clear(&f);
}

/* Whatever allocation fails, a run ends in VT_ENOMEM or goes on without, and neither crashes nor leaks. */
static void failing_allocations_are_survived(void **state)
{
  const char *set[] = {"epochs=1", "loader.threads=1"};
  struct vt_err e = {0};
  vt_alloc_fail_at(0);
  assert_int_equal(train_here(file("oom", ""), set, 2, &e), 0);
  int64_t n = vt_alloc_count(), step = VT_MAX(1, n / 40), failed = 0;
  for (int64_t i = 1; i <= n; i += step) {
    char run[32];
    snprintf(run, sizeof run, "oom%lld", (long long)i);
    vt_alloc_fail_at(i);
    int rc = train_here(file(run, ""), set, 2, &e);
    vt_alloc_fail_at(0);
    if (rc && rc != VT_ENOMEM) fail_msg("allocation %lld: %d %s", (long long)i, rc, e.msg);
    failed += rc != 0;
  }
  assert_true(failed > 10);
}

static int make_dir(void **state)
{
  vt_log_set(getenv("VERBOSE") ? VT_LOG_INFO : VT_LOG_ERROR);
  return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
  char cmd[300];
  snprintf(cmd, sizeof cmd, "rm -rf '%s'", dir);
  return getenv("KEEP") ? 0 : system(cmd);
}

int main(int argc, char **argv)
{
  vt_threads_wait_passively();
  if (argc >= 3 && !strcmp(argv[1], "run")) return child_main(argc, argv);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(toy_is_learned),
      cmocka_unit_test(killed_runs_go_on_to_the_same_bytes),
      cmocka_unit_test(interrupted_run_goes_on),
      cmocka_unit_test(damaged_checkpoint_falls_back),
      cmocka_unit_test(faults_of_a_run_are_named),
      cmocka_unit_test(standing_still_stops_early),
      cmocka_unit_test(optimisers_follow_their_formulas),
      cmocka_unit_test(frozen_weights_stay_and_init_matches),
      cmocka_unit_test(failing_allocations_are_survived),
  };
  return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
