/* vitrine index: adds or updates the products of a catalogue. */
#include <jansson.h>
#include <string.h>
#include "app/cli/photos.h"
#include "app/ingest.h"

struct opts {
  struct vt_model_cli m;
  struct vt_strings csv, images;
  const char *catalog, *id, *title, *group, *group_map;
  struct vt_strings remove;
  bool sync, reembed, json;
};

/* clang-format off */
static const struct vt_opt rows[] = {
    {"catalog", 'c', VT_OPT_STRING, offsetof(struct opts, catalog), NULL, 0, 0, NULL, "FILE", "the catalogue; made if there is none (required)"},
    {"csv", 0, VT_OPT_LIST, offsetof(struct opts, csv), NULL, 0, 0, NULL, "FILE", "a CSV file of products, the same as naming it as argument"},
    {"id", 0, VT_OPT_STRING, offsetof(struct opts, id), NULL, 0, 0, NULL, "COLUMN", "column of the product's id (default: id)"},
    {"title", 0, VT_OPT_STRING, offsetof(struct opts, title), NULL, 0, 0, NULL, "COLUMN", "column of the title (default: title, where there is one)"},
    {"image", 0, VT_OPT_LIST, offsetof(struct opts, images), NULL, 0, 0, NULL, "TEMPLATE", "path of a picture with columns in braces, from the CSV's folder: images/{id}.jpg (default: {image})"},
    {"group", 0, VT_OPT_STRING, offsetof(struct opts, group), NULL, 0, 0, NULL, "COLUMN", "column of the kind of product (default: group, where there is one)"},
    {"group-map", 0, VT_OPT_STRING, offsetof(struct opts, group_map), NULL, 0, 0, NULL, "FILE", "CSV that maps the words of the group column to groups; empty = no garment"},
    {"remove", 0, VT_OPT_LIST, offsetof(struct opts, remove), NULL, 0, 0, NULL, "ID", "remove these products; the arguments are further ids"},
    {"sync", 0, VT_OPT_FLAG, offsetof(struct opts, sync), NULL, 0, 0, NULL, NULL, "remove products that none of the sources has any more"},
    {"reembed", 0, VT_OPT_FLAG, offsetof(struct opts, reembed), NULL, 0, 0, NULL, NULL, "make all vectors anew, also with another model"},
    {"json", 0, VT_OPT_FLAG, offsetof(struct opts, json), NULL, 0, 0, NULL, NULL, "print the result as one JSON object"},
    VT_MODEL_OPTS(struct opts, m),
};
/* clang-format on */

static int print_json(struct vt_cli *cli, const struct opts *o, const struct vt_ingest_report *r,
                      struct vt_err *e)
{
  json_t *failed = json_array();
  for (int i = 0; i < r->nfailures; i++) {
    struct vt_buf what, why;
    vt_buf_init(&what);
    vt_buf_init(&why);
    vt_utf8_repair(r->failures[i].what, strlen(r->failures[i].what), &what);
    vt_utf8_repair(r->failures[i].why, strlen(r->failures[i].why), &why);
    json_array_append_new(failed, json_pack("{s:s, s:s}", "what", what.data ? what.data : "", "error",
                                            why.data ? why.data : ""));
    vt_buf_clear(&what);
    vt_buf_clear(&why);
  }
  json_t *j = json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:o}", "catalog", o->catalog,
                        "added", (json_int_t)r->added, "updated", (json_int_t)r->updated, "unchanged",
                        (json_int_t)r->unchanged, "removed", (json_int_t)r->removed, "reembedded",
                        (json_int_t)r->reembedded, "failed", (json_int_t)r->failed, "products",
                        (json_int_t)r->total.products, "images", (json_int_t)r->total.images, "seconds",
                        r->seconds, "failures", failed);
  struct vt_buf line;
  vt_buf_init(&line);
  char *s = j ? json_dumps(j, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;
  json_decref(j);
  if (s) vt_buf_adds(&line, s);
  int rc = s ? vt_print_line(cli, &line, e) : vt_fail(e, VT_ENOMEM, "JSON: out of memory");
  free(s);
  vt_buf_clear(&line);
  return rc;
}

