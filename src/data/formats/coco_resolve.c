/* Ids of COCO's json become positions, when all sections are known. */
#include "data/formats/coco_internal.h"

#include <string.h>

/* Picture, class and attributes of one instance by their ids. */
static int resolve(struct vt__coco *r, struct vt_instance *in, const struct vt__coco_ids *ids,
                   struct vt_err *e)
{
  const struct vt_labels *names = r->gt ? r->gt : r->l;
  const char *what = r->results ? "result" : "annotations";
  in->image = vt_labels_image(names, ids->image);
  in->cls = vt_labels_class(names, ids->cls);
  if (in->image < 0)
    return vt_fail(e, VT_EFORMAT, "%s[%lld]: there is no picture of id %lld", what, (long long)in->line,
                   (long long)ids->image);
  if (in->cls < 0)
    return vt_fail(e, VT_EFORMAT, "%s[%lld]: there is no category of id %lld", what, (long long)in->line,
                   (long long)ids->cls);
  const struct vt_label_image *im = &names->image[in->image];
  if (ids->width && (ids->width != im->width || ids->height != im->height))
    return vt_fail(e, VT_EFORMAT, "%s[%lld]: a mask of %d x %d on a picture of %d x %d", what,
                   (long long)in->line, ids->width, ids->height, im->width, im->height);
  const struct vt_box b = in->box;
  if (!r->results && b.w >= 0 && vt__box_check(im, &b, e))
    return vt_fail_in(e, VT_EFORMAT, "%s[%lld]: bbox", what, (long long)in->line);
  if (in->shape == VT_SHAPE_POLYGONS && vt__polygons_inside(r->l, in, im, e))
    return vt_fail_in(e, VT_EFORMAT, "%s[%lld]: segmentation", what, (long long)in->line);
  const int names_of_points = names->classes.v[in->cls].npoints;
  if (in->npoints && names_of_points && in->npoints != names_of_points)
    return vt_fail(e, VT_EFORMAT, "%s[%lld]: %d keypoints, its category names %d", what, (long long)in->line,
                   in->npoints, names_of_points);
  for (int k = 0; k < in->nattrs; k++) {
    int32_t *a = &r->l->attr[in->attrs + (uint32_t)k], p = vt__labels_find_class(names, true, *a);
    if (p < 0)
      return vt_fail(e, VT_EFORMAT, "%s[%lld]: there is no attribute of id %d", what, (long long)in->line,
                     *a);
    *a = p;
  }
  return 0;
}

/* Pictures that lost an annotation; in a file cut short before the last annotation all may have. */
static void mark_pictures(struct vt__coco *r)
{
  struct vt_labels *l = r->l;
  const bool all = r->damaged && !(r->whole >> ANNOTATIONS & 1);
  for (int32_t k = 0; k < l->nimages && all; k++) l->image[k].has_rows = true;
  for (size_t at = 0; at < r->bad_ids.len; at += sizeof(int64_t)) {
    int64_t id;
    memcpy(&id, r->bad_ids.data + at, sizeof id);
    vt__labels_row_of(l, vt_labels_image(l, id));
  }
}

int vt__coco_resolve(struct vt__coco *r, const char *path, struct vt_err *e)
{
  struct vt_labels *l = r->l;
  struct vt__map *by_id = NULL;
  int64_t kept = 0;
  int rc = r->results ? 0 : vt__map_new(&by_id) ? vt_fail(e, VT_ENOMEM, "out of memory") : 0;
  for (int64_t i = 0; i < l->n && !rc; i++) {
    struct vt_instance in = l->v[i];
    rc = resolve(r, &in, &r->ids[i], e);
    if (rc && !r->results) vt__labels_row_of(l, in.image);
    if (in.shape)
      in.hash = vt_hash64(l->shapes.data + in.shape_at, in.shape_len);
    else
      in.hash = vt_hash64(&in.box, sizeof in.box);
    if (!rc && by_id && vt__map_find(by_id, (uint64_t)in.id, NULL, l, NULL) >= 0)
      rc = vt_fail(e, VT_EFORMAT, "annotations[%lld]: id %lld stands twice", (long long)in.line,
                   (long long)in.id);
    if (rc) {
      vt_fail_in(e, rc, "%s", path);
      rc = vt__labels_problem(l, r->o, e);
      continue;
    }
    l->v[kept] = in;
    if (by_id && vt__map_put(by_id, (uint64_t)in.id, (int32_t)kept))
      rc = vt_fail(e, VT_ENOMEM, "out of memory");
    kept++;
  }
  vt__map_free(by_id);
  if (rc) return rc;
  l->n = kept;
  if (r->results) return 0; /* their pictures are those of the truth */
  if (r->bad_ids.failed) return vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
  mark_pictures(r);
  return vt__labels_end(l, e);
}
