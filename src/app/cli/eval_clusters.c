/* vitrine eval clusters */
#include "app/eval_retrieval.h"

struct opts {
  const char *truth, *found;
  int64_t bootstrap, seed;
  bool json;
};
static const struct vt_opt rows[] = {
    {"truth", 0, VT_OPT_STRING, offsetof(struct opts, truth), "label", 0, 0, NULL, "COLUMN",
     "one clustering"},
    {"found", 0, VT_OPT_STRING, offsetof(struct opts, found), "cluster", 0, 0, NULL, "COLUMN", "the other"},
    {"bootstrap", 0, VT_OPT_INT, offsetof(struct opts, bootstrap), "0", 0, 100000, NULL, "N",
     "95 % intervals by so many draws of the rows, 0 = none"},
    {"seed", 0, VT_OPT_INT, offsetof(struct opts, seed), "1", 0, 9e15, NULL, "N", "of the draws"},
    {"json", 0, VT_OPT_FLAG, offsetof(struct opts, json), NULL, 0, 0, NULL, NULL, "print one JSON object"},
};

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_figures f = {0};
  if (args->n != 1) return vt_fail(e, VT_EUSAGE, "eval clusters: expected one table");
  int rc = vt_eval_clusters(args->v[0], o->truth, o->found, (int)o->bootstrap, (uint64_t)o->seed, &f, e);
  if (rc >= 0) return vt_figures_print(&f, cli, o->json, e);
  vt_figures_clear(&f);
  return rc;
}

const struct vt_verb vt_verb_eval_clusters = {
    .name = "eval clusters",
    .args = "TABLE.csv",
    .summary = "agreement of two clusterings: normalised and adjusted mutual information",
    .help = "Two columns of a table; rows of equal words are one cluster. Which of the two is the truth does "
            "not\n"
            "matter. A row that is drawn twice agrees with itself, so the intervals of --bootstrap lie too "
            "high where\n"
            "clusters have few rows.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};
