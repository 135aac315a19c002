/* COCO json: pictures, annotations, categories (and Fashionpedia's attributes), or a list of results.
 *
 *   {"images": [{"id", "file_name", "width", "height"}],
 *    "categories": [{"id", "name", "supercategory", "keypoints": ["name", …], "skeleton": [[1, 2], …]}],
 *    "attributes": […],
 *    "annotations": [{"id", "image_id", "category_id", "bbox": [x, y, w, h], "area", "iscrowd",
 *                     "attribute_ids": […], "keypoints": [x, y, visibility, …],
 *                     "segmentation": [[x, y, …], …] | {"size": [h, w], "counts": […] | "string"}}]}
 *
 *   results: [{"image_id", "category_id", "score", "bbox" or "segmentation"}]
 *
 * A stream of events fills one item at a time; when the item's brace closes, it is checked and added.
 * Sections may come in any order, so ids of pictures and classes are kept beside the instances and looked up
 * at the end. Unknown fields are read over. */
#include "data/formats/coco_internal.h"
#include "data/json_items.h"

#include <math.h>
#include <string.h>

enum {
  IN_IMAGES = 1 << IMAGES,
  IN_ITEMS = 1 << ANNOTATIONS,
  IN_CLASSES = 1 << CATEGORIES,
  NAMED = IN_CLASSES | 1 << ATTRIBUTES
};
static const struct {
  const char *name;
  enum field field;
  unsigned where; /* sections that have it; elsewhere it is as unknown as others */
} fields[] = {{"id", ID, IN_IMAGES | IN_ITEMS | NAMED},
              {"image_id", IMAGE_ID, IN_ITEMS},
              {"category_id", CATEGORY_ID, IN_ITEMS},
              {"width", WIDTH, IN_IMAGES},
              {"height", HEIGHT, IN_IMAGES},
              {"file_name", FILE_NAME, IN_IMAGES},
              {"name", NAME, NAMED},
              {"supercategory", SUPER, NAMED},
              {"bbox", BBOX, IN_ITEMS},
              {"area", AREA, IN_ITEMS},
              {"iscrowd", CROWD, IN_ITEMS},
              {"score", SCORE, IN_ITEMS},
              {"segmentation", SEGMENTATION, IN_ITEMS},
              {"attribute_ids", ATTRS, IN_ITEMS},
              {"keypoints", KEYPOINTS, IN_ITEMS | IN_CLASSES},
              {"num_keypoints", NUM_KEYPOINTS, IN_ITEMS},
              {"skeleton", SKELETON, IN_CLASSES},
              {"split", SPLIT, IN_IMAGES},
              {"coco_url", URL, IN_IMAGES},
              {"original_url", URL, IN_IMAGES},
              {"vitrine_pair", PAIR, IN_IMAGES},
              {"vitrine_product", PRODUCT, IN_ITEMS},
              {"vitrine_source", SOURCE, IN_ITEMS}};

enum { MAX_SEGMENT_NUMBERS = 1 << 24 };

const char *const vt__coco_section[] = {"", "images", "annotations", "categories", "attributes"};

/* Depth at which an item's fields stand: {"images": [{ -> 3; a list of results: [{ -> 2. */
static int item_depth(const struct vt__coco *r)
{
  return r->results ? 2 : 3;
}

int vt__coco_wrong(struct vt__coco *r, struct vt_err *e, const char *what)
{
  if (r->o->lenient && r->collecting) {
    if (!r->it.bad[0]) snprintf(r->it.bad, sizeof r->it.bad, "%s", what);
    return 0;
  }
  return vt_fail(e, VT_EFORMAT, "%s[%lld]: %s", r->results ? "result" : vt__coco_section[r->section],
                 (long long)r->index, what);
}

