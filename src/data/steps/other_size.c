/* Step "other-size": removes rows whose picture is not of the size that its labels are for. The usual causes
 * are pictures made smaller after they were labelled, and tools that label a picture as it is stored, before
 * its EXIF orientation turns it. Only the file's head is read; labels that say no size stay. */
#include "data/steps/pictures.h"

#include <stdio.h>

static int look(const char *path, const struct vt_label_image *labels, double value, char why[VT__WHY],
                struct vt_err *e)
{
  struct vt_image_info info;
  if (!labels->width) return 0;
  int rc = vt_image_probe_file(&info, path, e);
  if (rc || (info.width == labels->width && info.height == labels->height)) return rc;
  const bool stored = info.file_width == labels->width && info.file_height == labels->height;
  snprintf(why, VT__WHY, "%d x %d pixels, labelled as %d x %d%s", info.width, info.height, labels->width,
           labels->height, stored ? ", which it is before its EXIF orientation turns it" : "");
  return 1;
}

static int run(struct vt_clean *c, double value, const char *text, struct vt_err *e)
{
  return vt__clean_pictures(c, value, look, e);
}

const struct vt_step vt_step_other_size = {
    .name = "other-size",
    .what = "rows whose picture is not of the size that its labels are for",
    .run = run,
};
