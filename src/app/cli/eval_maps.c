/* vitrine eval maps */
#include "app/cli/places.h"
#include "app/eval_maps.h"

struct opts {
  struct vt_map_folders what;
  struct vt_map_opts how;
  int64_t ignore, bootstrap, seed;
  bool json;
};
#define AT(f) offsetof(struct opts, f)

/* clang-format off */
static const struct vt_opt rows[] = {
    {"names", 0, VT_OPT_STRING, AT(what.names), NULL, 0, 0, NULL, "FILE", "names of the classes, one a line, from 0"},
    {"num-classes", 0, VT_OPT_INT, AT(what.classes), "0", 0, 256, NULL, "N", "how many, without --names; 0 = any up to 256"},
    {"ignore", 0, VT_OPT_INT, AT(ignore), "255", -1, 255, NULL, "LABEL", "pixels of the truth that do not count, -1 = none"},
    {"boundary", 0, VT_OPT_FLAG, AT(what.boundary), NULL, 0, 0, NULL, NULL, "boundary IoU as well, within 2 % of the diagonal"},
    {"classes", 0, VT_OPT_FLAG, AT(how.classes), NULL, 0, 0, NULL, NULL, "precision, recall and Dice of each class as well"},
    {"bootstrap", 0, VT_OPT_INT, AT(bootstrap), "0", 0, 100000, NULL, "N", "95 % intervals by so many draws of the pictures, 0 = none"},
    {"seed", 0, VT_OPT_INT, AT(seed), "1", 0, 9e15, NULL, "N", "of the draws"},
    {"report", 0, VT_OPT_STRING, AT(how.report), NULL, 0, 0, NULL, "FILE.html", "write a page with each class and the confusion matrix, too"},
    {"per-image", 0, VT_OPT_STRING, AT(how.per_image), NULL, 0, 0, NULL, "FILE.csv", "write accuracy and mean IoU of each picture (eval compare reads it)"},
    {"json", 0, VT_OPT_FLAG, AT(json), NULL, 0, 0, NULL, NULL, "print one JSON object"},
};
/* clang-format on */

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_map_folders what = o->what;
  struct vt_map_opts how = o->how;
  struct vt_figures f = {0};
  if (args->n != 2)
    return vt_fail(e, VT_EUSAGE, "eval maps: expected the folders of the truth and of what was found");
  what.truth = args->v[0];
  what.found = args->v[1];
  what.ignore = (int)o->ignore;
  how.rounds = (int)o->bootstrap;
  how.seed = (uint64_t)o->seed;
  const struct vt_place places[] = {{VT_READS_PICTURES, "TRUTH", what.truth},
                                    {VT_READS_PICTURES, "FOUND", what.found},
                                    {VT_READS, "--names", what.names},
                                    {VT_WRITES, "--report", how.report},
                                    {VT_WRITES, "--per-image", how.per_image}};
  int rc = vt_places_check(places, VT_COUNT(places), e);
  if (!rc) rc = vt_eval_maps(&what, how, &f, e);
  if (rc >= 0) return vt_figures_print(&f, cli, o->json, e);
  vt_figures_clear(&f);
  return rc;
}

const struct vt_verb vt_verb_eval_maps = {
    .name = "eval maps",
    .args = "TRUTH FOUND",
    .summary = "measure label maps: mean IoU, pixel accuracy, Dice, boundary IoU",
    .help = "Two folders of pictures of labels (PNG) with the same names. Figures are of all pixels "
            "together; means are\n"
            "over classes that occur on either side. Every truth needs its picture in FOUND; what is found "
            "without a\n"
            "truth is told and not measured.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};
