/* Step "min-images": removes classes that occur in fewer pictures than this. */
#include "data/clean.h"

/* Pictures in which each class occurs: instances are looked at picture by picture. */
static int64_t *pictures_of_classes(struct vt_clean *c, struct vt_err *e)
{
  const struct vt_labels *l = c->l;
  int64_t *n = vt_calloc((size_t)l->classes.n + 1, sizeof *n), *order = vt_labels_by_image(l, e);
  int32_t *last =
      vt_calloc((size_t)l->classes.n + 1, sizeof *last); /* picture counted last for a class, + 1 */
  if (n && order && last) {
    for (int64_t i = 0; i < l->n; i++) {
      const struct vt_instance *in = &l->v[order[i]];
      if (c->gone[order[i]] || last[in->cls] == in->image + 1) continue;
      last[in->cls] = in->image + 1;
      n[in->cls]++;
    }
  } else {
    vt_fail(e, VT_ENOMEM, "out of memory");
    vt_free(n);
    n = NULL;
  }
  vt_free(order);
  vt_free(last);
  return n;
}

static int run(struct vt_clean *c, double value, const char *text, struct vt_err *e)
{
  const struct vt_labels *l = c->l;
  int64_t *n = pictures_of_classes(c, e);
  int rc = n ? 0 : VT_ENOMEM;
  for (int64_t i = 0; i < l->n && !rc; i++) {
    const struct vt_instance *in = &l->v[i];
    if ((double)n[in->cls] < value)
      rc = vt_clean_remove(c, i, e, "class %s occurs in %lld pictures, fewer than %.0f",
                           l->classes.v[in->cls].name, (long long)n[in->cls], value);
  }
  vt_free(n);
  return rc;
}

const struct vt_step vt_step_min_images = {
    .name = "min-images",
    .what = "classes that occur in fewer pictures than this",
    .has_value = true,
    .value = 5,
    .hi = 1e12,
    .run = run,
};
