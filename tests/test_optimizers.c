/* Optimisers against PyTorch's numbers (tests/fixtures/optimizers.csv, by tools/make_optimizer_fixture.py):
 * from the same weights, with the same settings, on the same loss. */
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
#include "backend/backend.h"
#include "train/trainer.h"

enum { N = 3 };
struct run {
  struct vt_recipe_file recipe;
  struct vt_graph *g;
  struct vt_program *p;
  struct vt_session *s;
  int64_t step;
};

/* settings: KEY=VALUE, separated by blanks */
static void read_recipe(struct run *r, const char *optimizer, const char *settings)
{
  char path[] = "/tmp/vitrine-optimizer-XXXXXX", text[512], *word, *rest = text;
  const char *v[16];
  char name[64];
  struct vt_strings set = {0, v};
  struct vt_err e;
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, "task: classify\n", 15), 15);
  close(fd);
  snprintf(name, sizeof name, "optimizer.name=%s", optimizer);
  snprintf(text, sizeof text, "%s", settings);
  v[set.n++] = name;
  while ((word = strsep(&rest, " "))) v[set.n++] = word;
  if (vt__recipe_read(&r->recipe, path, &set, vt_tasks, vt_ntasks, &e)) fail_msg("%s", e.msg);
  unlink(path);
}

/* The loss is the sum of w^4 / 4 + w^2 / 2 - w, its slope w^3 + w - 1. */
static void start(struct run *r, const char *optimizer, const char *settings)
{
  struct vt_err e;
  static float first[N] = {0.5f, -1.5f, 2};
  struct vt_tensor t = vt_tensor_view(VT_F32, 2, (int64_t[]){1, N}, first);
  *r = (struct run){0};
  read_recipe(r, optimizer, settings);
  const struct vt_recipe *o = r->recipe.r;
  assert_int_equal(vt_graph_new(&r->g, vt_registry_default(), optimizer, &e), 0);
  struct vt_graph *g = r->g;
  struct vt_value *w = vt_graph_variable(g, "w", &t, true);
  struct vt_step_inputs in = {.lr = vt_graph_scalar(g, 0.05f),
                              .step = vt_graph_input(g, "step", VT_F32, 0, NULL)};
  struct vt_value *cube = vt_emit(g, "Mul", VT_IN(vt_emit(g, "Mul", VT_IN(w, w), ""), w), "");
  struct vt_value *slope =
      vt_emit(g, "Sub", VT_IN(vt_emit(g, "Add", VT_IN(cube, w), ""), vt_graph_scalar(g, 1)), "");
  struct vt_value *next = vt_optimizers[o->optimizer]->update(g, o, &in, w, slope, o->weight_decay);
  if (vt_graph_status(g, &e)) fail_msg("%s", e.msg);
  vt_graph_assign(g, w, next);
  vt_graph_output(g, slope, "slope");
  struct vt_compile_opts c = {.training = true, .precision = VT_PREC_F32, .threads = 1};
  if (vt_program_compile(&r->p, g, NULL, &c, &e)) fail_msg("%s", e.msg);
  if (vt_session_new(&r->s, r->p, &e)) fail_msg("%s", e.msg);
}

static void run_to(struct run *r, int64_t step, struct vt_tensor *w)
{
  struct vt_err e;
  while (r->step < step) {
    float number = (float)++r->step;
    struct vt_tensor in = vt_tensor_view(VT_F32, 0, NULL, &number), out[1];
    if (vt_session_run(r->s, &in, out, &e)) fail_msg("%s", e.msg);
  }
  if (vt_session_get(r->s, "w", w, &e)) fail_msg("%s", e.msg);
}

static void finish(struct run *r)
{
  if (!r->g) return;
  vt_session_free(r->s);
  vt_program_free(r->p);
  vt_graph_free(r->g);
  vt__recipe_clear(&r->recipe);
}

static void same_as_pytorch(void **state)
{
  struct vt_csv c;
  struct vt_err e;
  struct run r = {0};
  char was[512] = "", now[512];
  int rows = 0;
  if (vt_csv_open(&c, VT_SOURCE_ROOT "/tests/fixtures/optimizers.csv", &e)) fail_msg("%s", e.msg);
  for (; vt_csv_next(&c, &e) == 1; rows++) {
    struct vt_tensor w;
    double step, want;
    snprintf(now, sizeof now, "%s %s", c.field[0], c.field[1]);
    if (strcmp(was, now)) {
      finish(&r);
      start(&r, c.field[0], c.field[1]);
      memcpy(was, now, sizeof was);
    }
    assert_true(vt_parse_f64(c.field[2], &step));
    run_to(&r, (int64_t)step, &w);
    for (int i = 0; i < N; i++) {
      assert_true(vt_parse_f64(c.field[3 + i], &want));
      if (!(fabs(vt_tensor_get(&w, i) - want) < 3e-6 * fmax(1, fabs(want))))
        fail_msg("%s, step %g: w[%d] = %.9g, PyTorch has %.9g", now, step, i, vt_tensor_get(&w, i), want);
    }
  }
  finish(&r);
  vt_csv_close(&c);
  assert_int_equal(rows, 21);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(same_as_pytorch)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
