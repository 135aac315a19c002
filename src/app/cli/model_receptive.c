/* vitrine model receptive: which pixels each layer of a model looks at. */
#include "app/cli/model_args.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct opts {
  const char *models, *input;
  struct vt_strings shapes, nodes;
  bool json;
};

static const struct vt_opt rows[] = {
    {"models", 0, VT_OPT_STRING, offsetof(struct opts, models), NULL, 0, 0, NULL, "FOLDER",
     "where models are sought first"},
    {"node", 'n', VT_OPT_LIST, offsetof(struct opts, nodes), NULL, 0, 0, NULL, "NAME",
     "show this node only, by its name or its output's"},
    {"input", 'i', VT_OPT_STRING, offsetof(struct opts, input), NULL, 0, 0, NULL, "NAME",
     "the picture; default: the first input with four dimensions"},
    {"shape", 0, VT_OPT_LIST, offsetof(struct opts, shapes), NULL, 0, 0, NULL, "INPUT=N,C,H,W",
     "dimensions of an input that the model leaves open; default: one picture of 256 x 256"},
    {"json", 0, VT_OPT_FLAG, offsetof(struct opts, json), NULL, 0, 0, NULL, NULL, "print one JSON object"},
};

static const char help[] =
    "For each layer: the size of its receptive field (height x width in pixels), the stride (how many "
    "pixels\n"
    "neighbouring positions lie apart) and the padding (how many pixels before the picture the first "
    "position\n"
    "looks at; negative where it begins inside). RF(l+1) = RF(l) + (k-1) dilation stride(l); where branches\n"
    "meet, the hull of their fields. \"whole\": the layer depends on all of the picture, as after global\n"
    "pooling, attention, or a resize that ties positions to the corners.";

/* Open dimensions of inputs: a picture of 256 x 256, else 1. */
static int close_shapes(struct vt_cli *cli, struct vt_graph *g, const struct opts *o, struct vt_err *e)
{
  enum { SIDE = 256 };
  int rc = vt_apply_shapes(cli, g, &o->shapes, e);
  for (int i = 0; i < g->ninputs && !rc; i++) {
    struct vt_value *v = g->inputs[i];
    bool last = v->rank == 4 && v->dim[1] < 0 && v->dim[3] > 0 && v->dim[3] <= 4;
    for (int d = 0; d < v->rank; d++)
      if (v->dim[d] < 0) v->dim[d] = v->rank != 4 || !d || d == (last ? 3 : 1) ? 1 : SIDE;
  }
  return rc;
}

static bool wanted(const struct opts *o, const struct vt_node *n)
{
  bool yes = !o->nodes.n;
  for (int i = 0; i < o->nodes.n; i++) {
    yes |= !strcmp(n->name, o->nodes.v[i]);
    for (int k = 0; k < n->nout; k++) yes |= n->out[k] && !strcmp(n->out[k]->name, o->nodes.v[i]);
  }
  return yes;
}

static void stride(const struct vt_field *f, int64_t *up, int64_t *down)
{
  int64_t a = f->step, b = f->period;
  while (b) {
    int64_t t = a % b;
    a = b;
    b = t;
  }
  *up = f->step / a;
  *down = f->period / a;
}

static json_t *axis_json(const struct vt_field *f)
{
  int64_t up, down;
  if (f->kind != VT_FIELD_LOCAL) return json_string("whole");
  stride(f, &up, &down);
  return json_pack("{s:I, s:f, s:I, s:b}", "size", (json_int_t)vt_field_size(f), "stride",
                   (double)up / (double)down, "padding", (json_int_t)vt_field_padding(f), "uneven",
                   f->uneven);
}

static json_t *node_json(const struct vt_receptive *r, const struct vt_node *n)
{
  const struct vt_field *f = r->field[n->out[0]->id];
  return json_pack("{s:s, s:s, s:s, s:o, s:o}", "node", n->name, "operator", n->op->name, "output",
                   n->out[0]->name, "height", axis_json(&f[0]), "width", axis_json(&f[1]));
}

/* "7x5", once if both are equal. */
static void pair(char out[72], const char *h, const char *w)
{
  snprintf(out, 72, "%s%s%s", h, strcmp(h, w) ? "x" : "", strcmp(h, w) ? w : "");
}

