/* Verbs that compare detections with a ground truth: from options to printed figures. */
#include "app/cli/detections.h"
#include "app/cli/places.h"

int vt_detections_run(struct vt_cli *cli, const char *verb, const struct vt_detection_opts *o,
                      const struct vt_strings *args, struct vt_coco_opts more, vt_detection_measure *measure,
                      struct vt_err *e)
{
  struct vt_figures f = {0};
  if (args->n != 2) return vt_fail(e, VT_EUSAGE, "%s: expected the ground truth and the detections", verb);
  more.gt = args->v[0];
  more.dt = args->v[1];
  more.masks = o->type == 1;
  more.lenient = o->reading.lenient;
  more.left_out = o->reading.left_out;
  more.classes = o->classes;
  more.rounds = (int)o->bootstrap;
  more.seed = (uint64_t)o->seed;
  const struct vt_place places[] = {{VT_READS, "GT", more.gt},
                                    {VT_READS, "DT", more.dt},
                                    {VT_WRITES, "--report", o->report},
                                    {VT_WRITES, "--per-image", o->per_image},
                                    {VT_WRITES, "--left-out", o->reading.left_out}};
  int rc = vt_reading_check(&o->reading, e);
  if (!rc) rc = vt_places_check(places, VT_COUNT(places), e);
  if (!rc) rc = measure(&more, &f, e);
  if (rc >= 0 && (o->report || o->per_image))
    rc = vt_eval_coco_report(&more, o->report, o->per_image, o->score, e);
  if (rc >= 0) return vt_figures_print(&f, cli, o->json, e);
  vt_figures_clear(&f);
  return rc;
}
