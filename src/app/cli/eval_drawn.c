/* vitrine eval drawn */
#include "app/measure.h"

struct opts {
  struct vt_measure_opts m;
  struct vt_drawn_opts drawn;
};
#define AT(f) offsetof(struct opts, f)

static const struct vt_opt rows[] = {
    {"seed", 0, VT_OPT_INT, AT(drawn.seed), "90001", 1000, 1e15, NULL, "N",
     "seed; those below 1000 are for training"},
    {"photos", 0, VT_OPT_INT, AT(drawn.photos), "200", 1, 1e6, NULL, "N", "photos to draw"},
    {"products", 0, VT_OPT_INT, AT(drawn.products), "1000", 1, 1e6, NULL, "N", "products to draw"},
    {"min-share", 0, VT_OPT_FLOAT, AT(drawn.min_share), "0.01", 0, 1, NULL, "SHARE",
     "garments that cover less of their photo are left out"},
    {"out", 'o', VT_OPT_STRING, AT(drawn.out), NULL, 0, 0, NULL, "FOLDER", "keep the drawn data there"},
    VT_MEASURE_OPTS(struct opts, m),
    VT_MEASURE_ROUNDS_OPT(struct opts, m),
};

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_figures f = {0};
  if (args->n) return vt_fail(e, VT_EUSAGE, "eval drawn takes no arguments, found '%s'", args->v[0]);
  int rc = vt_eval_drawn(cli, &o->m, &o->drawn, &f, e);
  if (rc >= 0) return vt_figures_print(&f, cli, o->m.json, e);
  vt_figures_clear(&f);
  return rc;
}

const struct vt_verb vt_verb_eval_drawn = {
    .name = "eval drawn",
    .args = "",
    .summary = "measure the search on freshly drawn photos",
    .help = "Draws a catalogue and photos by the seed, searches every photo, and tells for how many of the "
            "worn garments\n"
            "the product is among the first five matches within its group; also with the true masks.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};
