/* vitrine model test: runs the folders of ONNX's backend tests.
 *
 * A test is a folder with model.onnx and test_data_set_N/ with input_K.pb and output_K.pb, each one
 * TensorProto. An element agrees if |got - wanted| <= atol + rtol * |wanted|, as in
 * numpy.testing.assert_allclose; NaN agrees with NaN. What the program does not support (operators, element
 * types, sequences) is skipped with the reason. */
#include "app/cli/model_args.h"

#include <math.h>
#include <string.h>

struct opts {
  double rtol, atol;
  int precision;
  bool reference, failures;
};

static const struct vt_opt rows[] = {
    {"rtol", 0, VT_OPT_FLOAT, offsetof(struct opts, rtol), "1e-3", 0, 1, NULL, NULL, "relative tolerance"},
    {"atol", 0, VT_OPT_FLOAT, offsetof(struct opts, atol), "1e-7", 0, 1, NULL, NULL, "absolute tolerance"},
    {"precision", 0, VT_OPT_ENUM, offsetof(struct opts, precision), "f32", 0, 0, "f32|bf16|int8|auto", NULL,
     "numbers to compute in"},
    {"reference", 0, VT_OPT_FLAG, offsetof(struct opts, reference), NULL, 0, 0, NULL, NULL,
     "plain reference kernels, nothing fused"},
    {"failures", 0, VT_OPT_FLAG, offsetof(struct opts, failures), NULL, 0, 0, NULL, NULL,
     "print only the lines of tests that fail"},
};

struct tester {
  struct vt_cli *cli;
  const struct opts *o;
  int passed, failed, skipped;
};

static int compare(const struct opts *o, const char *name, const struct vt_tensor *got,
                   const struct vt_tensor *want, struct vt_err *e)
{
  char a[160], b[160];
  vt_shape_print(got->rank, got->dim, a, sizeof a);
  vt_shape_print(want->rank, want->dim, b, sizeof b);
  if (got->dtype != want->dtype || strcmp(a, b) != 0)
    return vt_fail(e, VT_ESHAPE, "output '%s' is %s %s instead of %s %s", name, vt_dtype_name(got->dtype), a,
                   vt_dtype_name(want->dtype), b);
  /* the suite's bf16 were cut off, not rounded: one unit in the last place */
  double rtol = want->dtype == VT_BF16 ? fmax(o->rtol, 0x1p-7) : o->rtol;
  int64_t n = vt_tensor_count(want), bad = 0, first = -1;
  for (int64_t i = 0; i < n; i++) {
    double x = vt_tensor_get(got, i), y = vt_tensor_get(want, i);
    bool agree = x == y || (isnan(x) && isnan(y)) || fabs(x - y) <= o->atol + rtol * fabs(y);
    if (agree) continue;
    if (!bad++) first = i;
  }
  if (!bad) return 0;
  return vt_fail(
      e, VT_EFORMAT, "output '%s': %lld of %lld elements differ, element %lld is %.7g instead of %.7g", name,
      (long long)bad, (long long)n, (long long)first, vt_tensor_get(got, first), vt_tensor_get(want, first));
}

static int read_numbered(const char *dir, const char *kind, int k, struct vt_tensor *t, struct vt_err *e)
{
  char name[64];
  snprintf(name, sizeof name, "%s_%d.pb", kind, k);
  char *path = vt_path_join(NULL, dir, name);
  int rc = path ? vt_onnx_tensor_read(t, path, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  vt_free(path);
  return rc;
}

/* The suite's files hold bf16 as u16, there being no such type in NumPy. */
static void read_as(struct vt_tensor *t, enum vt_dtype wanted)
{
  if (t->dtype == VT_U16 && wanted == VT_BF16) t->dtype = VT_BF16;
}

static bool draws_random(const struct vt_graph *g)
{
  for (int i = 0; i < g->nnodes; i++)
    if (g->nodes[i]->op->traits & VT_RANDOM) return true;
  return false;
}

static int read_inputs(struct vt_graph *g, const char *dir, struct vt_tensor *in, struct vt_err *e)
{
  for (int i = 0; i < g->ninputs; i++) {
    struct vt_value *v = g->inputs[i];
    int rc = read_numbered(dir, "input", i, &in[i], e);
    if (rc) return rc;
    read_as(&in[i], v->dtype);
    g->inputs[i]->rank = in[i].rank; /* some models of the suite promise other shapes than their data have */
    memcpy(g->inputs[i]->dim, in[i].dim, sizeof in[i].dim);
  }
  return 0;
}

static int run_set(const struct tester *t, struct vt_graph *g, const char *dir, struct vt_err *e)
{
  struct vt_tensor *in = vt_calloc((size_t)g->ninputs + 1, sizeof *in);
  struct vt_tensor *out = vt_calloc((size_t)g->noutputs + 1, sizeof *out);
  struct vt_compile_opts c = {.precision = (enum vt_precision)t->o->precision, .reference = t->o->reference};
  int rc = in && out ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) rc = read_inputs(g, dir, in, e);
  if (!rc) rc = vt_run_once(g, in, out, &c, e);
  for (int i = 0; i < g->noutputs && !rc; i++) {
    struct vt_tensor want;
    rc = read_numbered(dir, "output", i, &want, e);
    if (!rc) read_as(&want, out[i].dtype);
    if (!rc) rc = compare(t->o, g->outputs[i]->name, &out[i], &want, e);
    if (rc && draws_random(g)) rc = vt_fail(e, VT_EUNSUPPORTED, "it draws random numbers, which differ");
    vt_tensor_clear(&want);
  }
  for (int i = 0; in && i < g->ninputs; i++) vt_tensor_clear(&in[i]);
  for (int i = 0; out && i < g->noutputs; i++) vt_tensor_clear(&out[i]);
  vt_free(in);
  vt_free(out);
  return rc;
}

