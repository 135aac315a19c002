/* Step "missing": removes rows whose picture is not there. */
#include "data/steps/pictures.h"

#include <stdio.h>

static int look(const char *path, const struct vt_label_image *labels, double value, char why[VT__WHY],
                struct vt_err *e)
{
  if (vt_is_file(path)) return 0;
  snprintf(why, VT__WHY, "%.300s is missing", path);
  return 1;
}

static int run(struct vt_clean *c, double value, const char *text, struct vt_err *e)
{
  return vt__clean_pictures(c, value, look, e);
}

const struct vt_step vt_step_missing = {
    .name = "missing",
    .what = "rows whose picture is not in the folder",
    .run = run,
};
