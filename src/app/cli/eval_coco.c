/* vitrine eval coco */
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
  if (args->n != 2) return vt_fail(e, VT_EUSAGE, "eval coco: expected the ground truth and the detections");
  const struct vt_coco_opts co = {.gt = args->v[0],
                                  .dt = args->v[1],
                                  .masks = o->type == 1,
                                  .lenient = o->lenient,
                                  .classes = o->classes};
  int rc = vt_eval_coco(&co, &f, e);
  if (rc >= 0) return vt_figures_print(&f, cli, o->json, e);
  vt_figures_clear(&f);
  return rc;
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
    .opts_size = sizeof(struct opts),
    .run = run,
};
