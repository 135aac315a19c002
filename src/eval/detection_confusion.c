/* Which class was taken for which, of detections: all classes of a picture are compared with one another.
 *
 * Truths and detections with IoU at least `iou` are paired greedily, the greatest overlap first (then the
 * higher score, then the order of the arrays), each once. A truth left over was taken for background, a
 * detection left over was made of it, unless it lies in a crowd. */
#include "eval/object_order.h"

#include <stdlib.h>
#include <string.h>

struct link {
  double iou, score;
  int64_t g, d; /* positions in the picture's lists */
};
struct picture {
  const struct vt_coco_input *in;
  int64_t ng, nd;
  const int64_t *g, *d;
  double iou;
  struct link *link;
  int64_t nlinks, cap;
  bool *used; // (ng + nd)
};

static int by_overlap(const void *a, const void *b)
{
  const struct link *x = a, *y = b;
  if (x->iou != y->iou) return x->iou > y->iou ? -1 : 1;
  if (x->score != y->score) return x->score > y->score ? -1 : 1;
  if (x->g != y->g) return x->g < y->g ? -1 : 1;
  return x->d < y->d ? -1 : x->d > y->d;
}

static int add_link(struct picture *p, struct link l, struct vt_err *e)
{
  if (p->nlinks == p->cap) {
    int64_t cap = p->cap ? 2 * p->cap : 64;
    struct link *v = vt_reallocarray(p->link, (size_t)cap, sizeof *v);
    if (!v) return vt_fail(e, VT_ENOMEM, "out of memory");
    p->link = v;
    p->cap = cap;
  }
  p->link[p->nlinks++] = l;
  return 0;
}

static int find_links(struct picture *p, struct vt_err *e)
{
  const struct vt_coco_input *in = p->in;
  struct vt_mask *m = vt_calloc((size_t)(p->ng + p->nd) + 1, sizeof *m);
  int rc = m ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t k = 0; k < p->ng && !rc && in->mask; k++) rc = in->mask(in->ctx, false, p->g[k], &m[k], e);
  for (int64_t k = 0; k < p->nd && !rc && in->mask; k++)
    rc = in->mask(in->ctx, true, p->d[k], &m[p->ng + k], e);
  p->nlinks = 0;
  for (int64_t a = 0; a < p->nd && !rc; a++)
    for (int64_t b = 0; b < p->ng && !rc; b++) {
      const struct vt_coco_object *d = &in->dt[p->d[a]], *g = &in->gt[p->g[b]];
      double u = in->mask   ? vt_mask_iou(&m[p->ng + a], &m[b], g->crowd)
                 : g->crowd ? vt_box_iou_crowd(d->box, g->box)
                            : vt_box_iou(d->box, g->box);
      if (u >= p->iou) rc = add_link(p, (struct link){u, d->score, b, a}, e);
    }
  for (int64_t k = 0; k < p->ng + p->nd && m; k++) vt_mask_clear(&m[k]);
  vt_free(m);
  if (!rc && p->nlinks) qsort(p->link, (size_t)p->nlinks, sizeof *p->link, by_overlap);
  return rc;
}

static int count_picture(struct picture *p, struct vt_confusion *c, struct vt_image_counts *counts,
                         struct vt_err *e)
{
  const struct vt_coco_input *in = p->in;
  const int background = c->n - 1;
  int rc = find_links(p, e);
  if (!rc && !(p->used = vt_calloc((size_t)(p->ng + p->nd) + 1, sizeof *p->used)))
    rc = vt_fail(e, VT_ENOMEM, "out of memory");
  for (int crowd = 0; crowd < 2 && !rc;
       crowd++) /* what lies in a crowd does not count, if it is nothing else */
    for (int64_t k = 0; k < p->nlinks; k++) {
      const struct link *l = &p->link[k];
      const struct vt_coco_object *g = &in->gt[p->g[l->g]], *d = &in->dt[p->d[l->d]];
      if (g->crowd != crowd || p->used[p->ng + l->d] || (!crowd && p->used[l->g])) continue;
      p->used[p->ng + l->d] = p->used[l->g] = true;
      if (crowd) continue;
      c->count[(int64_t)g->cls * c->n + d->cls]++;
      counts->right += g->cls == d->cls;
      counts->missed += g->cls != d->cls;
      counts->wrong += g->cls != d->cls;
    }
  for (int64_t b = 0; b < p->ng && !rc; b++)
    if (!p->used[b] && !in->gt[p->g[b]].crowd) {
      c->count[(int64_t)in->gt[p->g[b]].cls * c->n + background]++;
      counts->missed++;
    }
  for (int64_t a = 0; a < p->nd && !rc; a++)
    if (!p->used[p->ng + a]) {
      c->count[(int64_t)background * c->n + in->dt[p->d[a]].cls]++;
      counts->wrong++;
    }
  vt_free(p->used);
  p->used = NULL;
  return rc;
}

/* Positions of objects in order of pictures. */
struct by_picture {
  int32_t image;
  int64_t i;
};
static int by_image(const void *a, const void *b)
{
  const struct by_picture *x = a, *y = b;
  if (x->image != y->image) return x->image < y->image ? -1 : 1;
  return x->i < y->i ? -1 : x->i > y->i;
}
static int64_t *ordered(const struct vt_coco_object *v, int64_t n, double least, int64_t *kept)
{
  struct by_picture *row = vt_calloc((size_t)n + 1, sizeof *row);
  int64_t *order = vt_calloc((size_t)n + 1, sizeof *order), k = 0;
  for (int64_t i = 0; row && order && i < n; i++)
    if (!(v[i].score < least)) row[k++] = (struct by_picture){v[i].image, i};
  if (row && order && k) qsort(row, (size_t)k, sizeof *row, by_image);
  for (int64_t i = 0; row && order && i < k; i++) order[i] = row[i].i;
  *kept = k;
  if (!row) {
    vt_free(order);
    order = NULL;
  }
  vt_free(row);
  return order;
}

int vt_detection_confusion(struct vt_confusion *c, const struct vt_coco_input *in, double iou, double score,
                           struct vt_image_counts *counts, struct vt_err *e)
{
  struct picture p = {.in = in, .iou = iou};
  struct vt_image_counts none = {0};
  int64_t ng = 0, nd = 0, ig = 0, id = 0;
  if (c->n != in->ncls + 1)
    return vt_fail(e, VT_EARG, "confusion matrix of %d classes; expected %d and background", c->n, in->ncls);
  int64_t *g = ordered(in->gt, in->ngt, -1e300, &ng), *d = ordered(in->dt, in->ndt, score, &nd);
  int rc = g && d ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  while (!rc && (ig < ng || id < nd)) {
    int32_t image = ig == ng ? in->dt[d[id]].image : in->gt[g[ig]].image;
    if (id < nd) image = VT_MIN(image, in->dt[d[id]].image);
    p.g = g + ig;
    p.d = d + id;
    for (p.ng = 0; ig < ng && in->gt[g[ig]].image == image; ig++) p.ng++;
    for (p.nd = 0; id < nd && in->dt[d[id]].image == image; id++) p.nd++;
    rc = count_picture(&p, c, counts ? &counts[image] : &none, e);
  }
  vt_free(p.link);
  vt_free(g);
  vt_free(d);
  return rc;
}