static void print_text(struct vt_cli *cli, const struct opts *o, const struct vt_ingest_report *r)
{
  const struct {
    int64_t n;
    const char *word;
  } parts[] = {{r->added, "added"},     {r->updated, "updated"},        {r->unchanged, "unchanged"},
               {r->removed, "removed"}, {r->reembedded, "re-embedded"}, {r->failed, "failed"}};
  const char *comma = "";
  fprintf(cli->out, "%s: ", o->catalog);
  for (size_t i = 0; i < VT_COUNT(parts); i++) {
    if (!parts[i].n) continue;
    fprintf(cli->out, "%s%lld %s", comma, (long long)parts[i].n, parts[i].word);
    comma = ", ";
  }
  int64_t worked = r->added + r->updated + r->reembedded;
  fprintf(cli->out, "%s; %lld products with %lld pictures", *comma ? "" : "nothing to do",
          (long long)r->total.products, (long long)r->total.images);
  if (worked && r->seconds > 0)
    fprintf(cli->out, "; %.1f s, %.0f products/s", r->seconds, (double)worked / r->seconds);
  fprintf(cli->out, "\n");
}

/* --csv files first, then the arguments. */
static int sources(struct vt_cli *cli, const struct opts *o, const struct vt_strings *args,
                   struct vt_strings *out, struct vt_err *e)
{
  out->n = o->csv.n + args->n;
  out->v = vt_arena_alloc(&cli->arena, (size_t)VT_MAX(out->n, 1) * sizeof *out->v);
  if (!out->v) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int i = 0; i < out->n; i++) out->v[i] = i < o->csv.n ? o->csv.v[i] : args->v[i - o->csv.n];
  return 0;
}

static int ingest(struct vt_cli *cli, const struct opts *o, const struct vt_strings *args,
                  struct vt_ingest_report *report, struct vt_err *e)
{
  struct vt_ingest_opts in = {.catalog = o->catalog,
                              .model = vt_model_cli_opts(&o->m),
                              .id = o->id,
                              .title = o->title,
                              .group = o->group,
                              .images = o->images,
                              .group_map = o->group_map,
                              .sync = o->sync,
                              .reembed = o->reembed};
  int rc = sources(cli, o, args, &in.sources, e);
  if (rc) return rc;
  if (!in.sources.n && !o->reembed) return vt_fail(e, VT_EUSAGE, "no folder or CSV file given");
  if (!in.sources.n && o->sync) return vt_fail(e, VT_EUSAGE, "--sync needs the sources to compare with");
  if (!(in.embedder = vt_find_model(cli, o->m.models, "embed.onnx", e))) return e->code;
  return vt_ingest_run(&in, vt_registry_default(), report, e);
}

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_ingest_report report = {0};
  int rc;
  if (!o->catalog) return vt_fail(e, VT_EUSAGE, "no catalogue given: -c FILE");
  if (o->remove.n) {
    if (o->csv.n || o->sync || o->reembed)
      return vt_fail(e, VT_EUSAGE, "--remove goes alone: its arguments are ids, no sources");
    struct opts ids = {.csv = o->remove};
    struct vt_strings all;
    if ((rc = sources(cli, &ids, args, &all, e))) return rc;
    rc = vt_ingest_remove(o->catalog, &all, &report, e);
  } else {
    rc = ingest(cli, o, args, &report, e);
  }
  if (!rc && o->json) rc = print_json(cli, o, &report, e);
  if (!rc && !o->json) print_text(cli, o, &report);
  if (!rc) rc = vt_ingest_exit(&report);
  vt_ingest_report_clear(&report);
  return rc;
}

const struct vt_verb vt_verb_index = {
    .name = "index",
    .args = "FOLDER|FILE.csv|-…",
    .summary = "add or update the products of a catalogue",
    /* clang-format off */
    .help =
        "A folder's pictures are products whose id is their path in it; a CSV file has a row per product (or per\n"
        "picture), columns that are not named become attributes to filter by; - is a CSV file on standard input,\n"
        "its pictures are sought from the present folder. Files of the same size and time of change as before are\n"
        "not read again, others are compared by content. Interrupted or killed, the same command goes on. Files\n"
        "and rows that fail are listed and do not stop the rest: exit 3, or 1 if all failed.",
    /* clang-format on */
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};