/* The same, of the field at hand. */
static int wrong(struct vt__coco *r, struct vt_err *e, const char *what)
{
  char text[160];
  for (size_t k = 0; k < VT_COUNT(fields); k++)
    if (fields[k].field == r->field) {
      snprintf(text, sizeof text, "%s: %s", fields[k].name, what);
      return vt__coco_wrong(r, e, text);
    }
  return vt__coco_wrong(r, e, what);
}

/* Counts a field or section that the set has no place for. */
static void drop(struct vt__coco *r, const char *where, const char *s, size_t n)
{
  char what[100];
  if (r->results || r->classes_only) return;
  snprintf(what, sizeof what, "%s: '%.*s'", where, (int)VT_MIN(n, (size_t)40), s);
  vt_loss_add(&r->l->dropped, 1, what);
}

static int on_key(void *ctx, const char *s, size_t n, struct vt_err *e)
{
  struct vt__coco *r = ctx;
  if (!r->results && r->depth == 1) {
    r->section = NOTHING;
    for (int k = IMAGES; k <= ATTRIBUTES; k++)
      if (strlen(vt__coco_section[k]) == n && !memcmp(s, vt__coco_section[k], n) &&
          (k >= CATEGORIES || !r->classes_only))
        r->section = (enum section)k;
    if (!r->section) drop(r, "section", s, n);
    return 0;
  }
  if (!r->section) return 0;
  if (r->depth == item_depth(r)) {
    r->field = OTHER;
    for (size_t k = 0; k < VT_COUNT(fields); k++)
      if (fields[k].name[0] == s[0] && strlen(fields[k].name) == n && !memcmp(s, fields[k].name, n)) {
        if (fields[k].where >> r->section & 1) r->field = fields[k].field;
        break;
      }
    if (r->field == URL && r->it.seen >> URL & 1) r->field = OTHER; /* it has several names */
    if (r->field == OTHER) drop(r, vt__coco_section[r->section], s, n);
    if (r->field && r->it.seen >> r->field & 1) return wrong(r, e, "a field stands twice");
  } else if (r->depth == item_depth(r) + 1 && r->field == SEGMENTATION)
    r->inner = n == 4 && !memcmp(s, "size", 4) ? SIZE : n == 6 && !memcmp(s, "counts", 6) ? COUNTS : OTHER;
  return 0;
}

/* Where the text of the field at hand goes; NULL: it is no text. */
static struct vt_buf *text_field(struct vt__coco *r)
{
  switch (r->field) {
  case FILE_NAME: return &r->it.file;
  case NAME: return &r->it.name;
  case SUPER: return &r->it.super;
  case SPLIT: return &r->it.split;
  case URL: return &r->it.url;
  case PRODUCT: return &r->it.product;
  case SOURCE: return &r->it.source;
  default: return NULL;
  }
}

static int on_string(void *ctx, const char *s, size_t n, struct vt_err *e)
{
  struct vt__coco *r = ctx;
  const int d = item_depth(r);
  if (!r->section || r->depth < d) return 0;
  if (memchr(s, 0, n)) return wrong(r, e, "a string holds a zero byte");
  if (r->depth == d) {
    struct vt_buf *to = text_field(r);
    if (!to) return r->field == OTHER ? 0 : wrong(r, e, "a string where a number or list is expected");
    r->it.seen |= 1u << r->field;
    vt_buf_add(to, s, n);
    return to->failed ? vt_fail(e, VT_ENOMEM, "out of memory") : 0;
  }
  if (r->field == SEGMENTATION && r->inner == COUNTS && r->depth == d + 1) {
    r->it.has_counts = true;
    vt_buf_add(&r->it.counts, s, n);
    return r->it.counts.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : 0;
  }
  if (r->field == KEYPOINTS && r->section == CATEGORIES && r->depth == d + 1) {
    if (r->it.nnames++ >= VT__MAX_POINTS) return wrong(r, e, "too many");
    vt_buf_add(&r->it.points, s, n);
    vt_buf_addc(&r->it.points, 0);
    return r->it.points.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : 0;
  }
  return r->field == OTHER || (r->field == SEGMENTATION && r->inner == OTHER && !r->it.npolygons)
             ? 0
             : wrong(r, e, "a string inside a list of numbers");
}

