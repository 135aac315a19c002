/* Step "tiny": removes rows whose picture's shorter side is below this. Only the file's head is read. */
#include "data/steps/pictures.h"

#include <stdio.h>

static int look(const char *path, const struct vt_label_image *labels, double value, char why[VT__WHY],
                struct vt_err *e)
{
  struct vt_image_info info;
  int rc = vt_image_probe_file(&info, path, e);
  if (rc || VT_MIN(info.width, info.height) >= value) return rc;
  snprintf(why, VT__WHY, "%d x %d pixels, a side below %.0f", info.width, info.height, value);
  return 1;
}

static int run(struct vt_clean *c, double value, const char *text, struct vt_err *e)
{
  return vt__clean_pictures(c, value, look, e);
}

const struct vt_step vt_step_tiny = {
    .name = "tiny",
    .what = "rows whose picture's shorter side is below this",
    .has_value = true,
    .value = 32,
    .lo = 1,
    .hi = VT_MAX_SIDE,
    .run = run,
};
