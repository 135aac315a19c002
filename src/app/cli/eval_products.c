/* vitrine eval products */
#include "app/measure.h"

struct opts {
  struct vt_measure_opts m;
};

static const struct vt_opt rows[] = {
    VT_MEASURE_DATA_OPTS(struct opts, m),
    VT_MEASURE_OPTS(struct opts, m),
    VT_MEASURE_ROUNDS_OPT(struct opts, m),
};

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_figures f = {0};
  if (args->n) return vt_fail(e, VT_EUSAGE, "eval products takes no arguments, found '%s'", args->v[0]);
  int rc = vt_eval_products(cli, &o->m, &f, e);
  if (rc >= 0) return vt_figures_print(&f, cli, o->m.json, e);
  vt_figures_clear(&f);
  return rc;
}

const struct vt_verb vt_verb_eval_products = {
    .name = "eval products",
    .args = "",
    .summary = "measure the search for similar products",
    .help = "Every large product picture of the split is searched in the catalogue of all small ones, itself "
            "left out:\n"
            "share of the ten matches of the same article type, and of the same type and base colour.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};