static int segment_number(struct vt__coco *r, double v, struct vt_err *e)
{
  if (r->nxy == r->cap_xy) {
    if (r->nxy >= MAX_SEGMENT_NUMBERS) return wrong(r, e, "more than 16 million numbers");
    int cap = r->cap_xy ? 2 * r->cap_xy : 256;
    double *xy = vt_reallocarray(r->xy, (size_t)cap, sizeof *xy);
    if (!xy) return vt_fail(e, VT_ENOMEM, "out of memory");
    r->xy = xy;
    r->cap_xy = cap;
  }
  r->xy[r->nxy++] = v;
  return 0;
}

static int point_number(struct vt__coco *r, double v, struct vt_err *e)
{
  if (r->section == CATEGORIES) return wrong(r, e, "expected names");
  if (r->it.points.len >= 3 * VT__MAX_POINTS * sizeof v) return wrong(r, e, "too many");
  vt_buf_add(&r->it.points, &v, sizeof v);
  return r->it.points.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : 0;
}

static int inner_number(struct vt__coco *r, double v, struct vt_err *e)
{
  struct vt__coco_item *it = &r->it;
  const int inside = r->depth - item_depth(r);
  if (r->field == BBOX && inside == 1) {
    if (it->nbox < 4) it->box[it->nbox] = v;
    it->nbox++;
  } else if (r->field == ATTRS && inside == 1) {
    if (it->nattrs >= VT__MAX_ATTRS_OF_ONE) return vt__coco_wrong(r, e, "too many attribute_ids");
    if (v != floor(v) || fabs(v) > INT32_MAX) return wrong(r, e, "expected whole numbers");
    r->attr[it->nattrs++] = (int32_t)v;
  } else if (r->field == KEYPOINTS && inside == 1)
    return point_number(r, v, e);
  else if (r->field == SKELETON && inside == 2) {
    const int32_t end = v == floor(v) && v >= 1 && v <= VT__MAX_POINTS ? (int32_t)v : 0;
    if (!end) return wrong(r, e, "expected numbers of key points, from 1");
    vt_buf_add(&it->bones, &end, sizeof end);
  } else if (r->field == SKELETON && inside == 1)
    return wrong(r, e, "expected a list of pairs");
  else if (r->field == SEGMENTATION && inside == 2) {
    if (r->inner != SIZE) return r->inner == OTHER && !it->npolygons ? 0 : segment_number(r, v, e);
    if (it->nsize < 2) it->size[it->nsize] = v == floor(v) && v >= 0 && v <= VT_MAX_SIDE ? (int64_t)v : -1;
    it->nsize++;
  } else if (r->field == SEGMENTATION && inside == 1 && !r->inner)
    return wrong(r, e, "expected a list of lists, or size and counts");
  return 0;
}

static bool is_list(enum field f)
{
  return f == BBOX || f == SEGMENTATION || f == ATTRS || f == KEYPOINTS || f == SKELETON;
}

static int on_number(void *ctx, const char *s, size_t n, struct vt_err *e)
{
  struct vt__coco *r = ctx;
  double v;
  if (!r->section || r->depth < item_depth(r) || r->field == OTHER) return 0;
  if (!vt__number(s, n, &v)) return wrong(r, e, "a number that is too large");
  if (r->depth > item_depth(r)) return inner_number(r, v, e);
  if (text_field(r) || is_list(r->field)) return wrong(r, e, "a number where a string or list is expected");
  r->it.seen |= 1u << r->field;
  r->it.number[r->field] = v;
  return 0;
}

