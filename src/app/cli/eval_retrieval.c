/* vitrine eval retrieval */
#include "app/cli/places.h"
#include "app/eval_retrieval.h"

struct opts {
  struct vt_retrieval_opts what;
  int64_t bootstrap, seed;
  bool json;
};
#define AT(f) offsetof(struct opts, f)

/* clang-format off */
static const struct vt_opt rows[] = {
    {"label", 'l', VT_OPT_STRING, AT(what.label), "label", 0, 0, NULL, "COLUMN", "rows of equal label are relevant to one another"},
    {"category", 0, VT_OPT_STRING, AT(what.category), NULL, 0, 0, NULL, "COLUMN", "figures of each of its values on the page, and with --classes"},
    {"same", 0, VT_OPT_STRING, AT(what.same), NULL, 0, 0, NULL, "COLUMN", "rows of equal value, if not empty, are one thing and not searched for, as the query's own row"},
    {"query", 0, VT_OPT_STRING, AT(what.query), NULL, 0, 0, NULL, "COLUMN", "1 for rows that are queries (default: all)"},
    {"gallery", 0, VT_OPT_STRING, AT(what.gallery), NULL, 0, 0, NULL, "COLUMN", "1 for rows that are searched (default: all)"},
    {"clusters", 0, VT_OPT_INT, AT(what.clusters), "0", -1, 1e6, NULL, "N", "of k-means, for NMI and AMI; 0 = as many as labels, -1 = none"},
    {"classes", 0, VT_OPT_FLAG, AT(what.classes), NULL, 0, 0, NULL, NULL, "figures of each category as well"},
    {"bootstrap", 0, VT_OPT_INT, AT(bootstrap), "0", 0, 100000, NULL, "N", "95 % intervals by so many draws of the queries, 0 = none"},
    {"seed", 0, VT_OPT_INT, AT(seed), "1", 0, 9e15, NULL, "N", "of the draws and of k-means"},
    {"report", 0, VT_OPT_STRING, AT(what.report), NULL, 0, 0, NULL, "FILE.html", "write a page with curves over k and a table of categories, too"},
    {"per-query", 0, VT_OPT_STRING, AT(what.per_query), NULL, 0, 0, NULL, "FILE.csv", "write the figures of each query (eval compare reads it)"},
    {"json", 0, VT_OPT_FLAG, AT(json), NULL, 0, 0, NULL, NULL, "print one JSON object"},
};
/* clang-format on */

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_retrieval_opts what = o->what;
  struct vt_figures f = {0};
  if (args->n != 2) return vt_fail(e, VT_EUSAGE, "eval retrieval: expected the vectors and their table");
  if (what.classes && !what.category)
    return vt_fail(e, VT_EUSAGE, "--classes: --category says which column has them");
  what.vectors = args->v[0];
  what.table = args->v[1];
  what.rounds = (int)o->bootstrap;
  what.seed = (uint64_t)o->seed;
  const struct vt_place places[] = {{VT_READS, "VECTORS", what.vectors},
                                    {VT_READS, "TABLE", what.table},
                                    {VT_WRITES, "--report", what.report},
                                    {VT_WRITES, "--per-query", what.per_query}};
  int rc = vt_places_check(places, VT_COUNT(places), e);
  if (!rc) rc = vt_eval_retrieval(&what, &f, e);
  if (rc >= 0) return vt_figures_print(&f, cli, o->json, e);
  vt_figures_clear(&f);
  return rc;
}

const struct vt_verb vt_verb_eval_retrieval = {
    .name = "eval retrieval",
    .args = "VECTORS.npy TABLE.csv",
    .summary = "measure search among any vectors with labels: recall and precision at k, mAP, MAP@R, NMI",
    .help =
        "Vectors as 'embed' writes them, a row of the table for each, in order. Every query is compared\n"
        "with the whole gallery by cosine; of equal scores what is wrong comes first; queries without\n"
        "anything relevant are counted (without_match) and enter no mean. recall_at_K: a relevant one is\n"
        "among the first K (CMC); share_at_K: how many of all relevant ones are.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};
