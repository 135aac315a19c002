/* vitrine eval detections */
#include "app/cli/detections.h"

static const struct vt_opt rows[] = {VT_DETECTION_ROWS("bbox"), VT_DETECTION_ROW_CLASSES,
                                     VT_DETECTION_ROWS_REPORT, VT_DETECTION_ROWS_BOOTSTRAP};

static int run(struct vt_cli *cli, const void *opts, const struct vt_strings *args, struct vt_err *e)
{
  return vt_detections_run(cli, "eval detections", opts, args, (struct vt_coco_opts){0}, vt_eval_detections,
                           e);
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
    .opts_size = sizeof(struct vt_detection_opts),
    .run = run,
};