static int on_literal(void *ctx, int value, struct vt_err *e)
{
  struct vt__coco *r = ctx;
  if (!r->section || r->depth < item_depth(r) || r->field == OTHER) return 0;
  if (r->depth == item_depth(r) && value < 0) return 0; /* null: as if not given */
  if (r->depth == item_depth(r) && r->field == CROWD) {
    r->it.seen |= 1u << CROWD;
    r->it.number[CROWD] = value;
    return 0;
  }
  return wrong(r, e, "true, false or null where a number is expected");
}

static void reset(struct vt__coco *r)
{
  struct vt__coco_item *it = &r->it, empty = {.file = it->file,
                                              .name = it->name,
                                              .super = it->super,
                                              .split = it->split,
                                              .counts = it->counts,
                                              .url = it->url,
                                              .product = it->product,
                                              .source = it->source,
                                              .points = it->points,
                                              .bones = it->bones};
  empty.file.len = empty.name.len = empty.super.len = empty.split.len = empty.counts.len = 0;
  empty.url.len = empty.product.len = empty.source.len = 0;
  empty.points.len = empty.bones.len = 0;
  *it = empty;
  r->nxy = 0;
  r->field = r->inner = OTHER;
}

static int start_polygon(struct vt__coco *r, struct vt_err *e)
{
  if (r->it.npolygons + 1 >= r->cap_start) {
    int cap = r->cap_start ? 2 * r->cap_start : 16;
    int *start = vt_reallocarray(r->start, (size_t)cap, sizeof *start);
    if (!start) return vt_fail(e, VT_ENOMEM, "out of memory");
    r->start = start;
    r->cap_start = cap;
  }
  r->start[r->it.npolygons++] = r->nxy / 2;
  return r->nxy % 2 ? wrong(r, e, "a polygon with an odd count of numbers") : 0;
}

static int on_open(void *ctx, bool array, struct vt_err *e)
{
  struct vt__coco *r = ctx;
  r->depth++;
  const int inside = r->depth - item_depth(r);
  if (r->depth == 1) {
    r->results = array;
    if (array != (r->gt != NULL))
      return vt_fail(e, VT_EFORMAT,
                     array ? "a list; expected an object with images, annotations and categories"
                           : "an object; expected a list of results");
    if (array) r->section = ANNOTATIONS;
    r->index = -1;
    return 0;
  }
  if (!r->section) return 0;
  if (!r->results && r->depth == 2) {
    r->index = -1;
    return array
               ? 0
               : vt_fail(e, VT_EFORMAT, "\"%s\" is an object, expected a list", vt__coco_section[r->section]);
  }
  if (inside == 0) {
    r->index++;
    reset(r);
    r->collecting = true;
    return array ? vt__coco_wrong(r, e, "a list, expected an object") : 0;
  }
  if (inside == 1 && is_list(r->field)) {
    r->it.seen |= 1u << r->field;
    if (!array && r->field != SEGMENTATION) return wrong(r, e, "an object where a list is expected");
    if (r->field == SEGMENTATION) r->it.is_runs = !array;
    return 0;
  }
  if (inside == 2 && r->field == SKELETON && array)
    return r->it.bones.len % (2 * sizeof(int32_t)) ? wrong(r, e, "expected pairs") : 0;
  if (inside >= 2 && is_list(r->field) && r->field != SEGMENTATION)
    return wrong(r, e, "a list or object inside a list");
  if (r->field == SEGMENTATION && inside == 2 && !array && (!r->it.is_runs || r->inner != OTHER))
    return wrong(r, e, "an object where a list is expected");
  if (r->field == SEGMENTATION && inside == 2 && !r->it.is_runs) return start_polygon(r, e);
  if (r->field == SEGMENTATION && inside == 2 && r->inner == COUNTS) r->it.has_counts = true;
  if (r->field != OTHER && inside == 1) return wrong(r, e, "a list where a number or string is expected");
  if (r->field == SEGMENTATION && inside > 2 && r->inner != OTHER) return wrong(r, e, "too deep");
  return 0;
}

