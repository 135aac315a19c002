/* vitrine model convert: a model read and written again, in the opset and the form that this program writes.
 */
#include "app/cli/model_args.h"
#include "model/model.h"

#include <string.h>

struct opts {
  const char *models, *output;
  struct vt_strings shapes;
  bool f16, headless;
};

static const struct vt_opt rows[] = {
    {"models", 0, VT_OPT_STRING, offsetof(struct opts, models), NULL, 0, 0, NULL, "FOLDER",
     "where models are sought first"},
    {"output", 'o', VT_OPT_STRING, offsetof(struct opts, output), NULL, 0, 0, NULL, "OUT.onnx",
     "file to write; required"},
    {"f16", 0, VT_OPT_FLAG, offsetof(struct opts, f16), NULL, 0, 0, NULL, NULL,
     "weights as 16-bit floats: half the file"},
    {"headless", 0, VT_OPT_FLAG, offsetof(struct opts, headless), NULL, 0, 0, NULL, NULL,
     "cut a classifier back to the vector that its last layer reads, and say where"},
    {"shape", 0, VT_OPT_LIST, offsetof(struct opts, shapes), NULL, 0, 0, NULL, "INPUT=N,C,H,W",
     "dimensions of an input that the model leaves open, fixed in the file"},
};

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_graph *g = NULL;
  struct vt_cut where;
  if (args->n != 1) return vt_fail(e, VT_EUSAGE, "one model is expected");
  if (!o->output) return vt_fail(e, VT_EUSAGE, "--output OUT.onnx is missing");
  const char *path = vt_model_path(cli, o->models, args->v[0], e);
  int rc = path ? vt_onnx_load(&g, vt_registry_default(), path, e) : VT_ENOENT;
  if (!rc) rc = vt_apply_shapes(cli, g, &o->shapes, e);
  if (!rc && o->headless && !(rc = vt_model_headless(g, &where, e))) vt_cut_log(path, &where);
  if (!rc) rc = vt_onnx_save(g, o->output, &(struct vt_onnx_save_opts){.weights_f16 = o->f16}, e);
  vt_graph_free(g);
  return rc;
}

const struct vt_verb vt_verb_model_convert = {
    "model convert",
    "MODEL.onnx",
    "write a model again: another opset in, opset 17 out",
    "Models of opsets 1 to 21 are read; what is written runs in any runtime that knows opset 17.",
    rows,
    VT_COUNT(rows),
    sizeof(struct opts),
    run};
