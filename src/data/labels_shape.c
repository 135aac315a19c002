/* Shapes of instances: kept as compressed runs or polygons, given back as masks, polygons, boxes or one line.
 */
#include "data/labels_internal.h"

#include <math.h>
#include <string.h>

int vt__labels_set_coco(struct vt_labels *l, struct vt_instance *in, const char *s, size_t len,
                        struct vt_err *e)
{
  in->shape = VT_SHAPE_RLE;
  in->shape_at = l->shapes.len;
  in->shape_len = (uint32_t)len;
  vt_buf_add(&l->shapes, s, len);
  vt_buf_addc(&l->shapes, 0);
  return l->shapes.failed ? vt_fail(e, VT_ENOMEM, "out of memory for masks") : 0;
}

int vt__labels_set_mask(struct vt_labels *l, struct vt_instance *in, const struct vt_mask *m,
                        struct vt_err *e)
{
  in->shape = VT_SHAPE_RLE;
  in->shape_at = l->shapes.len;
  vt_mask_to_coco(m, &l->shapes);
  in->shape_len = (uint32_t)(l->shapes.len - in->shape_at);
  vt_buf_addc(&l->shapes, 0);
  return l->shapes.failed ? vt_fail(e, VT_ENOMEM, "out of memory for masks") : 0;
}

/* n, start (n + 1), coordinates: as they lie in memory. */
int vt__labels_set_polygons(struct vt_labels *l, struct vt_instance *in, const struct vt_polygons *p,
                            struct vt_err *e)
{
  int rc = vt_polygons_check(p, e);
  if (rc) return vt_fail_in(e, rc, "segmentation");
  in->shape = VT_SHAPE_POLYGONS;
  in->shape_at = l->shapes.len;
  vt_buf_add(&l->shapes, &p->n, sizeof p->n);
  vt_buf_add(&l->shapes, p->start, ((size_t)p->n + 1) * sizeof *p->start);
  vt_buf_add(&l->shapes, p->xy, 2 * (size_t)p->start[p->n] * sizeof *p->xy);
  in->shape_len = (uint32_t)(l->shapes.len - in->shape_at);
  return l->shapes.failed ? vt_fail(e, VT_ENOMEM, "out of memory for polygons") : 0;
}

int vt_instance_polygons(const struct vt_labels *l, const struct vt_instance *in, struct vt_polygons *p,
                         struct vt_err *e)
{
  *p = (struct vt_polygons){0};
  if (in->shape != VT_SHAPE_POLYGONS)
    return vt_fail(e, VT_EARG, "instance %lld has no polygons", (long long)in->id);
  const char *at = l->shapes.data + in->shape_at;
  memcpy(&p->n, at, sizeof p->n);
  size_t starts = ((size_t)p->n + 1) * sizeof *p->start;
  p->start = vt_malloc(starts);
  size_t xy = in->shape_len - sizeof p->n - starts;
  p->xy = vt_malloc(VT_MAX(xy, (size_t)1));
  if (!p->start || !p->xy) {
    vt_polygons_clear(p);
    return vt_fail(e, VT_ENOMEM, "out of memory for polygons");
  }
  memcpy(p->start, at + sizeof p->n, starts);
  memcpy(p->xy, at + sizeof p->n + starts, xy);
  return 0;
}

int vt__no_size(const struct vt_label_image *im, struct vt_err *e)
{
  return vt_fail(e, VT_EARG, "the size of picture '%s' is not known; --images FOLDER tells it", im->file);
}

