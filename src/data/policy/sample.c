/* A picture and all that is known about it: memory, and the way from and to a set of labels. */
#include "data/labels_internal.h"
#include "data/policy/op.h"

enum { MAX_OBJECTS = 1 << 16 };

void vt_aug_sample_clear(struct vt_aug_sample *s)
{
  for (int i = 0; i < s->nobjects; i++) vt__aug_object_clear(&s->object[i]);
  vt_free(s->object);
  vt_image_clear(&s->image);
  vt_image_clear(&s->labels);
  *s = (struct vt_aug_sample){0};
}

struct vt_aug_object *vt_aug_sample_push(struct vt_aug_sample *s, struct vt_err *e)
{
  if (s->nobjects == MAX_OBJECTS) {
    vt_fail(e, VT_ELIMIT, "more than %d objects in one picture", MAX_OBJECTS);
    return NULL;
  }
  if (s->nobjects == s->cap) {
    int cap = s->cap ? 2 * s->cap : 8;
    struct vt_aug_object *v = vt_reallocarray(s->object, (size_t)cap, sizeof *v);
    if (!v) {
      vt_fail(e, VT_ENOMEM, "out of memory for %d objects", cap);
      return NULL;
    }
    s->object = v;
    s->cap = cap;
  }
  struct vt_aug_object *o = &s->object[s->nobjects++];
  *o = (struct vt_aug_object){.weight = 1, .visible = 1};
  return o;
}

static int copy_shapes(struct vt_aug_object *to, const struct vt_aug_object *from, struct vt_err *e)
{
  to->mask = (struct vt_mask){.width = from->mask.width, .height = from->mask.height};
  to->polygons = (struct vt_polygons){0};
  int rc = vt__points_copy(to, from->point, from->npoints, e);
  if (rc) return rc;
  if (from->mask.n) {
    if (!(to->mask.runs = vt_calloc((size_t)from->mask.n, sizeof *to->mask.runs))) goto memory;
    memcpy(to->mask.runs, from->mask.runs, (size_t)from->mask.n * sizeof *to->mask.runs);
    to->mask.n = from->mask.n;
  }
  if (from->polygons.n) {
    size_t n = (size_t)from->polygons.n, points = (size_t)from->polygons.start[n];
    to->polygons.start = vt_calloc(n + 1, sizeof *to->polygons.start);
    to->polygons.xy = vt_calloc(2 * points + 1, sizeof *to->polygons.xy);
    if (!to->polygons.start || !to->polygons.xy) goto memory;
    memcpy(to->polygons.start, from->polygons.start, (n + 1) * sizeof *to->polygons.start);
    memcpy(to->polygons.xy, from->polygons.xy, 2 * points * sizeof *to->polygons.xy);
    to->polygons.n = (int)n;
  }
  return 0;
memory:
  return vt_fail(e, VT_ENOMEM, "out of memory for an object");
}

int vt_aug_sample_copy(struct vt_aug_sample *out, const struct vt_aug_sample *s, struct vt_err *e)
{
  *out = (struct vt_aug_sample){.ntargets = s->ntargets};
  memcpy(out->target, s->target, sizeof out->target);
  int rc = vt_image_copy(&out->image, &s->image, e);
  if (!rc && s->labels.px) rc = vt_image_copy(&out->labels, &s->labels, e);
  for (int i = 0; i < s->nobjects && !rc; i++) {
    struct vt_aug_object *o = vt_aug_sample_push(out, e);
    if (!o) {
      rc = VT_ENOMEM;
      break;
    }
    *o = s->object[i];
    rc = copy_shapes(o, &s->object[i], e);
  }
  if (rc) vt_aug_sample_clear(out);
  return rc;
}

