/* Step "two-classes": removes rows whose mask stands under another class as well: all of them. */
#include "data/steps/twins.h"

static int each(struct vt_clean *c, const int64_t *row, int64_t n, struct vt_err *e)
{
  const struct vt_labels *l = c->l;
  int64_t other = 0;
  int rc = 0;
  while (other < n && l->v[row[other]].cls == l->v[row[0]].cls) other++;
  for (int64_t i = 0; i < n && other < n && !rc; i++) {
    const struct vt_instance *with = &l->v[row[l->v[row[i]].cls == l->v[row[0]].cls ? other : 0]];
    rc = vt_clean_remove(c, row[i], e, "the same mask as line %lld, there as class %s", (long long)with->line,
                         l->classes.v[with->cls].name);
  }
  return rc;
}

static int run(struct vt_clean *c, double value, const char *text, struct vt_err *e)
{
  return vt__twins(c, each, e);
}

const struct vt_step vt_step_two_classes = {
    .name = "two-classes",
    .what = "rows whose mask stands under another class as well: all of them",
    .run = run,
};
