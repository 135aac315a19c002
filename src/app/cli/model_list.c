/* vitrine model list: the models that are found, with what their metadata say, and the networks that can be
 * built. */
#include "app/cli/model_args.h"
#include "model/model.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct opts {
  const char *models;
  bool json;
};

static const struct vt_opt rows[] = {
    {"models", 0, VT_OPT_STRING, offsetof(struct opts, models), NULL, 0, 0, NULL, "FOLDER", "look here only"},
    {"json", 0, VT_OPT_FLAG, offsetof(struct opts, json), NULL, 0, 0, NULL, NULL,
     "print one JSON object per line"},
};

struct listing {
  struct vt_cli *cli;
  const struct opts *o;
  int n, failed;
};

static const char *or_dash(const char *s)
{
  return s && *s ? s : "-";
}

static void print_model(struct listing *l, const char *path, const struct vt_graph *g)
{
  json_t *card = vt_graph_meta(g, VT_META_CARD) ? json_loads(vt_graph_meta(g, VT_META_CARD), 0, NULL) : NULL;
  const char *licence = json_string_value(json_object_get(card, "licence"));
  const char *task = vt_graph_meta(g, VT_META_TASK);
  json_t *commercial = json_object_get(card, "commercial_use");
  if (l->o->json) {
    json_t *row =
        json_pack("{s:s, s:s, s:s?, s:I, s:s?, s:O?}", "model", path, "name", g->name, "task", task, "bytes",
                  (json_int_t)vt_file_size(path), "licence", licence, "commercial_use", commercial);
    char *text = row ? json_dumps(row, JSON_PRESERVE_ORDER) : NULL;
    fprintf(l->cli->out, "%s\n", text ? text : "{}");
    free(text);
    json_decref(row);
  } else {
    fprintf(l->cli->out, "%-32s %-10s %7.1f MB  %s%s\n", path, or_dash(task),
            (double)vt_file_size(path) / 1e6, or_dash(licence),
            json_is_false(commercial) ? ", not for commercial use" : "");
  }
  json_decref(card);
  l->n++;
}

static int visit(const char *path, const char *rel, void *ctx, struct vt_err *e)
{
  struct listing *l = ctx;
  struct vt_graph *g;
  struct vt_err why = {0};
  if (strcmp(vt_path_ext(path), "onnx") != 0 || strchr(rel, '/')) return 0;
  if (vt_onnx_load(&g, vt_registry_default(), path, &why)) {
    vt_log(VT_LOG_WARN, "%s", why.msg);
    l->failed++;
    return 0;
  }
  print_model(l, path, g);
  vt_graph_free(g);
  return 0;
}

static void print_builder(struct vt_cli *cli, const struct opts *o, const struct vt_builder *b,
                          const struct vt_builder_family *f, const struct vt_builder_size *size)
{
  if (o->json)
    fprintf(
        cli->out,
        "{\"network\": \"%s\", \"family\": \"%s\", \"paper\": \"%s\", \"size\": %d, \"parameters\": %lld, "
        "\"multiply_adds\": %lld}\n",
        b->name, f->name, f->paper, b->side, (long long)size->parameters, (long long)size->macs);
  else
    fprintf(cli->out, "%-20s %3d px %8.2f M parameters %8.3f G multiply-adds  %s\n", b->name, b->side,
            (double)size->parameters / 1e6, (double)size->macs / 1e9, f->paper);
}

/* All that model build makes, with 1000 classes. */
static int list_builders(struct vt_cli *cli, const struct opts *o, struct vt_err *e)
{
  struct vt_builder_opts bo = {.classes = 1000};
  struct vt_builder_size size;
  for (int i = 0; vt_builder_families[i]; i++) {
    const struct vt_builder_family *f = vt_builder_families[i];
    for (int k = 0; k < f->n; k++) {
      int rc = vt_builder_measure(&f->builder[k], vt_registry_default(), &bo, &size, e);
      if (rc) return rc;
      print_builder(cli, o, &f->builder[k], f, &size);
    }
  }
  return 0;
}

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct listing l = {.cli = cli, .o = o};
  if (args->n) return vt_fail(e, VT_EUSAGE, "no arguments are expected");
  const char *places[VT_MAX_MODEL_PLACES];
  int n = vt_model_places(cli, o->models, places);
  for (int i = 0; i < n; i++) {
    if (!vt_is_dir(places[i])) continue;
    int rc = vt_walk(places[i], visit, &l, e);
    if (rc) return rc;
    if (l.n) break; /* the folder that models are taken from */
  }
  if (!l.n && !l.failed && !o->json) fprintf(cli->out, "no models found\n");
  if (!o->json) fprintf(cli->out, "\nnetworks that 'vitrine model build' makes, with 1000 classes:\n");
  int rc = list_builders(cli, o, e);
  if (rc) return rc;
  return l.failed ? (l.n ? VT_EXIT_PART : VT_EXIT_FAILED) : VT_EXIT_DONE;
}

const struct vt_verb vt_verb_model_list = {
    "model list",
    "",
    "list the models that are found and the networks that can be built",
    NULL,
    rows,
    VT_COUNT(rows),
    sizeof(struct opts),
    run};
