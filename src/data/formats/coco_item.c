/* One item of COCO's json, complete: its fields are checked, and it becomes a picture, class, attribute or
 * instance. */
#include "data/formats/coco_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A whole number of the item, or an error that names the field. */
static int whole(struct vt__coco *r, enum field f, const char *name, int64_t *out, struct vt_err *e)
{
  double v = r->it.number[f];
  char text[100];
  *out = 0;
  if (r->it.seen >> f & 1 && v == floor(v) && fabs(v) <= 9007199254740992.0) {
    *out = (int64_t)v;
    return 0;
  }
  snprintf(text, sizeof text, r->it.seen >> f & 1 ? "%s: expected a whole number" : "no %s", name);
  return vt__coco_wrong(r, e, text);
}

static const char *text_of(const struct vt_buf *b)
{
  return b->len ? b->data : "";
}

static int add_image(struct vt__coco *r, struct vt_err *e)
{
  int64_t id, width = 0, height = 0, pair = 0;
  int rc = whole(r, ID, "id", &id, e);
  if (!rc) rc = whole(r, WIDTH, "width", &width, e);
  if (!rc) rc = whole(r, HEIGHT, "height", &height, e);
  if (!rc && r->it.seen >> PAIR & 1) rc = whole(r, PAIR, "vitrine_pair", &pair, e);
  if (!rc && (width < 1 || height < 1 || width > VT_MAX_SIDE || height > VT_MAX_SIDE))
    rc = vt__coco_wrong(r, e, "width and height must be 1 to 65500");
  if (rc) return rc;
  const char *file = r->it.file.len ? r->it.file.data : vt_path_base(text_of(&r->it.url)); /* LVIS */
  int32_t p = vt__labels_add_image(r->l, id, file, (int)width, (int)height, e);
  if (p < 0) return vt_fail_in(e, p, "images[%lld]", (long long)r->index);
  if (r->it.split.len && !vt__split_word(r->it.split.data, &r->l->image[p].split))
    return vt__coco_wrong(r, e, "split: expected train, val or test");
  if (r->it.url.len && !(r->l->image[p].url = vt_arena_strdup(&r->l->arena, r->it.url.data)))
    return vt_fail(e, VT_ENOMEM, "out of memory");
  r->l->image[p].pair = pair;
  return 0;
}

/* Names of a category's key points and lines between them, in the set's arena. */
static int name_points(struct vt__coco *r, struct vt_label_class *c, struct vt_err *e)
{
  const struct vt__coco_item *it = &r->it;
  const size_t nbones = it->bones.len / (2 * sizeof(int32_t));
  const char **name = vt_arena_alloc(&r->l->arena, ((size_t)it->nnames + 1) * sizeof *name),
             *s = it->points.data;
  int32_t(*bone)[2] = vt_arena_alloc(&r->l->arena, (nbones + 1) * sizeof *bone);
  if (!name || !bone) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int i = 0; i < it->nnames; i++, s += strlen(s) + 1)
    if (!(name[i] = vt_arena_strdup(&r->l->arena, s))) return vt_fail(e, VT_ENOMEM, "out of memory");
  if (nbones) memcpy(bone, it->bones.data, nbones * sizeof *bone);
  c->point = name;
  c->npoints = it->nnames;
  c->bone = (const int32_t(*)[2])bone;
  c->nbones = (int)nbones;
  return 0;
}

static int add_class(struct vt__coco *r, bool attribute, struct vt_err *e)
{
  int64_t id;
  int rc = whole(r, ID, "id", &id, e);
  if (rc) return rc;
  if (r->it.bones.len % (2 * sizeof(int32_t))) return vt__coco_wrong(r, e, "skeleton: expected pairs");
  int32_t p = vt__labels_add_class(r->l, attribute, id, text_of(&r->it.name), text_of(&r->it.super), e);
  if (p < 0) return vt_fail_in(e, p, "%s[%lld]", vt__coco_section[r->section], (long long)r->index);
  return attribute ? 0 : name_points(r, &r->l->classes.v[p], e);
}

