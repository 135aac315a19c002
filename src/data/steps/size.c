/* Step "size": removes rows whose height and width differ from those of most rows of their picture. */
#include "data/clean.h"

/* Most rows decide; among equals the first in the file. Pictures have few rows, so all are compared. */
static int one_picture(struct vt_clean *c, const int64_t *row, int64_t n, struct vt_err *e)
{
  const struct vt_instance *v = c->l->v, *best = NULL;
  int64_t most = 0;
  for (int64_t i = 0; i < n; i++) {
    int64_t same = 0;
    for (int64_t k = 0; k < n; k++)
      same += !c->gone[row[k]] && v[row[k]].width == v[row[i]].width && v[row[k]].height == v[row[i]].height;
    if (c->gone[row[i]] || same <= most) continue;
    most = same;
    best = &v[row[i]];
    if (2 * same > n) break;
  }
  for (int64_t i = 0; i < n; i++) {
    const struct vt_instance *in = &v[row[i]];
    if (c->gone[row[i]] || (in->width == best->width && in->height == best->height)) continue;
    int rc = vt_clean_remove(c, row[i], e, "%d x %d, but other rows of %s say %d x %d", in->width, in->height,
                             c->l->image[in->image].file, best->width, best->height);
    if (rc) return rc;
  }
  return 0;
}

static int run(struct vt_clean *c, double value, const char *text, struct vt_err *e)
{
  const struct vt_labels *l = c->l;
  int64_t *order = vt_labels_by_image(l, e);
  int rc = order ? 0 : VT_ENOMEM;
  for (int64_t i = 0, k; i < l->n && !rc; i = k) {
    for (k = i; k < l->n && l->v[order[k]].image == l->v[order[i]].image;) k++;
    rc = one_picture(c, order + i, k - i, e);
  }
  vt_free(order);
  return rc;
}

const struct vt_step vt_step_size = {
    .name = "size",
    .what = "rows whose height and width differ from those of most rows of their picture",
    .run = run,
};
