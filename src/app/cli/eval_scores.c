/* vitrine eval scores */
#include "app/cli/places.h"
#include "app/eval_scores.h"

struct opts {
  struct vt_score_opts what;
  int64_t bootstrap, seed;
  bool json;
};
#define AT(f) offsetof(struct opts, f)

/* clang-format off */
static const struct vt_opt rows[] = {
    {"truth", 0, VT_OPT_STRING, AT(what.truth), "truth", 0, 0, NULL, "COLUMN", "column of the labels"},
    {"threshold", 0, VT_OPT_FLOAT, AT(what.threshold), "0.5", -1e30, 1e30, NULL, "SCORE", "with several labels a row: what is found has at least this score"},
    VT_SCORE_OPTS(struct opts, what),
    {"bootstrap", 0, VT_OPT_INT, AT(bootstrap), "0", 0, 100000, NULL, "N", "95 % intervals by so many draws of the rows, 0 = none"},
    {"seed", 0, VT_OPT_INT, AT(seed), "1", 0, 9e15, NULL, "N", "of the draws"},
    VT_READING_ROWS(struct opts, what.reading),
    {"json", 0, VT_OPT_FLAG, AT(json), NULL, 0, 0, NULL, NULL, "print one JSON object"},
};
/* clang-format on */

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_score_opts what = o->what;
  struct vt_figures f = {0};
  if (args->n != 1) return vt_fail(e, VT_EUSAGE, "eval scores: expected one table");
  what.table = args->v[0];
  what.rounds = (int)o->bootstrap;
  what.seed = (uint64_t)o->seed;
  const struct vt_place places[] = {{VT_READS, "SCORES", what.table},
                                    {VT_WRITES, "--report", what.report},
                                    {VT_WRITES, "--per-image", what.per_image},
                                    {VT_WRITES, "--left-out", what.reading.left_out}};
  int rc = vt_reading_check(&what.reading, e);
  if (!rc) rc = vt_places_check(places, VT_COUNT(places), e);
  if (!rc) rc = vt_eval_scores(&what, &f, e);
  if (rc >= 0) return vt_figures_print(&f, cli, o->json, e);
  vt_figures_clear(&f);
  return rc;
}

const struct vt_verb vt_verb_eval_scores = {
    .name = "eval scores",
    .args = "SCORES.csv",
    .summary = "measure classification from a table of scores: top k, precision, recall, F1, AP",
    .help = "A row a picture: image (may be missing), truth (a class, or several with | between them), and a "
            "column "
            "of\nscores for each class; 'eval classify --scores' writes such a table. With one label a row "
            "the class "
            "of the\nbest score is found, with several all of at least the threshold.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};
