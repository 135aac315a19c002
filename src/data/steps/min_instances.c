/* Step "min-instances": removes classes of fewer instances than this. */
#include "data/clean.h"

static int run(struct vt_clean *c, double value, const char *text, struct vt_err *e)
{
  const struct vt_labels *l = c->l;
  int64_t *n = vt_calloc((size_t)l->classes.n + 1, sizeof *n);
  int rc = n ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t i = 0; i < l->n && !rc; i++) n[l->v[i].cls] += !c->gone[i];
  for (int64_t i = 0; i < l->n && !rc; i++) {
    const struct vt_instance *in = &l->v[i];
    if ((double)n[in->cls] < value)
      rc = vt_clean_remove(c, i, e, "class %s has %lld instances, fewer than %.0f",
                           l->classes.v[in->cls].name, (long long)n[in->cls], value);
  }
  vt_free(n);
  return rc;
}

const struct vt_step vt_step_min_instances = {
    .name = "min-instances",
    .what = "classes of fewer instances than this",
    .has_value = true,
    .needs_value = true,
    .hi = 1e12,
    .run = run,
};
