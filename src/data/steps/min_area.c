/* Step "min-area": removes masks of fewer pixels than this. */
#include "data/clean.h"

static int run(struct vt_clean *c, double value, const char *text, struct vt_err *e)
{
  int rc = 0;
  for (int64_t i = 0; i < c->l->n && !rc; i++) {
    const struct vt_instance *in = &c->l->v[i];
    double area = in->area >= 0 ? in->area : in->box.w >= 0 ? in->box.w * in->box.h : value;
    if (area < value) rc = vt_clean_remove(c, i, e, "%.0f pixels, fewer than %.0f", area, value);
  }
  return rc;
}

const struct vt_step vt_step_min_area = {
    .name = "min-area",
    .what = "masks of fewer pixels than this",
    .has_value = true,
    .value = 50,
    .hi = 1e12,
    .run = run,
};