int vt_aug_sample_from_labels(struct vt_aug_sample *s, struct vt_image *im, const struct vt_labels *l,
                              const int64_t *rows, int64_t n, struct vt_err *e)
{
  *s = (struct vt_aug_sample){.image = *im};
  *im = (struct vt_image){0};
  int rc = 0;
  for (int64_t i = 0; i < n && !rc; i++) {
    const struct vt_instance *in = &l->v[rows[i]];
    const struct vt_label_image *li = &l->image[in->image];
    if (li->width && (li->width != s->image.width || li->height != s->image.height)) {
      rc = vt_fail(e, VT_EFORMAT, "%s is %d x %d, its labels are for %d x %d", li->file, s->image.width,
                   s->image.height, li->width, li->height);
      break;
    }
    struct vt_aug_object *o = vt_aug_sample_push(s, e);
    if (!o) {
      rc = VT_ENOMEM;
      break;
    }
    o->cls = in->cls;
    o->source = rows[i];
    if (in->shape == VT_SHAPE_RLE) rc = vt_instance_mask(l, in, &o->mask, e);
    if (in->shape == VT_SHAPE_POLYGONS) rc = vt_instance_polygons(l, in, &o->polygons, e);
    if (!rc) rc = vt__points_copy(o, l->point + in->points, in->npoints, e);
    if (rc) break;
    o->box = in->box;
    if (o->mask.n) o->box = vt_mask_box(&o->mask);
    if (o->polygons.n) o->box = vt__polygons_box(&o->polygons);
    if (o->box.w < 0) o->box = (struct vt_box){0, 0, s->image.width, s->image.height};
  }
  if (rc) vt_aug_sample_clear(s);
  return rc;
}

/* Classes and attributes keep their order and ids, whether they occur or not. */
static int copy_names(struct vt_labels *out, const struct vt_labels *from, struct vt_err *e)
{
  int32_t rc = 0;
  for (int attribute = 0; attribute < 2; attribute++) {
    const struct vt_label_list *list = attribute ? &from->attributes : &from->classes;
    for (int k = 0; k < list->n && rc >= 0; k++) {
      rc = vt__labels_add_class(out, attribute, list->v[k].id, list->v[k].name, list->v[k].super, e);
      if (rc >= 0 && !attribute) rc = vt__points_names(out, &out->classes.v[rc], &list->v[k], e);
    }
  }
  return rc < 0 ? rc : 0;
}

static int add_instance(const struct vt_aug_object *o, struct vt_labels *out, int32_t image,
                        const struct vt_labels *from, struct vt_err *e)
{
  const struct vt_instance *was = &from->v[o->source];
  struct vt_instance *in = vt__labels_push(out, e);
  if (!in) return VT_ENOMEM;
  in->image = image;
  in->cls = o->cls;
  in->id = out->n;
  in->flags = was->flags;
  in->score = was->score;
  in->box = o->box;
  in->width = out->image[image].width;
  in->height = out->image[image].height;
  int rc = 0;
  if (o->mask.n) {
    in->area = (double)vt_mask_area(&o->mask);
    rc = vt__labels_set_mask(out, in, &o->mask, e);
  } else if (o->polygons.n) {
    double before, area;
    const double same[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    struct vt_aug_object copy;
    if (!(rc = copy_shapes(&copy, o, e)))
      rc = vt__polygons_move(&copy.polygons, same, in->width, in->height, &before, &area, e);
    if (!rc) in->area = area;
    if (!rc) rc = vt__labels_set_polygons(out, in, &copy.polygons, e);
    vt__aug_object_clear(&copy);
  } else
    in->area = o->box.w * o->box.h;
  if (!rc) rc = vt__points_to_labels(o, out, in, e);
  if (!rc && was->nattrs) rc = vt__labels_set_attrs(out, in, from->attr + was->attrs, was->nattrs, e);
  return rc;
}

int vt_aug_sample_to_labels(const struct vt_aug_sample *s, struct vt_labels *out, const char *file,
                            const struct vt_labels *from, struct vt_err *e)
{
  int rc = out->nimages ? 0 : copy_names(out, from, e);
  if (rc) return rc;
  int32_t image = vt__labels_add_image(out, out->nimages + 1, file, s->image.width, s->image.height, e);
  rc = image < 0 ? image : 0;
  for (int i = 0; i < s->nobjects && !rc; i++) rc = add_instance(&s->object[i], out, image, from, e);
  return rc;
}
