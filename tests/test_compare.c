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

static char dir[] = "/tmp/vitrine-compare-XXXXXX";

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
  assert_non_null(mkdtemp(dir));
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
  const char *last =
      put("b", "per.csv", "image,right,f1\n" PICTURE ",1,.1\nw.jpg,1,.7\nx.jpg,1,.75\nz.jpg,1,1\n");
  assert_int_equal(
      vt_compare_images(c, first, last, &(struct vt_compare_opts){.top = 10, .rounds = 400, .seed = 3}, &e),
      0);
  const struct vt_change_mean *m = &c->change_mean; /* of x, the picture and w: .25, -.8, 0 */
  assert_true(m->pictures == 3 && m->alone == 1);
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
  assert_non_null(strstr(b.data, "\"pictures\": 3, \"in_one_only\": 1, \"first\": 0.7, "));
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
  char command[100];
  snprintf(command, sizeof command, "rm -rf %s", dir);
  assert_int_equal(system(command), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_compare)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