static int run_test(const struct tester *t, const char *dir, const char *model, struct vt_err *e)
{
  struct vt_graph *g = NULL;
  int rc = vt_onnx_load(&g, vt_registry_default(), model, e), sets = 0;
  for (; !rc; sets++) {
    char name[64];
    snprintf(name, sizeof name, "test_data_set_%d", sets);
    char *set = vt_path_join(NULL, dir, name);
    if (!set) rc = vt_fail(e, VT_ENOMEM, "out of memory");
    bool there = set && vt_is_dir(set);
    if (there) rc = run_set(t, g, set, e);
    vt_free(set);
    if (!there) break;
  }
  vt_graph_free(g);
  return rc || sets ? rc : vt_fail(e, VT_EUNSUPPORTED, "no test_data_set_0 beside the model");
}

/* The message without the test's own folder in front. */
static const char *reason(const char *msg, const char *dir)
{
  size_t n = strlen(dir);
  if (strncmp(msg, dir, n) != 0 || msg[n] != '/') return msg;
  const char *colon = strstr(msg, ": ");
  return colon ? colon + 2 : msg;
}

static int visit(const char *path, const char *rel, void *ctx, struct vt_err *e)
{
  struct tester *t = ctx;
  if (strcmp(vt_path_base(path), "model.onnx") != 0) return 0;
  if (vt_interrupted()) return vt_fail(e, VT_EINTERRUPTED, "interrupted");
  struct vt_err why = {0};
  char *dir = vt_path_dir(NULL, path), *name = vt_path_dir(NULL, rel);
  int rc = dir && name ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) {
    const char *shown = strcmp(name, ".") == 0 ? dir : name;
    int outcome = run_test(t, dir, path, &why);
    bool skip = outcome == VT_EUNSUPPORTED;
    *(outcome == 0 ? &t->passed : skip ? &t->skipped : &t->failed) += 1;
    if (outcome == 0 && !t->o->failures) fprintf(t->cli->out, "ok %s\n", shown);
    if (outcome && (!skip || !t->o->failures))
      fprintf(t->cli->out, "%s %s: %s\n", skip ? "skipped" : "FAILED", shown, reason(why.msg, dir));
    fflush(t->cli->out);
  }
  vt_free(dir);
  vt_free(name);
  return rc;
}

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  struct tester t = {.cli = cli, .o = opts};
  if (!args->n) return vt_fail(e, VT_EUSAGE, "at least one folder is expected");
  for (int i = 0; i < args->n; i++) {
    if (!vt_is_dir(args->v[i])) return vt_fail(e, VT_ENOENT, "%s: no such folder", args->v[i]);
    int rc = vt_walk(args->v[i], visit, &t, e);
    if (rc) return rc;
  }
  fprintf(cli->out, "%d passed, %d failed, %d skipped\n", t.passed, t.failed, t.skipped);
  return t.failed || !(t.passed + t.skipped) ? VT_EXIT_FAILED : VT_EXIT_DONE;
}

const struct vt_verb vt_verb_model_test = {
    "model test",
    "DIR…",
    "run folders of ONNX backend tests",
    "Folders are searched for model.onnx with test_data_set_N beside it. Exit code 1 if any test fails.",
    rows,
    VT_COUNT(rows),
    sizeof(struct opts),
    run};
