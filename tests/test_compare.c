/* Runs side by side: folders written as train leaves them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "app/compare.h"
#include "tiny_models.h"

static char dir[40]; /* each test has its own */

static int make_dir(void **state)
{
  return mkdtemp(strcpy(dir, "/tmp/vitrine-compare-XXXXXX")) ? 0 : -1;
}

static int remove_dir(void **state)
{
  char command[100];
  snprintf(command, sizeof command, "rm -rf %s", dir);
  return system(command);
}

static const char *put(const char *run, const char *name, const char *text)
{
  static char path[8][200];
  static int k;
  char *p = path[k++ % 8];
  struct vt_err e = {0};
  snprintf(p, 200, "%s/%s", dir, run);
  assert_int_equal(vt_mkdirs(p, &e), 0);
  snprintf(p, 200, "%s/%s/%s", dir, run, name);
  if (vt_file_write_atomic(p, text, strlen(text), &e)) fail_msg("%s", e.msg);
  return p;
}

static void test_compare(void **state)
{
  struct vt_comparison *c = vt_calloc(1, sizeof *c);
  struct vt_cli cli = {.out = stdout};
  struct vt_err e = {0};
  struct vt_buf b = {0};
  char one[200], two[200];
  const char *path[] = {one, two};
  snprintf(one, sizeof one, "%s/a", dir);
  snprintf(two, sizeof two, "%s/b", dir);
  put("a", "results.csv", "epoch,loss,miou\n1,2.5,\n2,2,.41\n3,1.5,.52\n4,1.2,.5\n");
  put("b", "results.csv", "epoch,loss,miou,lr\n1,3,.3,.1\n2,2.25,.6,\n");
  put("a", "recipe.yaml",
      "task: segment                # what\nbest: miou # m\nbest_mode: max\noptimizer:\n  name: adamw  # n\n "
      " lr: 0.002\n");
  put("b", "recipe.yaml",
      "task: segment\nbest: miou\nbest_mode: max\noptimizer:\n  name: sgd\n  lr: 0.002\nmixup: 0.2\n");
  assert_int_equal(vt_compare_runs(c, &cli, &(struct vt_strings){2, path}, NULL, &e), 0);
  assert_string_equal(c->metric, "miou");
  assert_int_equal(c->run[0].best, 2);
  assert_int_equal(c->run[1].best, 1);
  assert_float_equal(vt_run_figure(&c->run[0], "loss"), 1.5, 1e-12);
  assert_float_equal(vt_run_figure(&c->run[1], "lr"), .1, 1e-12); /* the last one known */
  assert_true(isnan(vt_run_figure(&c->run[0], "lr")));
  assert_string_equal(vt_run_value(&c->run[1], "optimizer.name"), "sgd");
  assert_string_equal(vt_run_value(&c->run[0], "task"), "segment");
#define PICTURE VT_SOURCE_ROOT "/tests/fixtures/images/wide.png"
  const char *first =
      put("a", "per.csv", "image,right,f1\nx.jpg,1,.5\n" PICTURE ",1,.9\nz.jpg,0,\nw.jpg,1,.7\n");
  const char *last = put(
      "b", "per.csv", "image,right,f1\n" PICTURE ",1,.1\nw.jpg,1,.7\nx.jpg,1,.75\nz.jpg,1,1\nnew.jpg,1,1\n");
  assert_int_equal(
      vt_compare_images(c, first, last, &(struct vt_compare_opts){.top = 10, .rounds = 400, .seed = 3}, &e),
      0);
  const struct vt_change_mean *m = &c->change_mean; /* of x, the picture and w: .25, -.8, 0 */
  assert_true(m->pictures == 3 && m->alone == 1 && m->unmeasured == 1);
  assert_float_equal(m->first, .7, 1e-12);
  assert_float_equal(m->last - m->first, -.55 / 3, 1e-12);
  assert_float_equal(m->lo, -.8, 1e-12); /* of 27 draws one is all of the lowest, one all of the highest */
  assert_float_equal(m->hi, .25, 1e-12);
  assert_int_equal(c->nchanges, 2); /* w is the same, z was not measured */
  assert_string_equal(c->change[0].image, PICTURE);
  assert_float_equal(c->change[1].last, .75, 1e-12);
  vt_compare_json(c, &b);
  assert_non_null(strstr(
      b.data,
      "\"recipe_differences\": {\"optimizer.name\": [\"adamw\", \"sgd\"], \"mixup\": [\"\", \"0.2\"]}"));
  assert_non_null(strstr(b.data, "\"parameters\": null"));
  assert_non_null(
      strstr(b.data, "\"pictures\": 3, \"in_one_only\": 1, \"without_value\": 1, \"first\": 0.7, "));
  vt_compare_table(c, &b);
  vt_compare_page(c, &b);
  assert_false(b.failed);
  const char *shown = strstr(b.data, "<img alt=\"\" src=\"data:image/jpeg;base64,/9j/");
  assert_true(shown && !strstr(shown + 1, "<img")); /* x.jpg is not there */
  vt_buf_clear(&b);
  vt_comparison_clear(c);
  /* A model whose pictures may have any size is counted at the size they are prepared for. */
  char model[300];
  snprintf(model, sizeof model, "%s/best.onnx", one);
  if (tiny_segmenter(model, &e)) fail_msg("%s", e.msg);
  assert_int_equal(vt_compare_runs(c, &cli, &(struct vt_strings){2, path}, NULL, &e), 0);
  assert_true(c->run[0].parameters > 0 && c->run[0].macs > 0 && isnan(c->run[1].parameters));
  vt_comparison_clear(c);
  assert_int_equal(vt_compare_runs(c, &cli, &(struct vt_strings){2, path}, "nothing", &e), VT_ENOENT);
  vt_comparison_clear(c);
  put("b", "results.csv", "epoch,miou\n1,high\n");
  assert_int_equal(vt_compare_runs(c, &cli, &(struct vt_strings){2, path}, NULL, &e), VT_EFORMAT);
  assert_non_null(strstr(e.msg, "line 2: miou is no number: high"));
  vt_comparison_clear(c);
  vt_free(c);
}

