/* The model verbs, called as the command line calls them: the public ONNX test suite (Debian's
 * libonnx-testdata), and run, info and list on a small model made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "app/cli/verb.h"

static const char suite[] = "/usr/share/libonnx-testdata/data";
enum { SUITE_FLOOR = 850 }; /* tests that passed when this was written: 882 */

/* Runs "verb args…"; gives the exit code or error, and what was printed (vt_free). */
static int call(const char *verb, int n, const char *const *words, char **text, struct vt_err *e)
{
  const struct vt_verb *v = NULL;
  struct vt_strings rest = {0};
  size_t len;
  char *argv[16] = {(char *)"vitrine"};
  for (int i = 0; i < vt_nverbs; i++)
    if (strcmp(vt_verbs[i]->name, verb) == 0) v = vt_verbs[i];
  assert_non_null(v);
  for (int i = 0; i < n; i++) argv[i + 1] = (char *)words[i];
  struct vt_cli cli = {.out = open_memstream(text, &len)};
  vt_arena_init(&cli.arena);
  void *opts = vt_arena_alloc(&cli.arena, v->opts_size);
  *e = (struct vt_err){0};
  int rc = vt_opt_defaults(v->opt, v->nopt, opts, &cli.arena, e);
  if (!rc) rc = vt_opt_parse(v->opt, v->nopt, opts, &cli.arena, n + 1, argv, &rest, e);
  if (!rc) rc = v->run(&cli, opts, &rest, e);
  fclose(cli.out);
  vt_arena_clear(&cli.arena);
  return rc;
}
#define WORDS(...)                                                                                           \
  (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)), (const char *const[])                       \
  {                                                                                                          \
    __VA_ARGS__                                                                                              \
  }

static void run_suite(const char *how)
{
  char *text;
  struct vt_err e;
  int passed, failed, skipped;
  if (!vt_is_dir(suite)) {
    printf("skipped: %s is not there (package libonnx-testdata)\n", suite);
    skip();
  }
  int rc =
      how ? call("model test", WORDS(how, suite), &text, &e) : call("model test", WORDS(suite), &text, &e);
  const char *last = strrchr(text, '\n');
  while (last > text && last[-1] != '\n') last--;
  assert_int_equal(sscanf(last, "%d passed, %d failed, %d skipped", &passed, &failed, &skipped), 3);
  for (char *line = strtok(text, "\n"); failed && line; line = strtok(NULL, "\n"))
    if (strncmp(line, "FAILED", 6) == 0) fprintf(stderr, "%s\n", line);
  assert_int_equal(failed, 0);
  assert_int_equal(rc, 0);
  assert_true(passed >= SUITE_FLOOR);
  free(text);
}

static void suite_accelerated(void **state)
{
  run_suite(NULL);
}
static void suite_reference(void **state)
{
  run_suite("--reference");
}

static char folder[] = "/tmp/vitrine-test-verbs-XXXXXX";
static const char *in_folder(const char *name)
{
  static char path[4][128];
  static int next;
  char *p = path[next++ % 4];
  snprintf(p, sizeof path[0], "%s/%s", folder, name);
  return p;
}

static int make_model(void **state)
{
  struct vt_graph *g;
  struct vt_tensor t;
  assert_non_null(mkdtemp(folder));
  assert_int_equal(vt_graph_new(&g, vt_registry_default(), "double", NULL), 0);
  struct vt_value *x = vt_graph_input(g, "x", VT_F32, 2, (int64_t[]){-1, 3});
  vt_graph_output(g, vt_emit(g, "Add", VT_IN(x, x), ""), "y");
  vt_graph_output(g, vt_emit(g, "MatMul", VT_IN(x, vt_emit(g, "Transpose", VT_IN(x), "")), ""), "z");
  vt_graph_set_meta(g, "note", "made by a test");
  assert_int_equal(vt_onnx_save(g, in_folder("double.onnx"), NULL, NULL), 0);
  vt_graph_free(g);
  assert_int_equal(vt_tensor_init(&t, VT_F64, 2, (int64_t[]){2, 3}, NULL), 0);
  for (int i = 0; i < 6; i++) vt_tensor_set(&t, i, i);
  assert_int_equal(vt_npy_write(&t, in_folder("x.npy"), NULL), 0);
  vt_tensor_clear(&t);
  return 0;
}

static int remove_model(void **state)
{
  static const char *const names[] = {"double.onnx", "x.npy", "y.npy", "bad.onnx", "net.onnx"};
  for (size_t i = 0; i < VT_COUNT(names); i++) unlink(in_folder(names[i]));
  rmdir(folder);
  return 0;
}

