/* YOLO with key points: every object a box and as many key points, as data.yaml's kpt_shape says. It is read
 * as yolo is; written, masks become boxes. */
#include "data/formats/yolo.h"

static int write_pose(const struct vt_labels *l, const char *root, const struct vt_labels_opts *o,
                      struct vt_losses *losses, struct vt_err *e)
{
  int points = 0;
  for (int64_t i = 0; i < l->n; i++) points = VT_MAX(points, l->v[i].npoints);
  if (!points) return vt_fail(e, VT_EUNSUPPORTED, "no instance has key points, which yolo-pose is for");
  return vt__yolo_write(l, root, points, losses, e);
}

const struct vt_format vt_format_yolo_pose = {
    .name = "yolo-pose",
    .what = "the same with boxes and key points",
    .beside = ".",
    .read = vt__yolo_read,
    .write = write_pose,
};