/* Pictures with several rows are paired in their order, if as many stand in both tables. */
static void test_rows_of_pictures(void **state)
{
  static const struct {
    const char *first, *last;
    int pictures, alone, unmeasured;
    double from, to;
    const char *fault;
  } cases[] = {
      {"x,.1\ny,.5\nx,.9\n", "x,.3\nx,.9\ny,.5\n", 3, 0, 0, .5, 1.7 / 3, NULL},
      {"x,.1\ny,.5\nx,.9\nz,\n", "x,.9\ny,.5\nz,.4\nw,.3\n", 0, 0, 0, 0, 0, "'x' stands 2 times in"},
      {"x,.1\nz,\n", "x,.9\nz,.4\nw,.3\n", 1, 1, 1, .1, .9, NULL},
      {"x,\n", "x,1\n", 0, 0, 1, NAN, NAN, NULL},
      {"a,1\na,1\n", "b,2\n", 0, 3, 0, NAN, NAN, NULL},
  };
  for (size_t i = 0; i < VT_COUNT(cases); i++) {
    struct vt_comparison *c = vt_calloc(1, sizeof *c);
    struct vt_err e = {0};
    char text[2][100];
    vt_arena_init(&c->arena);
    snprintf(text[0], 100, "image,f1\n%s", cases[i].first);
    snprintf(text[1], 100, "image,f1\n%s", cases[i].last);
    const int rc = vt_compare_images(c, put("a", "p.csv", text[0]), put("b", "p.csv", text[1]),
                                     &(struct vt_compare_opts){.top = 9}, &e);
    const struct vt_change_mean *m = &c->change_mean;
    if (cases[i].fault) {
      assert_int_equal(rc, VT_EFORMAT);
      assert_non_null(strstr(e.msg, cases[i].fault));
    } else {
      assert_int_equal(rc, 0);
      if (m->pictures != cases[i].pictures || m->alone != cases[i].alone ||
          m->unmeasured != cases[i].unmeasured)
        fail_msg("case %zu: %d pairs, %d alone, %d without a value", i, m->pictures, m->alone, m->unmeasured);
      assert_true(isnan(cases[i].from)
                      ? isnan(m->first)
                      : fabs(m->first - cases[i].from) < 1e-12 && fabs(m->last - cases[i].to) < 1e-12);
    }
    vt_comparison_clear(c);
    vt_free(c);
  }
}

/* Runs are named by their folders, or by paths where folders of one name differ; all columns are told. */
static void test_names(void **state)
{
  struct vt_comparison *c = vt_calloc(1, sizeof *c);
  struct vt_cli cli = {.out = stdout};
  struct vt_err e = {0};
  struct vt_buf b = {0}, results = {0};
  char path[3][200];
  vt_buf_adds(&results, "epoch");
  for (int k = 0; k < 600; k++) vt_buf_addf(&results, ",c%d", k);
  vt_buf_adds(&results, ",miou\n1");
  for (int k = 0; k < 601; k++) vt_buf_addf(&results, ",.%d", k + 1);
  vt_buf_addc(&results, '\n');
  static const char *const run[] = {"one", "x/run", "y/run"};
  for (int k = 0; k < 3; k++) {
    put(run[k], "results.csv", results.data);
    put(run[k], "recipe.yaml", "best: miou\n");
    snprintf(path[k], sizeof path[k], "%s/%s%s", dir, run[k], k ? "" : "//");
  }
  const char *all[] = {path[0], path[1], path[2]};
  if (vt_compare_runs(c, &cli, &(struct vt_strings){3, all}, NULL, &e)) fail_msg("%s", e.msg);
  assert_string_equal(c->run[0].name, "one");
  assert_string_equal(c->run[1].name, path[1]);
  assert_string_equal(c->run[2].name, path[2]);
  vt_compare_table(c, &b);
  assert_non_null(strstr(b.data, "\nmiou "));
  vt_comparison_clear(c);
  put("one", "results.csv", "epoch,miou,miou\n1,.5,.6\n");
  assert_int_equal(vt_compare_runs(c, &cli, &(struct vt_strings){3, all}, NULL, &e), VT_EFORMAT);
  assert_non_null(strstr(e.msg, "two columns 'miou'"));
  vt_comparison_clear(c);
  vt_buf_clear(&b);
  vt_buf_clear(&results);
  vt_free(c);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)
  const struct CMUnitTest tests[] = {TEST(test_compare), TEST(test_rows_of_pictures), TEST(test_names)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
