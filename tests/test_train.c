/* Recipes, schedules, results, TensorBoard files and charts: what training needs besides the engine. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "plot/plot.h"
#include "train/trainer.h"

static char dir[] = "/tmp/vitrine-test-train-XXXXXX";

static const char *file(const char *name)
{
  static char path[4][256];
  static int turn;
  turn = (turn + 1) % 4;
  snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
  return path[turn];
}

static void write_file(const char *path, const char *text)
{
  assert_int_equal(vt_file_write_atomic(path, text, strlen(text), NULL), 0);
}

/* ---- recipes ---- */

struct toy_opts {
  int64_t width;
  double noise;
  const char *note;
};
static const struct vt_opt toy_rows[] = {
    {"width", 0, VT_OPT_INT, offsetof(struct toy_opts, width), "8", 1, 64, NULL, NULL, "Width"},
    {"blobs.noise", 0, VT_OPT_FLOAT, offsetof(struct toy_opts, noise), "0.5", 0, 10, NULL, NULL, "Noise"},
    {"blobs.note", 0, VT_OPT_STRING, offsetof(struct toy_opts, note), "plain", 0, 0, NULL, NULL, "Note"},
};
static const struct vt_task_desc toy = {
    .name = "toy", .opt = toy_rows, .nopt = VT_COUNT(toy_rows), .opts_size = sizeof(struct toy_opts)};
static const struct vt_task_desc *const tasks[] = {&toy};

static int read_recipe(struct vt_recipe_file *f, const char *text, const char *set, struct vt_err *e)
{
  const char *v[1] = {set};
  struct vt_strings s = {set ? 1 : 0, v};
  write_file(file("r.yaml"), text);
  *e = (struct vt_err){0};
  return vt__recipe_read(f, file("r.yaml"), &s, tasks, 1, e);
}

static void recipe_is_read(void **state)
{
  struct vt_recipe_file f;
  struct vt_err e;
  int rc = read_recipe(
      &f,
      "# a recipe\ntask: toy\nepochs: 7\noptimizer: {name: adamw, lr: 3e-4}\nschedule.name: step\n"
      "freeze: [encoder., stem]\nblobs:\n  noise: 1.5\ninit:\nprecision: bf16\n",
      "width=9", &e);
  assert_string_equal(e.msg, "");
  assert_int_equal(rc, 0);
  assert_int_equal(f.r->epochs, 7);
  assert_string_equal(vt_optimizers[f.r->optimizer]->name, "adamw");
  assert_string_equal(vt_schedules[f.r->schedule]->name, "step");
  assert_true(f.r->lr == 3e-4);
  assert_int_equal(f.r->batch, 16); /* default */
  assert_int_equal(f.r->freeze.n, 2);
  assert_string_equal(f.r->freeze.v[1], "stem");
  assert_null(f.r->init);
  assert_int_equal(f.r->precision, VT_RECIPE_BF16);
  const struct toy_opts *o = f.task_opts;
  assert_int_equal(o->width, 9);
  assert_true(o->noise == 1.5);
  assert_string_equal(o->note, "plain");
  vt__recipe_clear(&f);
}

static void recipe_list_override_replaces(void **state)
{
  struct vt_recipe_file f;
  struct vt_err e;
  assert_int_equal(read_recipe(&f, "task: toy\nfreeze: [a, b, c]\n", "freeze=x,y", &e), 0);
  assert_int_equal(f.r->freeze.n, 2);
  assert_string_equal(f.r->freeze.v[0], "x");
  vt__recipe_clear(&f);
}

