/* Step "attributes": removes rows that carry attributes. */
#include "data/clean.h"

static int run(struct vt_clean *c, double value, const char *text, struct vt_err *e)
{
  int rc = 0;
  for (int64_t i = 0; i < c->l->n && !rc; i++)
    if (c->l->v[i].nattrs) rc = vt_clean_remove(c, i, e, "carries attributes");
  return rc;
}

const struct vt_step vt_step_attributes = {
    .name = "attributes",
    .what = "rows that carry attributes",
    .run = run,
};
