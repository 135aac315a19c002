/* vitrine eval classify */
#include "app/cli/model_args.h"
#include "app/cli/places.h"
#include "app/eval_scores.h"

struct opts {
  struct vt_measure_opts m;
  struct vt_classify_measure what;
};

/* clang-format off */
static const struct vt_opt rows[] = {
    {"set", 0, VT_OPT_STRING, offsetof(struct opts, what.set), "clothing", 0, 0, NULL, "NAME|FOLDER", "clothing, products, products224, or a folder of class folders ([SPLIT/]CLASS/picture)"},
    {"attribute", 0, VT_OPT_STRING, offsetof(struct opts, what.attribute), NULL, 0, 0, NULL, "NAME", "what of products is the class; articleType if not given"},
    {"confusion", 0, VT_OPT_STRING, offsetof(struct opts, what.confusion), NULL, 0, 0, NULL, "CSV", "write the confusion matrix, a row for each true class"},
    {"scores", 0, VT_OPT_STRING, offsetof(struct opts, what.scores), NULL, 0, 0, NULL, "CSV", "write every picture's scores, which 'eval scores' measures further"},
    {"against", 0, VT_OPT_STRING, offsetof(struct opts, what.against), NULL, 0, 0, NULL, "OTHER.onnx", "another model of the same classes, computed in f32: how often both give the same class (agreement)"},
    VT_SCORE_OPTS(struct opts, what.figures),
    VT_MEASURE_BOOTSTRAP_OPTS(struct opts, m),
    VT_MEASURE_DATA_OPTS(struct opts, m),
    VT_MEASURE_OPTS(struct opts, m),
};
/* clang-format on */

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_figures f = {0};
  struct vt_classify_measure what = o->what;
  if (args->n != 1) return vt_fail(e, VT_EUSAGE, "one model is expected");
  what.figures.rounds = (int)o->m.bootstrap;
  what.figures.seed = (uint64_t)o->m.seed;
  if (!(what.model = vt_model_path(cli, o->m.models, args->v[0], e))) return VT_ENOENT;
  if (what.against && !(what.against = vt_model_path(cli, o->m.models, what.against, e))) return VT_ENOENT;
  const struct vt_place places[] = {{VT_READS, "MODEL", what.model},
                                    {VT_READS, "--against", what.against},
                                    {VT_WRITES, "--confusion", what.confusion},
                                    {VT_WRITES, "--scores", what.scores},
                                    {VT_WRITES, "--report", what.figures.report},
                                    {VT_WRITES, "--per-image", what.figures.per_image}};
  int rc = vt_places_check(places, VT_COUNT(places), e);
  if (!rc) rc = vt_eval_classify(cli, &o->m, &what, &f, e);
  if (rc >= 0) return vt_figures_print(&f, cli, o->m.json, e);
  vt_figures_clear(&f);
  return rc;
}

const struct vt_verb vt_verb_eval_classify = {
    .name = "eval classify",
    .args = "MODEL.onnx",
    .summary = "measure a classifier: all figures of 'eval scores', confusion matrix, agreement with another",
    .help = "Every picture of the split (of all, where the data have no splits) is classified. Classes are "
            "matched by\n"
            "name; pictures of classes that the model does not have are counted as left out.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};