static void recipe_faults_are_named(void **state)
{
  static const struct {
    const char *text, *set, *wanted[3];
  } cases[] = {
      {"task: toy\nepoch: 3\n", NULL, {":2:", "epoch", "did you mean 'epochs'"}},
      {"task: toy\noptimizer:\n  lrr: 1\n", NULL, {":3:", "optimizer.lrr", "optimizer.lr"}},
      {"task: toy\nepochs: -3\n", NULL, {":2:", "epochs", "1 to"}},
      {"task: toy\n\noptimizer:\n  lr: .nan\n", NULL, {":4:", "optimizer.lr", "number"}},
      {"task: toy\noptimizer.lr: nan\n", NULL, {":2:", "optimizer.lr", "number"}},
      {"task: toy\noptimizer.lr: inf\n", NULL, {":2:", "optimizer.lr", "number"}},
      {"task: toy\nbatch: many\n", NULL, {":2:", "batch", "whole number"}},
      {"task: toy\nbatch: 2.5\n", NULL, {":2:", "batch", "whole number"}},
      {"task: toy\nbatch:\n", NULL, {":2:", "batch", "whole number"}},
      {"task: toy\noptimizer.name: lion\n", NULL, {":2:", "lion", "sgd|adam|adamw"}},
      {"task: toy\nbatch: [1, 2]\n", NULL, {":2:", "batch", "one value"}},
      {"task: toy\nepochs: 3\nepochs: 4\n", NULL, {":3:", "epochs", "line 2"}},
      {"task: toy\nepochs: {a: 3}\n", NULL, {":2:", "epochs.a", "unknown"}},
      {"task: toy\nfreeze: [[a]]\n", NULL, {":2:", "freeze", "list"}},
      {"task: toy\nbad: [1, 2\nx: 3\n", NULL, {":3:", "YAML", ""}},
      {"task: toy\n\tepochs: 3\n", NULL, {":2:", "YAML", ""}},
      {"- task\n- toy\n", NULL, {":1:", "key: value", ""}},
      {"task: toy\n---\nepochs: 2\n", NULL, {":3:", "second document", ""}},
      {"task: &a toy\nx: &b {y: *b}\n", NULL, {":2:", "", ""}},
      {"", NULL, {"r.yaml", "task", "toy"}},
      {"task: tpy\n", NULL, {":1:", "tpy", "toy"}},
      {"task: toy\nblobs.note: \"\"\n", NULL, {":2:", "blobs.note", "expected"}},
      {"task: toy\n", "epochs", {"command line", "epochs", "key=value"}},
      {"task: toy\n", "epochz=3", {"command line", "epochz", "epochs"}},
      {"task: toy\n", "ema=1.5", {"command line", "ema", "0 to"}},
      {"task: toy\n", "=3", {"command line", "key=value", ""}},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_recipe_file f;
    struct vt_err e;
    int rc = read_recipe(&f, cases[i].text, cases[i].set, &e);
    if (rc != (cases[i].set ? VT_EUSAGE : VT_EFORMAT)) fail_msg("case %zu: rc %d: %s", i, rc, e.msg);
    for (int k = 0; k < 3; k++)
      if (!strstr(e.msg, cases[i].wanted[k]))
        fail_msg("case %zu: '%s' lacks '%s'", i, e.msg, cases[i].wanted[k]);
  }
}

static void resolved_recipe_reads_back(void **state)
{
  struct vt_recipe_file f, back;
  struct vt_err e;
  struct vt_buf a, b;
  vt_buf_init(&a);
  vt_buf_init(&b);
  assert_int_equal(
      read_recipe(&f,
                  "task: toy\noptimizer.lr: 0.1\nschedule.gamma: 0.30000000000000004\nfreeze: [\"a b\", "
                  "'-c', \"d'\\\"\\\\\"]\nblobs.note: \"tab\\there # no\"\n",
                  NULL, &e),
      0);
  vt__recipe_print(&f, &a);
  int rc = read_recipe(&back, a.data, NULL, &e);
  assert_string_equal(e.msg, "");
  assert_int_equal(rc, 0);
  vt__recipe_print(&back, &b);
  assert_string_equal(a.data, b.data);
  assert_true(back.r->gamma == f.r->gamma);
  assert_string_equal(back.r->freeze.v[2], "d'\"\\");
  assert_string_equal(((const struct toy_opts *)back.task_opts)->note, "tab\there # no");
  assert_int_equal(vt__recipe_same(&f, b.data, "was", &e), 0);
  vt__recipe_clear(&back);
  assert_int_equal(read_recipe(&back, a.data, "optimizer.lr=0.2", &e), 0);
  assert_int_equal(vt__recipe_same(&back, a.data, "was", &e), VT_ESTATE);
  assert_non_null(strstr(e.msg, "optimizer.lr = 0.1, now it is 0.2"));
  vt__recipe_clear(&back);
  assert_int_equal(read_recipe(&back, a.data, "epochs=20", &e), 0);
  assert_int_equal(vt__recipe_same(&back, a.data, "was", &e), 0);
  vt__recipe_clear(&back);
  vt__recipe_clear(&f);
  vt_buf_clear(&a);
  vt_buf_clear(&b);
}

/* ---- schedules: numbers worked out by hand from the formulas ---- */

