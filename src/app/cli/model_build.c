/* vitrine model build: a network of the field by name, with given or random weights, as an ONNX file. */
#include "app/cli/model_args.h"
#include "model/model.h"

#include <string.h>

struct opts {
  const char *weights, *output;
  int64_t classes, side, seed;
  double width;
  bool features;
};

static const struct vt_opt rows[] = {
    {"output", 'o', VT_OPT_STRING, offsetof(struct opts, output), NULL, 0, 0, NULL, "NET.onnx",
     "file to write; required"},
    {"weights", 'w', VT_OPT_STRING, offsetof(struct opts, weights), NULL, 0, 0, NULL, "FILE.safetensors",
     "weights under torchvision's names (nasnet and xception: timm's); without it, random ones"},
    {"classes", 0, VT_OPT_INT, offsetof(struct opts, classes), "1000", 1, 1 << 20, NULL, "N",
     "classes of the classifier"},
    {"features", 0, VT_OPT_FLAG, offsetof(struct opts, features), NULL, 0, 0, NULL, NULL,
     "end with the vector that the classifier reads"},
    {"size", 0, VT_OPT_INT, offsetof(struct opts, side), "0", 0, 4096, NULL, "PIXELS",
     "side of the input; 0: what the network was made for"},
    {"width", 0, VT_OPT_FLOAT, offsetof(struct opts, width), "1", 0.05, 8, NULL, "FACTOR",
     "so many times the channels (mobilenet_v2, mobilenet_v3)"},
    {"seed", 0, VT_OPT_INT, offsetof(struct opts, seed), "1", 0, 1 << 30, NULL, "N", "of the random weights"},
};

/* Adds the whole network to g. */
static int build(struct vt_graph *g, const struct vt_builder *b, const struct opts *o,
                 const struct vt_builder_opts *bo, struct vt_safetensors *weights, struct vt_err *e)
{
  struct vt_built built;
  struct vt_preprocess p;
  struct vt_buf json = {0};
  vt_builder_preprocess(b, &p);
  if (o->side) p.width = p.height = (int)o->side;
  int64_t dim[4] = {-1, 3, p.height, p.width};
  struct vt_net n = {
      .g = g, .seed = (uint64_t)o->seed, .find = weights ? vt_weights_find : NULL, .ctx = weights};
  int rc = vt_build(b, &n, vt_graph_input(g, "image", VT_F32, 4, dim), bo, &built, e);
  if (rc) return rc;
  vt_graph_output(g, o->features ? built.pooled : built.logits, o->features ? "features" : "logits");
  vt_preprocess_print(&p, &json);
  if (!json.failed) vt_graph_set_meta(g, VT_META_PREPROCESS, json.data);
  rc = json.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : vt_graph_status(g, e);
  vt_buf_clear(&json);
  return rc;
}

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_builder_opts bo = {.classes = o->features ? 0 : (int)o->classes, .width = (float)o->width};
  struct vt_safetensors *weights = NULL;
  struct vt_graph *g = NULL;
  if (args->n != 1) return vt_fail(e, VT_EUSAGE, "one network is expected; see 'vitrine model list'");
  if (!o->output) return vt_fail(e, VT_EUSAGE, "--output NET.onnx is missing");
  const struct vt_builder *b = vt_builder_find(args->v[0], e);
  int rc = b ? 0 : VT_EUSAGE;
  if (!rc && o->weights) rc = vt_safetensors_open(&weights, o->weights, e);
  if (weights) rc = vt_weights_check(weights, b, vt_registry_default(), &bo, e);
  if (!rc) rc = vt_graph_new(&g, vt_registry_default(), args->v[0], e);
  if (!rc) rc = build(g, b, o, &bo, weights, e);
  if (!rc) rc = vt_onnx_save(g, o->output, NULL, e);
  vt_graph_free(g);
  vt_safetensors_free(weights);
  return rc;
}

const struct vt_verb vt_verb_model_build = {
    "model build",
    "NETWORK",
    "write a network of the field as an ONNX file",
    "Networks are listed by 'vitrine model list'. A file of weights that does not fit is told\n"
    "with all that is missing, too many or of another shape.",
    rows,
    VT_COUNT(rows),
    sizeof(struct opts),
    run};
