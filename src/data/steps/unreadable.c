/* Step "unreadable": removes rows whose picture is missing, or cannot be decoded to its end. */
#include "data/steps/pictures.h"

#include <stdio.h>

static int look(const char *path, const struct vt_label_image *labels, double value, char why[VT__WHY],
                struct vt_err *e)
{
  struct vt_image im = {0};
  struct vt_err own = {0};
  int rc = vt_image_read(&im, path, &(struct vt_decode_opts){0}, NULL, &own);
  vt_image_clear(&im);
  if (!rc) return 0;
  if (rc == VT_ENOMEM) return vt_fail(e, rc, "%s", own.msg);
  snprintf(why, VT__WHY, "%.390s", own.msg);
  return 1;
}

static int run(struct vt_clean *c, double value, const char *text, struct vt_err *e)
{
  return vt__clean_pictures(c, value, look, e);
}

const struct vt_step vt_step_unreadable = {
    .name = "unreadable",
    .what = "rows whose picture is missing or damaged",
    .run = run,
};
