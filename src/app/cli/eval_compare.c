/* vitrine eval compare */
#include "app/cli/places.h"
#include "app/compare.h"

struct opts {
  const char *metric, *report, *column;
  struct vt_strings images;
  int64_t top, bootstrap, seed;
  bool json;
};
static const struct vt_opt rows[] = {
    {"metric", 'm', VT_OPT_STRING, offsetof(struct opts, metric), NULL, 0, 0, NULL, "NAME",
     "column of results.csv that decides (default: the first recipe's best)"},
    {"images", 0, VT_OPT_LIST, offsetof(struct opts, images), NULL, 0, 0, NULL, "FILE.csv",
     "two tables of results by picture (eval coco --per-image): lists what changed most"},
    {"column", 0, VT_OPT_STRING, offsetof(struct opts, column), NULL, 0, 0, NULL, "NAME",
     "which column of them (default: the last)"},
    {"top", 0, VT_OPT_INT, offsetof(struct opts, top), "20", 1, 100000, NULL, "N", "pictures listed"},
    {"bootstrap", 0, VT_OPT_INT, offsetof(struct opts, bootstrap), "0", 0, 100000, NULL, "N",
     "95 % interval of their mean difference by so many draws of the pictures, 0 = none"},
    {"seed", 0, VT_OPT_INT, offsetof(struct opts, seed), "1", 0, INT32_MAX, NULL, "N", "of the draws"},
    {"report", 0, VT_OPT_STRING, offsetof(struct opts, report), NULL, 0, 0, NULL, "FILE.html",
     "write a page with charts, too"},
    {"json", 0, VT_OPT_FLAG, offsetof(struct opts, json), NULL, 0, 0, NULL, NULL, "print one JSON object"},
};

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_comparison *c = vt_calloc(1, sizeof *c);
  struct vt_buf b = {0};
  if (!c) return vt_fail(e, VT_ENOMEM, "out of memory");
  vt_arena_init(&c->arena);
  int rc = args->n ? 0 : vt_fail(e, VT_EUSAGE, "eval compare: which runs?");
  if (!rc && o->images.n && o->images.n != 2) rc = vt_fail(e, VT_EUSAGE, "--images: expected two tables");
  const struct vt_place places[] = {{VT_READS, "--images", o->images.n ? o->images.v[0] : NULL},
                                    {VT_READS, "--images", o->images.n ? o->images.v[1] : NULL},
                                    {VT_WRITES, "--report", o->report}};
  if (!rc) rc = vt_places_check(places, VT_COUNT(places), e);
  if (!rc) rc = vt_compare_runs(c, cli, args, o->metric, e);
  if (!rc && o->images.n)
    rc = vt_compare_images(
        c, o->images.v[0], o->images.v[1],
        &(struct vt_compare_opts){
            .column = o->column, .top = (int)o->top, .rounds = (int)o->bootstrap, .seed = (uint64_t)o->seed},
        e);
  if (!rc && o->report) {
    vt_compare_page(c, &b);
    rc =
        b.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : vt_file_write_atomic(o->report, b.data, b.len, e);
    vt_buf_clear(&b);
  }
  if (!rc) (o->json ? vt_compare_json : vt_compare_table)(c, &b);
  if (!rc && b.failed) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) fputs(b.data, cli->out);
  vt_buf_clear(&b);
  vt_comparison_clear(c);
  vt_free(c);
  return rc;
}

const struct vt_verb vt_verb_eval_compare = {
    .name = "eval compare",
    .args = "RUN…",
    .summary = "runs of training side by side: figures, sizes, differences of recipes",
    .help = "Figures are those of each run's best epoch. Parameters and multiply-adds (of one picture of the "
            "size\nthat the model is made for) come from best.onnx, else last.onnx. --images A.csv --images "
            "B.csv\n"
            "take two runs' results by picture; pictures that one of them lacks do not count.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};
