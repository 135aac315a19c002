/* vitrine eval street */
#include "app/measure.h"

struct opts {
  struct vt_measure_opts m;
  double min_share;
};

static const struct vt_opt rows[] = {
    VT_MEASURE_DATA_OPTS(struct opts, m),
    VT_MEASURE_OPTS(struct opts, m),
    VT_MEASURE_ROUNDS_OPT(struct opts, m),
    {"min-share", 0, VT_OPT_FLOAT, offsetof(struct opts, min_share), "0.01", 0, 1, NULL, "SHARE",
     "garments that cover less of their photo are left out"},
};

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_figures f = {0};
  if (args->n) return vt_fail(e, VT_EUSAGE, "eval street takes no arguments, found '%s'", args->v[0]);
  int rc = vt_eval_street(cli, &o->m, o->min_share, &f, e);
  if (rc >= 0) return vt_figures_print(&f, cli, o->m.json, e);
  vt_figures_clear(&f);
  return rc;
}

const struct vt_verb vt_verb_eval_street = {
    .name = "eval street",
    .args = "",
    .summary = "measure the search from street garments to products",
    .help = "Every garment of the CCP photos of the split, cut out by its true mask, is searched among all "
            "train products\n"
            "without group filter: share of the ten matches that belong to the right group.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};