int vt_instance_mask(const struct vt_labels *l, const struct vt_instance *in, struct vt_mask *m,
                     struct vt_err *e)
{
  const struct vt_label_image *im = &l->image[in->image];
  struct vt_polygons p = {0};
  int rc;
  *m = (struct vt_mask){0};
  if (!im->width || !im->height || in->flags & VT_SHARES)
    rc = vt__no_size(im, e);
  else if (in->shape == VT_SHAPE_RLE)
    rc = vt_mask_from_coco(m, l->shapes.data + in->shape_at, im->width, im->height, e);
  else if (in->shape == VT_SHAPE_POLYGONS) {
    if (!(rc = vt_instance_polygons(l, in, &p, e)))
      rc = vt_mask_from_polygons(m, &p, im->width, im->height, e);
    vt_polygons_clear(&p);
  } else if (in->box.w >= 0) {
    const struct vt_box b = in->box;
    double xy[] = {b.x, b.y, b.x, b.y + b.h, b.x + b.w, b.y + b.h, b.x + b.w, b.y};
    rc = vt_mask_from_polygons(m, &(struct vt_polygons){1, (int[]){0, 4}, xy}, im->width, im->height, e);
  } else
    rc = vt_fail(e, VT_EARG, "it has neither mask nor box");
  if (rc)
    vt_fail_in(e, rc, "picture '%s', instance %lld", im->file,
               (long long)(vt__instance_has_id(in) ? in->id : in->line));
  return rc;
}

int vt__box_check(const struct vt_label_image *im, const struct vt_box *b, struct vt_err *e)
{
  const double most = 2. * VT_MAX_SIDE, right = b->x + b->w, bottom = b->y + b->h;
  if (!(b->w >= 0 && b->h >= 0)) return vt_fail(e, VT_EFORMAT, "the box has a negative width or height");
  if (right < 0 || bottom < 0 || (im->width && (b->x >= im->width || b->y >= im->height)))
    return vt_fail(e, VT_EFORMAT, "the box lies outside the picture '%s'", im->file);
  if (b->x < -most || b->y < -most || right > most || bottom > most)
    return vt_fail(e, VT_EFORMAT, "the box of %g x %g pixels at %g, %g is larger than any picture", b->w,
                   b->h, b->x, b->y);
  return 0;
}

int vt__polygons_inside(const struct vt_labels *l, const struct vt_instance *in,
                        const struct vt_label_image *im, struct vt_err *e)
{
  const char *at = l->shapes.data + in->shape_at, *end = at + in->shape_len;
  double lo[2] = {INFINITY, INFINITY}, hi[2] = {-INFINITY, -INFINITY}, p[2];
  int n;
  memcpy(&n, at, sizeof n);
  for (at += sizeof n + ((size_t)n + 1) * sizeof(int); at < end; at += sizeof p) {
    memcpy(p, at, sizeof p);
    for (int d = 0; d < 2; d++) {
      lo[d] = VT_MIN(lo[d], p[d]);
      hi[d] = VT_MAX(hi[d], p[d]);
    }
  }
  if (hi[0] >= 0 && hi[1] >= 0 && (!im->width || (lo[0] <= im->width && lo[1] <= im->height))) return 0;
  return vt_fail(e, VT_EFORMAT, "the polygons lie outside the picture '%s'", im->file);
}

int vt__instance_box(const struct vt_labels *l, const struct vt_instance *in, struct vt_box *box,
                     struct vt_err *e)
{
  *box = in->box;
  if (in->box.w >= 0 && !(in->flags & VT_SHARES)) return 0;
  struct vt_mask m;
  int rc = vt_instance_mask(l, in, &m, e);
  if (!rc) *box = vt_mask_box(&m);
  vt_mask_clear(&m);
  return rc;
}

int vt__instance_line(const struct vt_labels *l, const struct vt_instance *in, struct vt_polygons *p,
                      struct vt_losses *losses, struct vt_err *e)
{
  struct vt_mask m = {0};
  *p = (struct vt_polygons){0};
  int rc = in->shape == VT_SHAPE_POLYGONS ? vt_instance_polygons(l, in, p, e) : 0;
  if (rc || p->n == 1) return rc;
  vt_polygons_clear(p);
  rc = vt_instance_mask(l, in, &m, e);
  if (!rc) rc = vt_mask_trace(p, &m, e);
  if (!rc) vt_loss_add(losses, p->n > 1, "separate rings, joined by seams");
  if (!rc) rc = vt_polygons_join(p, e);
  vt_mask_clear(&m);
  return rc;
}

bool vt__instance_has(const struct vt_labels *l, const struct vt_instance *in, const char *attribute)
{
  for (int k = 0; k < in->nattrs; k++)
    if (!strcmp(l->attributes.v[l->attr[in->attrs + (uint32_t)k]].name, attribute)) return true;
  return false;
}
