/* vitrine eval segment */
#include "app/cli/places.h"
#include "app/measure.h"

struct opts {
  struct vt_measure_opts m;
};

static const struct vt_opt rows[] = {
    VT_MEASURE_DATA_OPTS(struct opts, m),
    VT_MEASURE_OPTS(struct opts, m),
    VT_MEASURE_BOOTSTRAP_OPTS(struct opts, m),
    {"boundary", 0, VT_OPT_FLAG, offsetof(struct opts, m.boundary), NULL, 0, 0, NULL, NULL,
     "boundary IoU as well, within 2 % of the diagonal"},
    {"classes", 0, VT_OPT_FLAG, offsetof(struct opts, m.classes), NULL, 0, 0, NULL, NULL,
     "precision, recall and Dice of each class as well"},
    {"report", 0, VT_OPT_STRING, offsetof(struct opts, m.report), NULL, 0, 0, NULL, "FILE.html",
     "write a page with each class and the confusion matrix, too"},
    {"per-image", 0, VT_OPT_STRING, offsetof(struct opts, m.per_image), NULL, 0, 0, NULL, "FILE.csv",
     "write accuracy and mean IoU of each photo (eval compare reads it)"},
};

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_figures f = {0};
  if (args->n) return vt_fail(e, VT_EUSAGE, "eval segment takes no arguments, found '%s'", args->v[0]);
  const struct vt_place places[] = {{VT_WRITES, "--report", o->m.report},
                                    {VT_WRITES, "--per-image", o->m.per_image}};
  int rc = vt_places_check(places, VT_COUNT(places), e);
  if (!rc) rc = vt_eval_segment(cli, &o->m, &f, e);
  if (rc >= 0) return vt_figures_print(&f, cli, o->m.json, e);
  vt_figures_clear(&f);
  return rc;
}

const struct vt_verb vt_verb_eval_segment = {
    .name = "eval segment",
    .args = "",
    .summary = "measure segmentation on street photos",
    .help = "Every CCP photo of the split at full resolution, 17 classes, one confusion matrix over all "
            "pixels; what is\n"
            "labelled 'ignore' is not counted.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};