static int on_close(void *ctx, bool array, struct vt_err *e)
{
  struct vt__coco *r = ctx;
  const int inside = r->depth-- - item_depth(r);
  if (inside == -1) r->whole |= 1u << r->section;
  if (!r->section || inside != 0) return 0;
  r->collecting = false;
  r->l->rows += r->section == ANNOTATIONS;
  int rc = r->it.bad[0] ? vt__coco_wrong(r, e, r->it.bad) : vt__coco_add(r, e);
  if (!rc) return 0;
  const double id = r->it.number[IMAGE_ID];
  const int64_t picture = fabs(id) <= 9007199254740992.0 ? (int64_t)id : 0;
  if (r->it.seen >> IMAGE_ID & 1 && id == (double)picture) vt_buf_add(&r->bad_ids, &picture, sizeof picture);
  return vt__labels_problem(r->l, r->o, e);
}

/* A section that is empty is there; one cut short before its first item is not. */
static int need_section(const struct vt__coco *r, enum section k, int n, const char *path, const char *hint,
                        struct vt_err *e)
{
  return n || r->whole >> k & 1 ? 0
                                : vt_fail(e, VT_EFORMAT, "%s: no \"%s\"%s", path, vt__coco_section[k], hint);
}

static int read_any(struct vt_labels *l, bool classes_only, bool attributes, const struct vt_labels *gt,
                    const char *path, const struct vt_labels_opts *o, struct vt_err *e)
{
  static const struct vt__json_events events = {on_key, on_string, on_number, on_literal, on_open, on_close};
  struct vt__coco *r = vt_calloc(1, sizeof *r);
  if (!r) return vt_fail(e, VT_ENOMEM, "out of memory");
  r->l = l;
  r->gt = gt;
  r->o = o;
  r->classes_only = classes_only;
  struct vt__json_place place = {0};
  int rc = vt__json_stream(path, &events, r, &place, e);
  r->damaged = rc && place.damaged;
  if (r->damaged && l->nimages + l->n + l->classes.n) rc = vt__json_damage(l, o, e);
  if (!rc && !classes_only && !gt) rc = need_section(r, IMAGES, l->nimages, path, "", e);
  if (!rc && attributes)
    rc = need_section(r, ATTRIBUTES, l->attributes.n, path, "; plain COCO is the format coco", e);
  if (!rc) rc = vt__coco_resolve(r, path, e);
  vt_buf_clear(&r->it.file);
  vt_buf_clear(&r->it.name);
  vt_buf_clear(&r->it.super);
  vt_buf_clear(&r->it.split);
  vt_buf_clear(&r->it.counts);
  vt_buf_clear(&r->it.url);
  vt_buf_clear(&r->it.product);
  vt_buf_clear(&r->it.source);
  vt_buf_clear(&r->it.points);
  vt_buf_clear(&r->it.bones);
  vt_buf_clear(&r->bad_ids);
  vt_free(r->xy);
  vt_free(r->start);
  vt_free(r->ids);
  vt_free(r);
  return rc;
}

int vt__coco_read(struct vt_labels *l, const char *path, const struct vt_labels_opts *o, struct vt_err *e)
{
  return read_any(l, false, false, NULL, path, o, e);
}

int vt__coco_read_attributes(struct vt_labels *l, const char *path, const struct vt_labels_opts *o,
                             struct vt_err *e)
{
  return read_any(l, false, true, NULL, path, o, e);
}

int vt__coco_read_classes(struct vt_labels *l, const char *path, struct vt_err *e)
{
  return read_any(l, true, false, NULL, path, &(struct vt_labels_opts){0}, e);
}

int vt_coco_read_results(struct vt_labels *l, const struct vt_labels *gt, const char *path,
                         const struct vt_labels_opts *o, struct vt_err *e)
{
  return read_any(l, false, false, gt, path, o, e);
}