static void print_node(FILE *out, const struct vt_receptive *r, const struct vt_node *n)
{
  const struct vt_field *f = r->field[n->out[0]->id];
  char size[2][32] = {"", ""}, step[2][32] = {"", ""}, pad[2][32] = {"", ""}, cell[3][72], shape[128];
  for (int a = 0; a < 2; a++) {
    int64_t up, down;
    snprintf(size[a], sizeof size[a], "whole");
    snprintf(step[a], sizeof step[a], "-");
    snprintf(pad[a], sizeof pad[a], "-");
    if (f[a].kind != VT_FIELD_LOCAL) continue;
    stride(&f[a], &up, &down);
    snprintf(size[a], sizeof size[a], "%lld", (long long)vt_field_size(&f[a]));
    snprintf(pad[a], sizeof pad[a], "%lld", (long long)vt_field_padding(&f[a]));
    if (down > 1)
      snprintf(step[a], sizeof step[a], "%lld/%lld", (long long)up, (long long)down);
    else
      snprintf(step[a], sizeof step[a], "%lld", (long long)up);
  }
  pair(cell[0], size[0], size[1]);
  pair(cell[1], step[0], step[1]);
  pair(cell[2], pad[0], pad[1]);
  vt_shape_print(n->out[0]->rank, n->out[0]->dim, shape, sizeof shape);
  fprintf(out, "%-36s %-20s %-20s %12s %8s %8s\n", n->out[0]->name, n->op->name, shape, cell[0], cell[1],
          cell[2]);
}

/* Whether the node's first output depends on the picture. */
static bool sees(const struct vt_receptive *r, const struct vt_node *n)
{
  return n->out[0] && r->field[n->out[0]->id][0].kind != VT_FIELD_NONE;
}

static int print(struct vt_cli *cli, const struct vt_receptive *r, const struct opts *o, const char *path,
                 struct vt_err *e)
{
  const struct vt_graph *g = r->graph;
  json_t *list = o->json ? json_array() : NULL;
  int shown = 0;
  for (int i = 0; i < g->nnodes; i++) {
    const struct vt_node *n = g->nodes[i];
    if (!sees(r, n) || !wanted(o, n)) continue;
    if (!shown++ && !o->json)
      fprintf(cli->out, "%-36s %-20s %-20s %12s %8s %8s\n", "output", "operator", "shape", "field", "stride",
              "padding");
    if (o->json)
      json_array_append_new(list, node_json(r, n));
    else
      print_node(cli->out, r, n);
  }
  if (!shown && o->nodes.n) {
    json_decref(list);
    return vt_fail(e, VT_EUSAGE, "--node: no node '%s' that depends on the picture", o->nodes.v[0]);
  }
  if (!o->json) return 0;
  json_t *all =
      json_pack("{s:s, s:s, s:[I,I], s:o}", "model", path, "input", r->input->name, "size",
                (json_int_t)r->input->dim[r->axis[0]], (json_int_t)r->input->dim[r->axis[1]], "layers", list);
  char *text = all ? json_dumps(all, JSON_PRESERVE_ORDER) : NULL;
  json_decref(all);
  if (!text) return vt_fail(e, VT_EFORMAT, "%s: its names are not UTF-8", path);
  fprintf(cli->out, "%s\n", text);
  free(text);
  return 0;
}

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_graph *g = NULL;
  struct vt_receptive *r = NULL;
  if (args->n != 1) return vt_fail(e, VT_EUSAGE, "one model is expected");
  const char *path = vt_model_path(cli, o->models, args->v[0], e);
  int rc = path ? vt_onnx_load(&g, vt_registry_default(), path, e) : VT_ENOENT;
  if (!rc) rc = close_shapes(cli, g, o, e);
  if (!rc) rc = vt_receptive_new(&r, g, &(struct vt_receptive_opts){.input = o->input}, e);
  if (!rc) rc = print(cli, r, o, path, e);
  vt_receptive_free(r);
  vt_graph_free(g);
  return rc;
}

const struct vt_verb vt_verb_model_receptive = {
    "model receptive",   "MODEL.onnx", "show the receptive field of every layer", help, rows, VT_COUNT(rows),
    sizeof(struct opts), run};
