/* vitrine eval fashionpedia */
#include "app/cli/detections.h"

struct opts {
  struct vt_detection_opts common;
  struct vt_strings with;
};

static const struct vt_opt rows[] = {
    VT_DETECTION_ROWS("segm"),
    VT_DETECTION_ROW_CLASSES,
    VT_DETECTION_ROWS_REPORT,
    VT_DETECTION_ROWS_BOOTSTRAP,
    {"attribute-class", 0, VT_OPT_LIST, offsetof(struct opts, with), NULL, 0, 0, NULL, "ID",
     "a class that may carry attributes (default: Fashionpedia's 18)"},
};

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_coco_opts co = {0};
  if (o->with.n) {
    int64_t *id = vt_arena_alloc(&cli->arena, (size_t)o->with.n * sizeof *id);
    if (!id) return vt_fail(e, VT_ENOMEM, "out of memory");
    for (int i = 0; i < o->with.n; i++)
      if (!vt_parse_i64(o->with.v[i], &id[i]))
        return vt_fail(e, VT_EUSAGE, "--attribute-class: '%s' is not a number", o->with.v[i]);
    co.nattribute_classes = o->with.n;
    co.attribute_class = id;
  }
  return vt_detections_run(cli, "eval fashionpedia", &o->common, args, co, vt_eval_fashionpedia, e);
}

const struct vt_verb vt_verb_eval_fashionpedia = {
    .name = "eval fashionpedia",
    .args = "GT.json DT.json",
    .summary = "COCO's figures, and average precision with the F1 of attributes",
    .help =
        "AP_F1: a match needs the IoU threshold and an F1 of attributes of .50 to .95 as well; classes that\n"
        "may carry attributes enter the mean once for each F1 threshold, others once. The other figures "
        "have\n"
        "no threshold of F1; there, as in the authors' tool, a class with attributes takes a truth of "
        "better\n"
        "IoU only where the F1 of attributes is no worse, so they may differ from those of `eval coco`.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};