static void runs_a_model(void **state)
{
  char *text, in[160], out[160];
  struct vt_err e;
  struct vt_tensor y;
  snprintf(in, sizeof in, "--input=x=%s", in_folder("x.npy"));
  snprintf(out, sizeof out, "--output=y=%s", in_folder("y.npy"));
  int rc = call("model run", WORDS(in_folder("double.onnx"), in, out), &text, &e);
  if (rc) fail_msg("%s", e.msg);
  assert_string_equal(text, "z f32 (2, 2) min 5 max 50 mean 20.75\n"); /* x xT = [[5, 14], [14, 50]] */
  free(text);
  assert_int_equal(vt_npy_read(&y, in_folder("y.npy"), 1 << 20, &e), 0);
  assert_int_equal(vt_tensor_get(&y, 5), 10);
  vt_tensor_clear(&y);

  assert_int_equal(call("model run", WORDS(in_folder("double.onnx")), &text, &e), VT_EUSAGE);
  assert_non_null(strstr(e.msg, "--input x="));
  free(text);
  assert_int_equal(call("model run", WORDS(in_folder("double.onnx"), "--input=q=x.npy"), &text, &e),
                   VT_EUSAGE);
  assert_non_null(strstr(e.msg, "it has: x"));
  free(text);
}

static void informs(void **state)
{
  char *text;
  struct vt_err e;
  assert_int_equal(call("model info", WORDS(in_folder("double.onnx")), &text, &e), 0);
  assert_non_null(strstr(text, "depend on the input's shape"));
  assert_non_null(strstr(text, "note: made by a test"));
  free(text);
  assert_int_equal(call("model info", WORDS("--json", "--shape=x=4,3", in_folder("double.onnx")), &text, &e),
                   0);
  assert_non_null(strstr(text, "\"multiply_adds\": 48"));
  assert_non_null(strstr(text, "\"shape\": [4, 3]"));
  free(text);
  assert_int_equal(call("model info", WORDS("--shape=x=4,4", in_folder("double.onnx")), &text, &e),
                   VT_ESHAPE);
  free(text);
  assert_int_equal(call("model info", WORDS("--explain", in_folder("double.onnx")), &text, &e), 0);
  assert_non_null(strstr(text, "MatMul  [")); /* a step, its kernel in brackets */
  assert_non_null(strstr(text, "f32(1, 3)")); /* an open first dimension is one */
  free(text);
  assert_int_equal(call("model bench", WORDS("--shape=q=4,3", in_folder("double.onnx")), &text, &e),
                   VT_EUSAGE);
  assert_non_null(strstr(e.msg, "no input 'q'"));
  free(text);
  assert_int_equal(call("model list", WORDS("--models", folder), &text, &e), 0);
  assert_non_null(strstr(text, "double.onnx"));
  assert_non_null(strstr(text, "densenet121          224 px     7.98 M parameters    2.834 G multiply-adds"));
  free(text);
  assert_int_equal(vt_file_write_atomic(in_folder("bad.onnx"), "not a model", 11, &e), 0);
  vt_log_set(VT_LOG_ERROR);
  assert_int_equal(call("model list", WORDS("--models", folder), &text, &e), VT_EXIT_PART);
  free(text);
}

/* A network by name, written, read and run; what is wrong with a call. */
/* What `model info` prints; until the next call. */
static const char *info(const char *name)
{
  static char kept[8192];
  char *text;
  struct vt_err e;
  assert_int_equal(call("model info", WORDS(in_folder(name)), &text, &e), 0);
  snprintf(kept, sizeof kept, "%s", text);
  free(text);
  return kept;
}

static void builds_a_network(void **state)
{
  char *text, out[160], again[160];
  struct vt_err e;
  snprintf(out, sizeof out, "--output=%s", in_folder("net.onnx"));
  int rc = call("model build", WORDS("squeezenet1_1", "--size=64", "--classes=7", out), &text, &e);
  if (rc) fail_msg("%s", e.msg);
  free(text);
  assert_int_equal(call("model info", WORDS(in_folder("net.onnx")), &text, &e), 0);
  assert_non_null(strstr(text, "(?, 3, 64, 64)"));
  assert_non_null(strstr(text, "logits                   f32 (?, 7)"));
  assert_non_null(strstr(text, "\"mean\": [0.485, 0.456, 0.406]"));
  free(text);
  assert_null(strstr(info("net.onnx"), "memory plan"));
  snprintf(again, sizeof again, "--output=%s", in_folder("bad.onnx"));
  assert_int_equal(
      call("model convert", WORDS(in_folder("net.onnx"), again, "--shape=image=1,3,64,64"), &text, &e), 0);
  free(text);
  assert_non_null(strstr(info("bad.onnx"), "memory plan: weights 2.9"));
  char *bytes;
  size_t n;
  assert_int_equal(vt_file_read(in_folder("bad.onnx"), 1 << 24, &bytes, &n, &e), 0);
  assert_non_null(
      memmem(bytes, n, "axis", 4)); /* of Concat: others require it even where it is our default */
  vt_free(bytes);
  assert_int_equal(call("model build", WORDS("resnet19", out), &text, &e), VT_EUSAGE);
  assert_non_null(strstr(e.msg, "unknown network 'resnet19'"));
  free(text);
  assert_int_equal(call("model build", WORDS("resnet18"), &text, &e), VT_EUSAGE);
  free(text);
  assert_int_equal(call("model build", WORDS("resnet18", out, "--weights=/nonexistent"), &text, &e),
                   VT_ENOENT);
  free(text);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(suite_accelerated), cmocka_unit_test(suite_reference), cmocka_unit_test(runs_a_model),
      cmocka_unit_test(builds_a_network),  cmocka_unit_test(informs),
  };
  return cmocka_run_group_tests(tests, make_model, remove_model);
}