static void schedules_follow_their_tables(void **state)
{
  static const struct {
    const char *name;
    double warmup;
    double want[8]; /* 8 epochs of 1 step, lr 1, step 3, gamma .1, final .1, rise .25, start .2 */
  } cases[] = {
      {"constant", 0, {1, 1, 1, 1, 1, 1, 1, 1}},
      {"constant", 4, {0.25, 0.5, 0.75, 1, 1, 1, 1, 1}},
      {"step", 0, {1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01}},
      /* .1 + .9 (1 + cos(pi i/8)) / 2 */
      {"cosine",
       0,
       {1, 0.9657457896300591, 0.8681980515339464, 0.7222075445642905, 0.55, 0.3777924554357096,
        0.2318019484660536, 0.1342542103699409}},
      /* warm-up of 4 steps, then .1 + .9 (1 + cos(pi i/4)) / 2 */
      {"cosine", 4, {0.25, 0.5, 0.75, 1, 1, 0.8681980515339464, 0.55, 0.2318019484660536}},
      /* up over 2 steps from .2, then down over 6: .1 + .9 (1 + cos(pi i/6)) / 2 */
      {"onecycle", 0, {0.2, 0.6, 1, 0.9397114317029974, 0.775, 0.55, 0.325, 0.16028856829700265}},
      {"plateau", 0, {1, 1, 1, 1, 1, 1, 1, 1}},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_recipe r = {.epochs = 8,
                          .lr = 1,
                          .step = 3,
                          .gamma = 0.1,
                          .final = 0.1,
                          .rise = 0.25,
                          .start = 0.2,
                          .warmup = cases[i].warmup,
                          .schedule = -1};
    struct vt_schedule_state s = {.factor = 1};
    for (int k = 0; k < vt_nschedules; k++)
      if (!strcmp(vt_schedules[k]->name, cases[i].name)) r.schedule = k;
    for (int k = 0; k < 8; k++) {
      double lr = vt__learning_rate(&r, &s, k, 1);
      if (fabs(lr - cases[i].want[k]) > 1e-12) fail_msg("%s step %d: %.17g", cases[i].name, k, lr);
    }
  }
}

static void plateau_falls_after_patience(void **state)
{
  struct vt_recipe r = {.epochs = 100, .lr = 1, .gamma = 0.5, .final = 0.2, .patience = 2, .schedule = -1};
  struct vt_schedule_state s = {.factor = 1};
  for (int k = 0; k < vt_nschedules; k++)
    if (!strcmp(vt_schedules[k]->name, "plateau")) r.schedule = k;
  static const bool better[] = {true, false, true, false, false, false, false, false, false};
  static const double want[] = {1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.2};
  for (size_t i = 0; i < VT_COUNT(better); i++) {
    vt_schedules[r.schedule]->validated(&r, &s, better[i]);
    assert_true(fabs(vt__learning_rate(&r, &s, (int64_t)i, 1) - want[i]) < 1e-12);
  }
}

/* ---- results ---- */

static void results_become_csv(void **state)
{
  struct vt_results t;
  assert_int_equal(vt__results_init(&t, NULL), 0);
  for (int i = 0; i < 40; i++) {
    assert_int_equal(vt__results_add_row(&t, NULL), 0);
    assert_int_equal(vt__results_set(&t, "epoch", i + 1, NULL), 0);
    if (i == 1) assert_int_equal(vt__results_set(&t, "miou, all", 0.25, NULL), 0);
  }
  assert_int_equal(vt__results_write_csv(&t, file("results.csv"), NULL), 0);
  char *text;
  size_t len;
  assert_int_equal(vt_file_read(file("results.csv"), 1 << 20, &text, &len, NULL), 0);
  assert_memory_equal(text, "epoch,\"miou, all\"\n1,\n2,0.25\n3,\n", 31);
  vt_free(text);
  vt__results_clear(&t);
}

/* ---- TensorBoard ---- */

static uint64_t little(const uint8_t *p, int n)
{
  uint64_t x = 0;
  for (int i = 0; i < n; i++) x |= (uint64_t)p[i] << 8 * i;
  return x;
}

/* Bit by bit, straight from the polynomial: independent of the table. */
static uint32_t slow_crc32c(const uint8_t *p, size_t n)
{
  uint32_t c = ~0u;
  for (size_t i = 0; i < 8 * n; i++) {
    c ^= p[i / 8] >> i % 8 & 1;
    c = c & 1 ? c >> 1 ^ 0x82f63b78u : c >> 1;
  }
  return ~c;
}

static void crc32c_matches_rfc3720(void **state)
{
  uint8_t b[32] = {0};
  assert_int_equal(vt__crc32c("123456789", 9), 0xe3069283u); /* the check value of CRC-32C */
  assert_int_equal(vt__crc32c(b, 32), 0x8a9136aau);          /* RFC 3720 B.4 */
  memset(b, 0xff, 32);
  assert_int_equal(vt__crc32c(b, 32), 0x62a8ab43u);
  for (int i = 0; i < 32; i++) b[i] = (uint8_t)i;
  assert_int_equal(vt__crc32c(b, 32), 0x46dd794eu);
  assert_int_equal(vt__crc32c(b, 32), slow_crc32c(b, 32));
}

