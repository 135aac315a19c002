/* vitrine eval detections */
#include "app/eval_coco.h"

struct opts {
  int type;
  bool lenient, classes, json;
};

static const struct vt_opt rows[] = {
    {"type", 't', VT_OPT_ENUM, offsetof(struct opts, type), "bbox", 0, 0, "bbox|segm", NULL,
     "compare boxes, or masks"},
    {"classes", 0, VT_OPT_FLAG, offsetof(struct opts, classes), NULL, 0, 0, NULL, NULL,
     "AP of each class as well"},
    {"lenient", 0, VT_OPT_FLAG, offsetof(struct opts, lenient), NULL, 0, 0, NULL, NULL,
     "leave out malformed entries, and say how many"},
    {"json", 0, VT_OPT_FLAG, offsetof(struct opts, json), NULL, 0, 0, NULL, NULL, "print one JSON object"},
};

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  const struct opts *o = opts;
  struct vt_figures f = {0};
  if (args->n != 2)
    return vt_fail(e, VT_EUSAGE, "eval detections: expected the ground truth and the detections");
  const struct vt_coco_opts co = {.gt = args->v[0],
                                  .dt = args->v[1],
                                  .masks = o->type == 1,
                                  .lenient = o->lenient,
                                  .classes = o->classes};
  int rc = vt_eval_detections(&co, &f, e);
  if (rc >= 0) return vt_figures_print(&f, cli, o->json, e);
  vt_figures_clear(&f);
  return rc;
}

const struct vt_verb vt_verb_eval_detections = {
    .name = "eval detections",
    .args = "GT.json DT.json",
    .summary = "the iMaterialist contest's mAP and Pascal VOC's AP of detections",
    .help =
        "contest_mAP: TP / (TP + FP + FN) over IoU .50 to .95, by picture. VOC_AP50: area under the falling "
        "precision;\n"
        "VOC07_AP50: its mean at eleven recalls. Files as for eval coco; iscrowd counts as VOC's difficult.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct opts),
    .run = run,
};
