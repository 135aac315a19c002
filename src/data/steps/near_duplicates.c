/* Step "near-duplicates": removes rows of pictures that differ from an earlier one in at most so many of 128
 * bits of their hash. What stays is at least that far apart. */
#include "data/near.h"
#include "data/steps/pictures.h"

#include <stdio.h>

struct first { /* the earliest picture that is near */
  int32_t j;
  int distance;
};

static bool earliest(int32_t j, int distance, void *ctx)
{
  struct first *f = ctx;
  if (f->j < 0 || j < f->j) *f = (struct first){j, distance};
  return true;
}

static const char *say(char why[VT__WHY], const struct vt_labels *l, const struct first *f)
{
  snprintf(why, VT__WHY, "looks like %.200s: %d of 128 bits differ", l->image[f->j].file, f->distance);
  return why;
}

static int run(struct vt_clean *c, double value, const char *text, struct vt_err *e)
{
  const struct vt_labels *l = c->l;
  struct vt_picture_hash *hash = NULL;
  struct vt_near *near = NULL;
  char why[VT__WHY];
  struct first *first = vt_calloc((size_t)l->nimages + 1, sizeof *first);
  int rc = first ? vt_labels_hash(&hash, l, c->images, c->picture_gone, e)
                 : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) rc = vt_near_new(&near, hash, l->nimages, (int)value, e);
  for (int32_t i = 0; i < l->nimages && !rc; i++) {
    first[i].j = -1;
    if (c->picture_gone[i]) continue;
    vt_near_find(near, i, earliest, &first[i]);
    if (first[i].j < 0) vt_near_put(near, i);
  }
  for (int64_t i = 0; i < l->n && !rc; i++) {
    const int32_t image = l->v[i].image;
    if (first[image].j >= 0 && !c->gone[i]) rc = vt_clean_remove(c, i, e, "%s", say(why, l, &first[image]));
  }
  for (int32_t i = 0; i < l->nimages && !rc; i++)
    if (first[i].j >= 0) rc = vt_clean_remove_picture(c, i, e, say(why, l, &first[i]));
  vt_near_free(near);
  vt_free(hash);
  vt_free(first);
  return rc;
}

const struct vt_step vt_step_near_duplicates = {
    .name = "near-duplicates",
    .what = "rows of pictures that look like an earlier one, up to so many of 128 bits",
    .has_value = true,
    .value = 6,
    .hi = VT_NEAR_MAX_BITS,
    .run = run,
};