/* Compressed runs are decoded to see whether they are good, and kept as they came. */
static int add_text_runs(struct vt__coco *r, struct vt_instance *in, struct vt_err *e)
{
  struct vt__coco_item *it = &r->it;
  struct vt_mask m = {0};
  int rc = vt_mask_from_coco(&m, it->counts.data, (int)it->size[1], (int)it->size[0], e);
  vt_mask_clear(&m);
  return rc ? vt_fail_in(e, rc, "%s[%lld]: segmentation", r->results ? "result" : "annotations",
                         (long long)r->index)
            : vt__labels_set_coco(r->l, in, it->counts.data, it->counts.len, e);
}

static int add_runs(struct vt__coco *r, struct vt_instance *in, struct vt_err *e)
{
  struct vt__coco_item *it = &r->it;
  if (!it->has_counts || it->nsize != 2 || it->size[0] < 1 || it->size[1] < 1)
    return vt__coco_wrong(r, e, "segmentation: expected size [height, width] and counts");
  if (it->counts.len) return add_text_runs(r, in, e);
  int64_t *runs = vt_reallocarray(NULL, (size_t)r->nxy + 1, sizeof *runs);
  if (!runs) return vt_fail(e, VT_ENOMEM, "out of memory");
  struct vt_mask m = {0};
  int rc = 0;
  for (int i = 0; i < r->nxy; i++) {
    if (r->xy[i] != floor(r->xy[i]) || fabs(r->xy[i]) > UINT32_MAX)
      rc = vt__coco_wrong(r, e, "counts: expected whole numbers");
    if (rc) break;
    runs[i] = (int64_t)r->xy[i];
  }
  if (!rc && (rc = vt_mask_from_runs(&m, runs, r->nxy, (int)it->size[1], (int)it->size[0], e)))
    vt_fail_in(e, rc, "%s[%lld]", r->results ? "result" : "annotations", (long long)r->index);
  if (!rc) rc = vt__labels_set_mask(r->l, in, &m, e);
  vt_mask_clear(&m);
  vt_free(runs);
  return rc;
}

static int add_polygons(struct vt__coco *r, struct vt_instance *in, struct vt_err *e)
{
  struct vt_polygons p = {r->it.npolygons, r->start, r->xy};
  if (!p.n) return 0; /* "segmentation": [] = none */
  p.start[p.n] = r->nxy / 2;
  if (r->nxy % 2) return vt__coco_wrong(r, e, "segmentation: a polygon with an odd count of numbers");
  for (int i = 0; i < p.n; i++)
    if (p.start[i + 1] - p.start[i] < 3)
      return vt__coco_wrong(r, e, "segmentation: a polygon of fewer than 3 points");
  int rc = vt__labels_set_polygons(r->l, in, &p, e);
  return rc ? vt_fail_in(e, rc, "%s[%lld]", vt__coco_section[r->section], (long long)r->index) : 0;
}

static int check_numbers(struct vt__coco *r, struct vt_err *e)
{
  struct vt__coco_item *it = &r->it;
  if (it->seen >> BBOX & 1 && it->nbox != 4 && (it->nbox || !r->results))
    return vt__coco_wrong(r, e, "bbox: expected 4 numbers");
  if (it->nbox == 4 && !(it->box[2] >= 0 && it->box[3] >= 0))
    return vt__coco_wrong(r, e, "bbox: negative width or height");
  if (it->seen >> AREA & 1 && it->number[AREA] < 0) return vt__coco_wrong(r, e, "area: negative");
  if (it->seen >> CROWD & 1 && it->number[CROWD] != 0 && it->number[CROWD] != 1)
    return vt__coco_wrong(r, e, "iscrowd: expected 0 or 1");
  if (r->results && !(it->seen >> SCORE & 1)) return vt__coco_wrong(r, e, "no score");
  if (!(it->seen >> BBOX & 1) && !(it->seen >> SEGMENTATION & 1))
    return vt__coco_wrong(r, e, "neither bbox nor segmentation");
  return 0;
}

static int push_ids(struct vt__coco *r, struct vt__coco_ids ids, struct vt_err *e)
{
  if (r->l->n > r->cap_ids) {
    int64_t cap = r->cap_ids ? 2 * r->cap_ids : 256;
    struct vt__coco_ids *v = vt_reallocarray(r->ids, (size_t)cap, sizeof *v);
    if (!v) return vt_fail(e, VT_ENOMEM, "out of memory");
    r->ids = v;
    r->cap_ids = cap;
  }
  r->ids[r->l->n - 1] = ids;
  return 0;
}

