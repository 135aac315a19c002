/* Counting a set of labels: one pass over the instances picture by picture, then quartiles of the areas of
 * each class and of the sides of the pictures. */
#include "data/label_stats.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_TOGETHER = 512 };

struct counter {
  struct vt_label_stats *s;
  const struct vt_labels *l;
  int64_t *order;
  int32_t *last;  // (classes): picture in which a class was seen last, + 1
  int32_t *here;  // classes of the present picture
  double *areas;  // (instances), class by class
  int64_t *start; // (classes + 1)
};

static int by_value(const void *a, const void *b)
{
  const double *x = a, *y = b;
  return *x < *y ? -1 : *x > *y;
}

/* Least, quartiles and greatest of v (n >= 1), which is put in order: at k (n - 1) / 4, between two values on
 * the line between them (definition 7 of Hyndman & Fan, Sample Quantiles in Statistical Packages, 1996). */
static void five_numbers(double *v, int64_t n, double *out)
{
  qsort(v, (size_t)n, sizeof *v, by_value);
  for (int k = 0; k < 5; k++) {
    const int64_t at = k * (n - 1) / 4, quarters = k * (n - 1) % 4;
    out[k] = quarters ? v[at] + (double)quarters / 4 * (v[at + 1] - v[at]) : v[at];
  }
}

static void one_picture(struct counter *c, const int64_t *row, int64_t n)
{
  struct vt_label_stats *s = c->s;
  int64_t attrs = 0;
  int nhere = 0;
  for (int64_t i = 0; i < n; i++) {
    const struct vt_instance *in = &c->l->v[row[i]];
    s->cls[in->cls].instances++;
    s->with_attributes += in->nattrs > 0;
    s->crowds += in->flags & VT_CROWD ? 1 : 0;
    s->bad_masks += in->flags & VT_BAD_SHAPE ? 1 : 0;
    attrs += in->nattrs;
    for (int k = 0; k < in->nattrs; k++) s->attribute[c->l->attr[in->attrs + (uint32_t)k]]++;
    if (c->last[in->cls] == in->image + 1) continue;
    c->last[in->cls] = in->image + 1;
    s->cls[in->cls].images++;
    c->here[nhere++] = in->cls;
  }
  for (int a = 0; a < nhere && s->together; a++)
    for (int b = 0; b < nhere; b++) s->together[(int64_t)c->here[a] * c->l->classes.n + c->here[b]]++;
  s->per_image[VT_MIN(n, VT_STATS_BINS - 1)]++;
  s->attributes_per_image[VT_MIN(attrs, VT_STATS_BINS - 1)]++;
}

static void areas(struct counter *c)
{
  const struct vt_labels *l = c->l;
  for (int64_t i = 0; i < l->n; i++)
    if (l->v[i].area >= 0) c->start[l->v[i].cls + 1]++;
  for (int k = 0; k < l->classes.n; k++) c->start[k + 1] += c->start[k];
  for (int64_t i = 0; i < l->n; i++)
    if (l->v[i].area >= 0) c->areas[c->start[l->v[i].cls]++] = l->v[i].area;
  for (int k = 0; k < l->classes.n; k++) {
    int64_t from = k ? c->start[k - 1] : 0, n = c->start[k] - from;
    for (int q = 0; q < 5 && !n; q++) c->s->cls[k].area[q] = NAN;
    if (n) five_numbers(c->areas + from, n, c->s->cls[k].area);
  }
}

static int sizes(struct vt_label_stats *s, const struct vt_labels *l, struct vt_err *e)
{
  double *v = vt_calloc((size_t)l->nimages + 1, sizeof *v);
  if (!v) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int high = 0; high < 2; high++) {
    int64_t n = 0;
    for (int32_t k = 0; k < l->nimages; k++) {
      int32_t side = high ? l->image[k].height : l->image[k].width;
      if (side) v[n++] = side;
    }
    if (n) five_numbers(v, n, high ? s->height : s->width);
  }
  vt_free(v);
  return 0;
}

static int count_all(struct counter *c, struct vt_err *e)
{
  struct vt_label_stats *s = c->s;
  const struct vt_labels *l = c->l;
  for (int64_t i = 0, k; i < l->n; i = k) {
    for (k = i; k < l->n && l->v[c->order[k]].image == l->v[c->order[i]].image;) k++;
    one_picture(c, c->order + i, k - i);
    s->images++;
  }
  s->empty_images = l->nimages - s->images;
  s->images = l->nimages;
  s->per_image[0] += s->empty_images;
  s->attributes_per_image[0] += s->empty_images;
  for (int32_t k = 0; k < l->nimages; k++) s->split[l->image[k].split]++;
  for (int k = 0; k < l->classes.n; k++) s->classes += s->cls[k].instances > 0;
  for (int k = 0; k < l->attributes.n; k++) s->attributes += s->attribute[k] > 0;
  areas(c);
  return sizes(s, l, e);
}

int vt_label_stats(struct vt_label_stats *s, const struct vt_labels *l, struct vt_err *e)
{
  const size_t nc = (size_t)l->classes.n;
  struct counter c = {.s = s, .l = l};
  *s = (struct vt_label_stats){.rows = l->rows, .skipped = l->skipped, .instances = l->n};
  s->cls = vt_calloc(nc + 1, sizeof *s->cls);
  s->attribute = vt_calloc((size_t)l->attributes.n + 1, sizeof *s->attribute);
  if (nc <= MAX_TOGETHER) s->together = vt_calloc(nc * nc + 1, sizeof *s->together);
  c.order = vt_labels_by_image(l, e);
  c.last = vt_calloc(nc + 1, sizeof *c.last);
  c.here = vt_calloc(nc + 1, sizeof *c.here);
  c.start = vt_calloc(nc + 2, sizeof *c.start);
  c.areas = vt_calloc((size_t)l->n + 1, sizeof *c.areas);
  int rc = s->cls && s->attribute && (s->together || nc > MAX_TOGETHER) && c.order && c.last && c.here &&
                   c.start && c.areas
               ? count_all(&c, e)
               : vt_fail(e, VT_ENOMEM, "out of memory");
  vt_free(c.order);
  vt_free(c.last);
  vt_free(c.here);
  vt_free(c.start);
  vt_free(c.areas);
  if (rc) vt_label_stats_clear(s);
  return rc;
}

void vt_label_stats_clear(struct vt_label_stats *s)
{
  vt_free(s->cls);
  vt_free(s->attribute);
  vt_free(s->together);
  *s = (struct vt_label_stats){0};
}
