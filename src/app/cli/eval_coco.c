/* vitrine eval coco */
#include "app/cli/detections.h"

static const struct vt_opt rows[] = {VT_DETECTION_ROWS("bbox"), VT_DETECTION_ROW_CLASSES,
                                     VT_DETECTION_ROWS_REPORT, VT_DETECTION_ROWS_BOOTSTRAP};

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  return vt_detections_run(cli, "eval coco", opts, args, (struct vt_coco_opts){0}, vt_eval_coco, e);
}

const struct vt_verb vt_verb_eval_coco = {
    .name = "eval coco",
    .args = "GT.json DT.json",
    .summary = "COCO's average precision and recall of detections",
    .help = "AP and AR over IoU .50 to .95, at .50 and .75, for small, medium and large objects, and recall "
            "with 1, "
            "10\n"
            "and 100 detections a picture; -1 where no object of that size exists. Equal to COCO's own "
            "tools, also "
            "in\n"
            "taking the size of a detection from its box where results come with one.",
    .opt = rows,
    .nopt = VT_COUNT(rows),
    .opts_size = sizeof(struct vt_detection_opts),
    .run = run,
};