static int count_records(const char *path, float *last)
{
  char *text;
  size_t len, at = 0;
  int n = 0;
  assert_int_equal(vt_file_read(path, 1 << 20, &text, &len, NULL), 0);
  const uint8_t *p = (const uint8_t *)text;
  while (at < len) {
    assert_true(len - at >= 16);
    uint64_t size = little(p + at, 8);
    uint32_t c = slow_crc32c(p + at, 8);
    assert_int_equal(little(p + at + 8, 4), (uint32_t)((c >> 15 | c << 17) + 0xa282ead8u));
    assert_true(size <= len - at - 16);
    c = slow_crc32c(p + at + 12, size);
    assert_int_equal(little(p + at + 12 + size, 4), (uint32_t)((c >> 15 | c << 17) + 0xa282ead8u));
    if (n) memcpy(last, p + at + 12 + size - 4, 4); /* simple_value comes last */
    at += 16 + size;
    n++;
  }
  vt_free(text);
  return n;
}

static void tensorboard_records_are_framed(void **state)
{
  struct vt_tensorboard t;
  int64_t two, length;
  float last = 0;
  assert_int_equal(vt__tensorboard_open(&t, dir, "events", 0, NULL), 0);
  assert_int_equal(vt__tensorboard_scalar(&t, "loss", 1, 0.5, NULL), 0);
  assert_int_equal(vt__tensorboard_flush(&t, &two, NULL), 0);
  assert_int_equal(vt__tensorboard_scalar(&t, "loss", 300, 0.25, NULL), 0);
  assert_int_equal(vt__tensorboard_flush(&t, &length, NULL), 0);
  vt__tensorboard_close(&t);
  assert_int_equal(count_records(file("events"), &last), 3);
  assert_true(last == 0.25f);
  /* a resumed run cuts what it is about to repeat */
  assert_int_equal(vt__tensorboard_open(&t, dir, "events", two, NULL), 0);
  assert_int_equal(vt__tensorboard_scalar(&t, "loss", 300, 0.125, NULL), 0);
  vt__tensorboard_close(&t);
  assert_int_equal(vt_file_size(file("events")), length);
  assert_int_equal(count_records(file("events"), &last), 3);
  assert_true(last == 0.125f);
}

/* ---- charts ---- */

static void charts_are_drawn(void **state)
{
  double y[] = {3, 2, NAN, 1}, none[] = {NAN};
  struct vt_series s[] = {{"it's_loss", 4, NULL, y}, {"none", 0, NULL, NULL}};
  struct vt_err e = {0};
  int rc = vt_plot_lines(file("a'b.svg"), "a 'title'\n", "epoch", "loss", 2, s, &e);
  if (rc == VT_ENOENT) {
    print_message("skipped: %s\n", e.msg);
    skip();
  }
  assert_string_equal(e.msg, "");
  assert_int_equal(rc, 0);
  char *text;
  size_t len;
  assert_int_equal(vt_file_read(file("a'b.svg"), 1 << 22, &text, &len, NULL), 0);
  assert_non_null(strstr(text, "</svg>"));
  assert_non_null(strstr(text, "s_loss"));
  vt_free(text);
  s[0] = (struct vt_series){"gaps", 1, NULL, none};
  assert_int_equal(vt_plot_lines(file("c.svg"), NULL, NULL, NULL, 1, s, &e), VT_EARG);
  assert_int_equal(vt_plot_lines(file("c.gif"), NULL, NULL, NULL, 1, s, &e), VT_EARG);
  char path[4096];
  snprintf(path, sizeof path, "%s", getenv("PATH"));
  setenv("PATH", "/nonexistent", 1);
  s[0] = (struct vt_series){"y", 4, NULL, y};
  assert_int_equal(vt_plot_lines(file("c.svg"), NULL, NULL, NULL, 1, s, &e), VT_ENOENT);
  setenv("PATH", path, 1);
}

static int make_dir(void **state)
{
  return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
  char cmd[300];
  snprintf(cmd, sizeof cmd, "rm -rf '%s'", dir);
  return system(cmd);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(recipe_is_read),
      cmocka_unit_test(recipe_list_override_replaces),
      cmocka_unit_test(recipe_faults_are_named),
      cmocka_unit_test(resolved_recipe_reads_back),
      cmocka_unit_test(schedules_follow_their_tables),
      cmocka_unit_test(plateau_falls_after_patience),
      cmocka_unit_test(results_become_csv),
      cmocka_unit_test(crc32c_matches_rfc3720),
      cmocka_unit_test(tensorboard_records_are_framed),
      cmocka_unit_test(charts_are_drawn),
  };
  return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
