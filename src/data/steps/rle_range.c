/* Step "rle-range": removes masks whose runs leave the picture, overlap or are no numbers. */
#include "data/clean.h"

static int run(struct vt_clean *c, double value, const char *text, struct vt_err *e)
{
  int rc = 0;
  for (int64_t i = 0; i < c->l->n && !rc; i++) {
    const struct vt_instance *in = &c->l->v[i];
    if (in->flags & VT_BAD_SHAPE)
      rc = vt_clean_remove(c, i, e, "the mask's runs leave the %d x %d picture, overlap or are no numbers",
                           in->width, in->height);
  }
  return rc;
}

const struct vt_step vt_step_rle_range = {
    .name = "rle-range",
    .what = "masks whose runs leave the picture, overlap or are no numbers",
    .run = run,
};