static int set_attributes(struct vt__coco *r, struct vt_instance *in, struct vt_err *e)
{
  return r->it.nattrs ? vt__labels_set_attrs(r->l, in, r->attr, r->it.nattrs, e)
                      : 0; /* ids, looked up later */
}

/* Key points, and that as many of them are labelled as the item says. */
static int set_points(struct vt__coco *r, struct vt_instance *in, struct vt_err *e)
{
  const struct vt__coco_item *it = &r->it;
  int64_t said = 0, labelled = 0;
  if (r->results || !(it->seen >> KEYPOINTS & 1)) return 0;
  int rc = vt__labels_read_points(r->l, in, (const double *)(const void *)it->points.data,
                                  (int)(it->points.len / sizeof(double)), e);
  if (rc) return vt_fail_in(e, rc, "annotations[%lld]: keypoints", (long long)r->index);
  if (!(it->seen >> NUM_KEYPOINTS & 1)) return 0;
  for (int k = 0; k < in->npoints; k++)
    labelled += r->l->point[in->points + (uint32_t)k].seen != VT_UNLABELLED;
  rc = whole(r, NUM_KEYPOINTS, "num_keypoints", &said, e);
  return rc || said == labelled ? rc
                                : vt__coco_wrong(r, e, "num_keypoints is not the count of those labelled");
}

static int set_links(struct vt__coco *r, struct vt_instance *in, struct vt_err *e)
{
  const char *source = text_of(&r->it.source);
  if (!strcmp(source, "street"))
    in->flags |= VT_STREET;
  else if (!strcmp(source, "shop"))
    in->flags |= VT_SHOP;
  else if (*source)
    return vt__coco_wrong(r, e, "vitrine_source: expected street or shop");
  if (r->it.product.len && (in->product = vt__labels_need_product(r->l, r->it.product.data, e)) < 0)
    return in->product;
  return 0;
}

static int add_instance(struct vt__coco *r, struct vt_err *e)
{
  struct vt__coco_item *it = &r->it;
  struct vt__coco_ids ids = {0};
  int64_t id = r->index + 1;
  int rc = whole(r, IMAGE_ID, "image_id", &ids.image, e);
  if (!rc) rc = whole(r, CATEGORY_ID, "category_id", &ids.cls, e);
  if (!rc && !r->results) rc = whole(r, ID, "id", &id, e);
  if (!rc) rc = check_numbers(r, e);
  if (rc) return rc;
  struct vt_instance *in = vt__labels_push(r->l, e);
  if (!in) return VT_ENOMEM;
  in->id = id;
  if (!id) in->flags |= VT_ID_0;
  in->line = r->index;
  if (it->nbox == 4) in->box = (struct vt_box){it->box[0], it->box[1], it->box[2], it->box[3]};
  if (it->seen >> AREA & 1 && !r->results) in->area = it->number[AREA];
  if (it->seen >> SCORE & 1) in->score = it->number[SCORE];
  if (it->seen >> CROWD & 1 && it->number[CROWD] != 0) in->flags |= VT_CROWD;
  if (it->seen >> SEGMENTATION & 1) {
    rc = it->is_runs ? add_runs(r, in, e) : add_polygons(r, in, e);
    if (it->is_runs) {
      ids.width = (int32_t)it->size[1];
      ids.height = (int32_t)it->size[0];
    }
  }
  if (!rc && r->results && r->l->n == 1) r->results_with_box = it->nbox == 4;
  if (!rc && r->results && r->results_with_box && it->nbox == 4) in->area = in->box.w * in->box.h;
  if (!rc) rc = set_attributes(r, in, e);
  if (!rc) rc = set_points(r, in, e);
  if (!rc) rc = set_links(r, in, e);
  if (!rc) rc = push_ids(r, ids, e);
  if (rc) r->l->n--;
  return rc;
}

int vt__coco_add(struct vt__coco *r, struct vt_err *e)
{
  switch (r->section) {
  case IMAGES: return add_image(r, e);
  case CATEGORIES: return add_class(r, false, e);
  case ATTRIBUTES: return add_class(r, true, e);
  default: return add_instance(r, e);
  }
}
