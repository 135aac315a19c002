/* Step "keep": removes all but this share of the pictures; those with most different classes stay. */
#include "data/clean.h"

#include <stdlib.h>

struct rank {
  int32_t image, classes;
};

static int by_classes(const void *a, const void *b)
{
  const struct rank *x = a, *y = b;
  if (x->classes != y->classes) return x->classes > y->classes ? -1 : 1;
  return x->image < y->image ? -1 : x->image > y->image;
}

/* How many different classes each picture holds, -1: it is gone. Ordered, the richest first. */
static int count_classes(struct vt_clean *c, struct rank *rank, struct vt_err *e)
{
  const struct vt_labels *l = c->l;
  int64_t *order = vt_labels_by_image(l, e);
  int32_t *last = vt_calloc((size_t)l->classes.n + 1, sizeof *last);
  int rc = order && last ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int32_t k = 0; k < l->nimages; k++) rank[k] = (struct rank){k, c->picture_gone[k] ? -1 : 0};
  for (int64_t i = 0; i < l->n && !rc; i++) {
    const struct vt_instance *in = &l->v[order[i]];
    if (c->gone[order[i]] || last[in->cls] == in->image + 1) continue;
    last[in->cls] = in->image + 1;
    rank[in->image].classes++;
  }
  qsort(rank, (size_t)l->nimages, sizeof *rank, by_classes);
  vt_free(order);
  vt_free(last);
  return rc;
}

static int run(struct vt_clean *c, double value, const char *text, struct vt_err *e)
{
  static const char why[] = "not among the pictures with most classes";
  const struct vt_labels *l = c->l;
  struct rank *rank = vt_calloc((size_t)l->nimages + 1, sizeof *rank);
  bool *stays = vt_calloc((size_t)l->nimages + 1, sizeof *stays);
  int rc = rank && stays ? count_classes(c, rank, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  int32_t n = 0;
  while (!rc && n < l->nimages && rank[n].classes >= 0) n++;
  for (int32_t k = 0; !rc && k < n; k++) stays[rank[k].image] = k < value * n;
  for (int64_t i = 0; i < l->n && !rc; i++)
    if (!stays[l->v[i].image]) rc = vt_clean_remove(c, i, e, "%s", why);
  for (int32_t i = 0; i < l->nimages && !rc; i++)
    if (!stays[i]) rc = vt_clean_remove_picture(c, i, e, why);
  vt_free(rank);
  vt_free(stays);
  return rc;
}

const struct vt_step vt_step_keep = {
    .name = "keep",
    .what = "all but this share of the pictures; those with most different classes stay",
    .has_value = true,
    .needs_value = true,
    .hi = 1,
    .run = run,
};
