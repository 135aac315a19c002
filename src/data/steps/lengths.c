/* Step "lengths": removes pictures that do not have as many masks as classes: of one of their rows the mask
 * is empty, so the two lists that training zips together would shift against each other. */
#include "data/clean.h"

/* A row whose runs are malformed still has a mask. */
static bool has_mask(const struct vt_instance *in)
{
  return in->flags & VT_BAD_SHAPE || in->area > 0 || (in->area < 0 && (in->shape || in->box.w > 0));
}

static int run(struct vt_clean *c, double value, const char *text, struct vt_err *e)
{
  const struct vt_labels *l = c->l;
  struct {
    int32_t masks, classes;
  } *count = vt_calloc((size_t)l->nimages + 1, sizeof *count);
  int rc = count ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t i = 0; i < l->n && !rc; i++) {
    if (c->gone[i]) continue;
    count[l->v[i].image].classes++;
    count[l->v[i].image].masks += has_mask(&l->v[i]);
  }
  for (int64_t i = 0; i < l->n && !rc; i++) {
    int32_t p = l->v[i].image;
    if (count[p].masks != count[p].classes)
      rc = vt_clean_remove(c, i, e, "%.200s has %d masks and %d classes", l->image[p].file, count[p].masks,
                           count[p].classes);
  }
  vt_free(count);
  return rc;
}

const struct vt_step vt_step_lengths = {
    .name = "lengths",
    .what = "pictures with fewer masks than classes",
    .run = run,
};
