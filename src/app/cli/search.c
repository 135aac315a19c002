/* vitrine search: the most similar products for every garment of a photo. */
#include <string.h>
#include "app/cli/photos.h"

struct opts {
  struct vt_model_cli m;
  const char *catalog, *box, *sheet;
  struct vt_strings filter;
  int64_t k;
  bool whole, any_group, json;
};

/* clang-format off */
static const struct vt_opt rows[] = {
    {"catalog", 'c', VT_OPT_STRING, offsetof(struct opts, catalog), NULL, 0, 0, NULL, "FILE", "the catalogue to search (required)"},
    {"matches", 'k', VT_OPT_INT, offsetof(struct opts, k), "10", 1, 10000, NULL, "N", "matches per item"},
    {"whole", 0, VT_OPT_FLAG, offsetof(struct opts, whole), NULL, 0, 0, NULL, NULL, "search with the whole picture as one item, in all groups"},
    {"box", 0, VT_OPT_STRING, offsetof(struct opts, box), NULL, 0, 0, NULL, "X,Y,W,H", "search with one region of the photo, in pixels, in all groups"},
    {"filter", 0, VT_OPT_LIST, offsetof(struct opts, filter), NULL, 0, 0, NULL, "ATTR=VALUE", "only products with this value; of one attribute any, of different ones all"},
    {"any-group", 0, VT_OPT_FLAG, offsetof(struct opts, any_group), NULL, 0, 0, NULL, NULL, "match products of other groups than the item's too"},
    {"sheet", 0, VT_OPT_STRING, offsetof(struct opts, sheet), NULL, 0, 0, NULL, "PNG", "draw photo, items and matches into a picture (a folder for several photos)"},
    {"json", 0, VT_OPT_FLAG, offsetof(struct opts, json), NULL, 0, 0, NULL, NULL, "print one JSON object per photo"},
    VT_MODEL_OPTS(struct opts, m),
};
/* clang-format on */

struct search {
  struct vt_cli *cli;
  const struct opts *o;
  struct vt_look *look;
  struct vt_look_query query;
  struct vt_photo_output sheet;
};

static int each(int i, const char *photo, void *ctx, struct vt_err *e)
{
  struct search *s = ctx;
  struct vt_look_result r;
  struct vt_buf line;
  vt_buf_init(&line);
  s->query.path = photo;
  int rc = vt_look_photo(s->look, &s->query, &r, e);
  if (!rc && s->o->sheet) rc = vt_look_sheet(&r, s->sheet.path[i], e);
  if (!rc && s->o->json) rc = vt_look_json(&r, true, &line, e);
  if (!rc && !s->o->json) vt_look_table(&r, true, &line);
  if (!rc) rc = vt_print_line(s->cli, &line, e);
  vt_buf_clear(&line);
  vt_look_result_clear(&r);
  return rc;
}

static int parse_filters(struct vt_cli *cli, const struct vt_strings *f, struct vt_attr **terms,
                         struct vt_err *e)
{
  *terms = vt_arena_alloc(&cli->arena, (size_t)VT_MAX(f->n, 1) * sizeof **terms);
  for (int i = 0; i < f->n && *terms; i++) {
    const char *eq = strchr(f->v[i], '=');
    if (!eq || eq == f->v[i])
      return vt_fail(e, VT_EUSAGE, "--filter '%s': expected ATTRIBUTE=VALUE", f->v[i]);
    (*terms)[i].name = vt_arena_strndup(&cli->arena, f->v[i], (size_t)(eq - f->v[i]));
    (*terms)[i].value = eq + 1;
    if (!(*terms)[i].name) return vt_fail(e, VT_ENOMEM, "out of memory");
  }
  return *terms ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
}

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct search s = {.cli = cli, .o = o, .query = {.k = (int)o->k}, .sheet = {"--sheet", o->sheet, NULL}};
  struct vt_attr *terms = NULL;
  if (!o->catalog) return vt_fail(e, VT_EUSAGE, "no catalogue given: -c FILE");
  if (!args->n) return vt_fail(e, VT_EUSAGE, "no photo given");
  if (o->whole && o->box) return vt_fail(e, VT_EUSAGE, "--whole and --box exclude each other");
  int rc = parse_filters(cli, &o->filter, &terms, e);
  if (!rc && o->box) rc = vt_parse_box(o->box, &s.query.box, e);
  if (!rc) rc = vt_photo_outputs(cli, &s.sheet, 1, args, ".png", e);
  if (rc) return rc;
  s.query.what = o->whole ? VT_LOOK_WHOLE : o->box ? VT_LOOK_BOX : VT_LOOK_ITEMS;
  struct vt_look_opts look = {.catalog = o->catalog,
                              .model = vt_model_cli_opts(&o->m),
                              .nterms = o->filter.n,
                              .terms = terms,
                              .any_group = o->any_group};
  if (!(look.embedder = vt_find_model(cli, o->m.models, "embed.onnx", e))) return e->code;
  if (s.query.what == VT_LOOK_ITEMS && !(look.segmenter = vt_find_model(cli, o->m.models, "segment.onnx", e)))
    return e->code;
  rc = vt_look_open(&s.look, &look, vt_registry_default(), e);
  if (!rc) rc = vt_photos_each(cli, args, o->json, each, &s, e);
  vt_look_close(s.look);
  return rc;
}

const struct vt_verb vt_verb_search = {
    .name = "search",
    .args = "PHOTO…",
    .summary = "find similar products for every garment of a photo",
    .help =
        "Each garment found in the photo is compared with the products of its group. With several photos "
        "one\n"
        "JSON line (or table) is printed for each, in order; exit 3 if some of them failed, 1 if all did.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};
