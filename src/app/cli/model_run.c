/* vitrine model run: one run of any model on NumPy arrays. */
#include "app/cli/model_args.h"
#include "model/model.h"

#include <math.h>
#include <string.h>

struct opts {
  const char *models;
  struct vt_strings inputs, outputs;
  int precision, border;
  int64_t tile;
  bool reference, headless;
};
enum { BORDER_NETWORK, BORDER_MIRROR };

static const struct vt_opt rows[] = {
    {"models", 0, VT_OPT_STRING, offsetof(struct opts, models), NULL, 0, 0, NULL, "FOLDER",
     "where models are sought first"},
    {"input", 'i', VT_OPT_LIST, offsetof(struct opts, inputs), NULL, 0, 0, NULL, "NAME=X.npy",
     "array for an input; NAME= may be left out where there is one input"},
    {"output", 'o', VT_OPT_LIST, offsetof(struct opts, outputs), NULL, 0, 0, NULL, "NAME=Y.npy",
     "file for an output; outputs without one are summed up on the terminal"},
    {"precision", 0, VT_OPT_ENUM, offsetof(struct opts, precision), "f32", 0, 0, "f32|bf16|int8|auto", NULL,
     "numbers to compute in"},
    {"reference", 0, VT_OPT_FLAG, offsetof(struct opts, reference), NULL, 0, 0, NULL, NULL,
     "plain reference kernels, nothing fused"},
    {"headless", 0, VT_OPT_FLAG, offsetof(struct opts, headless), NULL, 0, 0, NULL, NULL,
     "cut a classifier back to the vector that its last layer reads, and say where"},
    {"tile", 0, VT_OPT_INT, offsetof(struct opts, tile), NULL, 1, 1 << 20, NULL, "PIXELS",
     "picture in tiles of this side, with the context that the network's receptive field needs: the same "
     "result in less memory"},
    {"border", 0, VT_OPT_ENUM, offsetof(struct opts, border), "network", 0, 0, "network|mirror", NULL,
     "with --tile: what lies beyond the picture, the network's own padding or the picture's mirror image"},
};

static const size_t max_npy = (size_t)1 << 34;

/* The number of the input or output called name, -1 if there is none. */
static int place_of(struct vt_value *const *v, int n, const char *name)
{
  for (int i = 0; i < n; i++)
    if (strcmp(v[i]->name, name) == 0) return i;
  return -1;
}

/* Which input or output an argument is for, and its file. */
static int resolve(struct vt_cli *cli, const char *option, const char *text, struct vt_value *const *v, int n,
                   int *at, const char **file, struct vt_err *e)
{
  const char *name;
  *at = 0;
  *file = text;
  if (n == 1 && !strchr(text, '=')) return 0;
  int rc = vt_split_pair(cli, option, text, &name, file, e);
  if (rc) return rc;
  *at = place_of(v, n, name);
  if (*at >= 0) return 0;
  struct vt_buf b;
  vt_buf_init(&b);
  for (int i = 0; i < n; i++) vt_buf_addf(&b, "%s%s", i ? ", " : "", v[i]->name);
  rc = vt_fail(e, VT_EUSAGE, "--%s: the model has no '%s', it has: %s", option, name,
               b.data ? b.data : "none");
  vt_buf_clear(&b);
  return rc;
}

static int read_input(const struct vt_value *v, const char *file, struct vt_tensor *t, struct vt_err *e)
{
  int rc = vt_npy_read(t, file, max_npy, e);
  if (rc) return rc;
  bool fits = v->rank < 0 || v->rank == t->rank;
  for (int d = 0; d < t->rank && fits && v->rank >= 0; d++) fits = v->dim[d] < 0 || v->dim[d] == t->dim[d];
  if (!fits) {
    char have[160], want[160];
    vt_shape_print(t->rank, t->dim, have, sizeof have);
    vt_shape_print(v->rank, v->dim, want, sizeof want);
    return vt_fail(e, VT_ESHAPE, "%s: shape %s, but input '%s' takes %s", file, have, v->name, want);
  }
  if (!v->dtype || t->dtype == v->dtype) return 0;
  if (!vt_dtype_is_float(t->dtype) || !vt_dtype_is_float(v->dtype))
    return vt_fail(e, VT_ESHAPE, "%s: elements are %s, but input '%s' takes %s", file,
                   vt_dtype_name(t->dtype), v->name, vt_dtype_name(v->dtype));
  struct vt_tensor cast;
  rc = vt_tensor_cast(&cast, t, v->dtype, e);
  if (!rc) {
    vt_tensor_clear(t);
    *t = cast;
  }
  return rc;
}

