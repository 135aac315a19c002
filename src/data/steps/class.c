/* Step "class": removes rows of the class of this name. */
#include "data/clean.h"
#include "data/labels_internal.h"

static int run(struct vt_clean *c, double value, const char *text, struct vt_err *e)
{
  int32_t cls = vt__labels_find_name(c->l, text);
  int rc = cls < 0 ? vt_fail(e, VT_EUSAGE, "step class: there is no class '%s'", text) : 0;
  for (int64_t i = 0; i < c->l->n && !rc; i++)
    if (c->l->v[i].cls == cls) rc = vt_clean_remove(c, i, e, "of class %s", text);
  return rc;
}

const struct vt_step vt_step_class = {
    .name = "class",
    .what = "rows of the class of this name",
    .text = "NAME",
    .run = run,
};
