/* Step "duplicates": removes rows that repeat an earlier one: picture, size, mask, class and attributes. */
#include "data/steps/twins.h"

#include <string.h>

static bool same_attributes(const struct vt_labels *l, const struct vt_instance *a,
                            const struct vt_instance *b)
{
  return a->nattrs == b->nattrs &&
         (!a->nattrs || !memcmp(l->attr + a->attrs, l->attr + b->attrs, a->nattrs * sizeof *l->attr));
}

/* Of rows with one picture and mask, in the file's order: each that repeats one before it. */
static int each(struct vt_clean *c, const int64_t *row, int64_t n, struct vt_err *e)
{
  const struct vt_instance *v = c->l->v;
  int rc = 0;
  for (int64_t i = 1; i < n && !rc; i++)
    for (int64_t k = 0; k < i && !rc; k++) {
      const struct vt_instance *a = &v[row[k]], *b = &v[row[i]];
      if (c->gone[row[k]] || a->cls != b->cls || !same_attributes(c->l, a, b)) continue;
      if (a->width != b->width || a->height != b->height) continue;
      rc = vt_clean_remove(c, row[i], e, "the same as line %lld", (long long)a->line);
      break;
    }
  return rc;
}

static int run(struct vt_clean *c, double value, const char *text, struct vt_err *e)
{
  return vt__twins(c, each, e);
}

const struct vt_step vt_step_duplicates = {
    .name = "duplicates",
    .what = "rows that repeat an earlier one: picture, size, mask, class and attributes",
    .run = run,
};