static int read_inputs(struct vt_cli *cli, const struct opts *o, const struct vt_graph *g,
                       struct vt_tensor *in, struct vt_err *e)
{
  for (int i = 0; i < o->inputs.n; i++) {
    int at;
    const char *file;
    int rc = resolve(cli, "input", o->inputs.v[i], g->inputs, g->ninputs, &at, &file, e);
    if (!rc && in[at].data) rc = vt_fail(e, VT_EUSAGE, "--input: '%s' is given twice", g->inputs[at]->name);
    if (!rc) rc = read_input(g->inputs[at], file, &in[at], e);
    if (rc) return rc;
  }
  for (int i = 0; i < g->ninputs; i++)
    if (!in[i].data) return vt_fail(e, VT_EUSAGE, "--input %s=FILE.npy is missing", g->inputs[i]->name);
  return 0;
}

static void sum_up(FILE *f, const char *name, const struct vt_tensor *t)
{
  char shape[160];
  int64_t n = vt_tensor_count(t);
  double lo = INFINITY, hi = -INFINITY, sum = 0;
  for (int64_t i = 0; i < n; i++) {
    double v = vt_tensor_get(t, i);
    lo = fmin(lo, v);
    hi = fmax(hi, v);
    sum += v;
  }
  vt_shape_print(t->rank, t->dim, shape, sizeof shape);
  fprintf(f, "%s %s %s", name, vt_dtype_name(t->dtype), shape);
  if (n) fprintf(f, " min %g max %g mean %g", lo, hi, sum / (double)n);
  fputc('\n', f);
}

/* NumPy has no bf16: written as f32, which holds the same numbers. */
static int write_output(const struct vt_tensor *t, const char *file, struct vt_err *e)
{
  struct vt_tensor wide;
  if (t->dtype != VT_BF16) return vt_npy_write(t, file, e);
  int rc = vt_tensor_cast(&wide, t, VT_F32, e);
  if (!rc) rc = vt_npy_write(&wide, file, e);
  vt_tensor_clear(&wide);
  return rc;
}

static int write_outputs(struct vt_cli *cli, const struct opts *o, const struct vt_graph *g,
                         const struct vt_tensor *out, struct vt_err *e)
{
  bool *done = vt_arena_alloc(&cli->arena, (size_t)g->noutputs + 1);
  if (!done) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int i = 0; i < o->outputs.n; i++) {
    int at;
    const char *file;
    int rc = resolve(cli, "output", o->outputs.v[i], g->outputs, g->noutputs, &at, &file, e);
    if (!rc) rc = write_output(&out[at], file, e);
    if (rc) return rc;
    done[at] = true;
  }
  for (int i = 0; i < g->noutputs; i++)
    if (!done[i]) sum_up(cli->out, g->outputs[i]->name, &out[i]);
  return 0;
}

static int cut(struct vt_graph *g, const char *path, struct vt_err *e)
{
  struct vt_cut where;
  int rc = vt_model_headless(g, &where, e);
  if (rc) return vt_fail_in(e, rc, "%s", path);
  vt_cut_log(path, &where);
  return 0;
}

static int compute(const struct opts *o, const struct vt_graph *g, const struct vt_tensor *in,
                   struct vt_tensor *out, struct vt_err *e)
{
  struct vt_compile_opts c = {.precision = (enum vt_precision)o->precision, .reference = o->reference};
  if (!o->tile) return vt_run_once(g, in, out, &c, e);
  struct vt_tile_opts t = {.tile = (int)o->tile, .mirror = o->border == BORDER_MIRROR, .compile = c};
  return vt_tiles_run(g, in, out, &t, e);
}

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_graph *g = NULL;
  struct vt_tensor *in = NULL, *out = NULL;
  if (args->n != 1) return vt_fail(e, VT_EUSAGE, "one model is expected");
  const char *path = vt_model_path(cli, o->models, args->v[0], e);
  int rc = path ? vt_onnx_load_mapped(&g, vt_registry_default(), path, e) : VT_ENOENT;
  if (rc) return rc;
  if (o->headless && (rc = cut(g, path, e))) {
    vt_graph_free(g);
    return rc;
  }
  in = vt_calloc((size_t)g->ninputs + 1, sizeof *in);
  out = vt_calloc((size_t)g->noutputs + 1, sizeof *out);
  rc = in && out ? read_inputs(cli, o, g, in, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) rc = compute(o, g, in, out, e);
  if (!rc) rc = write_outputs(cli, o, g, out, e);
  for (int i = 0; in && i < g->ninputs; i++) vt_tensor_clear(&in[i]);
  for (int i = 0; out && i < g->noutputs; i++) vt_tensor_clear(&out[i]);
  vt_free(in);
  vt_free(out);
  vt_graph_free(g);
  return rc;
}

const struct vt_verb vt_verb_model_run = {
    "model run",         "MODEL.onnx", "run a model once on NumPy arrays", NULL, rows, VT_COUNT(rows),
    sizeof(struct opts), run};
