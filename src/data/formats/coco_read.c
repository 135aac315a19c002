/* COCO json: pictures, annotations, categories (and Fashionpedia's attributes), or a list of results.
 *
 *   {"images": [{"id", "file_name", "width", "height"}], "categories": [{"id", "name", "supercategory"}],
 *    "attributes": [...], "annotations": [{"id", "image_id", "category_id", "bbox": [x, y, w, h], "area",
 *    "iscrowd", "attribute_ids": [...], "segmentation": [[x, y, ...], ...] | {"size": [h, w], "counts": [...]
 * | "string"}}]} results: [{"image_id", "category_id", "score", "bbox" or "segmentation"}]
 *
 * A stream of events fills one item at a time; when the item's brace closes, it is checked and added.
 * Sections may come in any order, so ids of pictures and classes are kept beside the instances and looked up
 * at the end. Unknown fields are read over. */
#include "data/formats/coco.h"
#include "data/json_stream.h"
#include "data/labels_map.h"

#include <math.h>
#include <string.h>

enum section { NOTHING, IMAGES, ANNOTATIONS, CATEGORIES, ATTRIBUTES };
enum field {
  OTHER,
  ID,
  IMAGE_ID,
  CATEGORY_ID,
  WIDTH,
  HEIGHT,
  FILE_NAME,
  NAME,
  SUPER,
  BBOX,
  AREA,
  CROWD,
  SCORE,
  SEGMENTATION,
  ATTRS,
  SPLIT,
  SIZE,
  COUNTS,
  NFIELDS
};
static const struct {
  const char *name;
  enum field field;
} fields[] = {{"id", ID},
              {"image_id", IMAGE_ID},
              {"category_id", CATEGORY_ID},
              {"width", WIDTH},
              {"height", HEIGHT},
              {"file_name", FILE_NAME},
              {"name", NAME},
              {"supercategory", SUPER},
              {"bbox", BBOX},
              {"area", AREA},
              {"iscrowd", CROWD},
              {"score", SCORE},
              {"segmentation", SEGMENTATION},
              {"attribute_ids", ATTRS},
              {"split", SPLIT}};

enum { MAX_SEGMENT_NUMBERS = 1 << 24 };

struct item {
  uint32_t seen; /* bit per field */
  double number[NFIELDS], box[4];
  int nbox, nattrs, nsize, bad_attr;
  int64_t size[2]; /* height, width */
  struct vt_buf file, name, super, split, counts;
  bool has_counts, is_runs;
  int npolygons;
  char bad[160]; /* lenient: the first thing wrong with it */
};
struct ids {
  int64_t image, cls;
  int32_t width, height; /* that its mask names, 0 none */
};
struct reader {
  struct vt_labels *l;
  const struct vt_labels *gt; /* results: whose pictures and classes */
  const struct vt_labels_opts *o;
  int depth; /* brackets open */
  bool results, classes_only;
  enum section section;
  enum field field, inner; /* of the item, and inside its segmentation */
  int64_t index;           /* of the item in its section */
  bool collecting;         /* events of an item come in: lenient reading notes what is wrong and goes on */
  struct item it;
  double *xy; /* numbers of the segmentation: coordinates or runs */
  int nxy, cap_xy;
  int *start; /* of its polygons */
  int cap_start;
  int32_t attr[VT__MAX_ATTRS_OF_ONE];
  struct ids *ids; // (l->n)
  int64_t cap_ids;
  bool results_with_box; /* of the first result: COCO's tools then take areas from boxes */
};

static const char *const section_name[] = {"", "images", "annotations", "categories", "attributes"};

/* Depth at which an item's fields stand: {"images": [{ -> 3; a list of results: [{ -> 2. */
static int item_depth(const struct reader *r)
{
  return r->results ? 2 : 3;
}

static int wrong(struct reader *r, struct vt_err *e, const char *what)
{
  if (r->o->lenient && r->collecting) {
    if (!r->it.bad[0]) snprintf(r->it.bad, sizeof r->it.bad, "%s", what);
    return 0;
  }
  return vt_fail(e, VT_EFORMAT, "%s[%lld]: %s", r->results ? "result" : section_name[r->section],
                 (long long)r->index, what);
}

static int on_key(void *ctx, const char *s, size_t n, struct vt_err *e)
{
  struct reader *r = ctx;
  if (!r->results && r->depth == 1) {
    r->section = NOTHING;
    for (int k = IMAGES; k <= ATTRIBUTES; k++)
      if (strlen(section_name[k]) == n && !memcmp(s, section_name[k], n) &&
          (k >= CATEGORIES || !r->classes_only))
        r->section = (enum section)k;
    return 0;
  }
  if (!r->section) return 0;
  if (r->depth == item_depth(r)) {
    r->field = OTHER;
    for (size_t k = 0; k < VT_COUNT(fields); k++)
      if (fields[k].name[0] == s[0] && strlen(fields[k].name) == n && !memcmp(s, fields[k].name, n)) {
        r->field = fields[k].field;
        break;
      }
    if (r->field && r->it.seen >> r->field & 1) return wrong(r, e, "a field stands twice");
  } else if (r->depth == item_depth(r) + 1 && r->field == SEGMENTATION)
    r->inner = n == 4 && !memcmp(s, "size", 4) ? SIZE : n == 6 && !memcmp(s, "counts", 6) ? COUNTS : OTHER;
  return 0;
}

static int on_string(void *ctx, const char *s, size_t n, struct vt_err *e)
{
  struct reader *r = ctx;
  const int d = item_depth(r);
  if (!r->section || r->depth < d) return 0;
  if (memchr(s, 0, n)) return wrong(r, e, "a string holds a zero byte");
  if (r->depth == d) {
    struct vt_buf *to = r->field == FILE_NAME ? &r->it.file
                        : r->field == NAME    ? &r->it.name
                        : r->field == SUPER   ? &r->it.super
                        : r->field == SPLIT   ? &r->it.split
                                              : NULL;
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
  return r->field == OTHER || (r->field == SEGMENTATION && r->inner == OTHER && !r->it.npolygons)
             ? 0
             : wrong(r, e, "a string inside a list of numbers");
}

static int segment_number(struct reader *r, double v, struct vt_err *e)
{
  if (r->nxy == r->cap_xy) {
    if (r->nxy >= MAX_SEGMENT_NUMBERS) return wrong(r, e, "segmentation of more than 16 million numbers");
    int cap = r->cap_xy ? 2 * r->cap_xy : 256;
    double *xy = vt_reallocarray(r->xy, (size_t)cap, sizeof *xy);
    if (!xy) return vt_fail(e, VT_ENOMEM, "out of memory");
    r->xy = xy;
    r->cap_xy = cap;
  }
  r->xy[r->nxy++] = v;
  return 0;
}

static int inner_number(struct reader *r, double v, struct vt_err *e)
{
  struct item *it = &r->it;
  const int inside = r->depth - item_depth(r);
  if (r->field == BBOX && inside == 1) {
    if (it->nbox < 4) it->box[it->nbox] = v;
    it->nbox++;
  } else if (r->field == ATTRS && inside == 1) {
    if (it->nattrs >= VT__MAX_ATTRS_OF_ONE) return wrong(r, e, "too many attribute_ids");
    if (v != floor(v) || fabs(v) > INT32_MAX) return wrong(r, e, "attribute_ids: expected whole numbers");
    r->attr[it->nattrs++] = (int32_t)v;
  } else if (r->field == SEGMENTATION && inside == 2) {
    if (r->inner != SIZE) return r->inner == OTHER && !it->npolygons ? 0 : segment_number(r, v, e);
    if (it->nsize < 2) it->size[it->nsize] = v == floor(v) && v >= 0 && v <= VT_MAX_SIDE ? (int64_t)v : -1;
    it->nsize++;
  } else if (r->field == SEGMENTATION && inside == 1 && !r->inner)
    return wrong(r, e, "segmentation: expected a list of lists, or size and counts");
  return 0;
}

static int on_number(void *ctx, const char *s, size_t n, struct vt_err *e)
{
  struct reader *r = ctx;
  double v;
  if (!r->section || r->depth < item_depth(r) || r->field == OTHER) return 0;
  if (!vt__number(s, n, &v)) return wrong(r, e, "a number that is too large");
  if (r->depth > item_depth(r)) return inner_number(r, v, e);
  if (r->field == FILE_NAME || r->field == NAME || r->field == SUPER || r->field == SPLIT ||
      r->field == BBOX || r->field == SEGMENTATION || r->field == ATTRS)
    return wrong(r, e, "a number where a string or list is expected");
  r->it.seen |= 1u << r->field;
  r->it.number[r->field] = v;
  return 0;
}

static int on_literal(void *ctx, int value, struct vt_err *e)
{
  struct reader *r = ctx;
  if (!r->section || r->depth < item_depth(r) || r->field == OTHER) return 0;
  if (r->depth == item_depth(r) && value < 0) return 0; /* null: as if not given */
  if (r->depth == item_depth(r) && r->field == CROWD) {
    r->it.seen |= 1u << CROWD;
    r->it.number[CROWD] = value;
    return 0;
  }
  return wrong(r, e, "true, false or null where a number is expected");
}

static void reset(struct reader *r)
{
  struct vt_buf file = r->it.file, name = r->it.name, super = r->it.super, split = r->it.split,
                counts = r->it.counts;
  file.len = name.len = super.len = split.len = counts.len = 0;
  r->it = (struct item){.file = file, .name = name, .super = super, .split = split, .counts = counts};
  r->nxy = 0;
  r->field = r->inner = OTHER;
}

static int start_polygon(struct reader *r, struct vt_err *e)
{
  if (r->it.npolygons + 1 >= r->cap_start) {
    int cap = r->cap_start ? 2 * r->cap_start : 16;
    int *start = vt_reallocarray(r->start, (size_t)cap, sizeof *start);
    if (!start) return vt_fail(e, VT_ENOMEM, "out of memory");
    r->start = start;
    r->cap_start = cap;
  }
  r->start[r->it.npolygons++] = r->nxy / 2;
  return r->nxy % 2 ? wrong(r, e, "segmentation: a polygon with an odd count of numbers") : 0;
}

static int on_open(void *ctx, bool array, struct vt_err *e)
{
  struct reader *r = ctx;
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
    return array ? 0
                 : vt_fail(e, VT_EFORMAT, "\"%s\" is an object, expected a list", section_name[r->section]);
  }
  if (inside == 0) {
    r->index++;
    reset(r);
    r->collecting = true;
    return array ? wrong(r, e, "a list, expected an object") : 0;
  }
  if (inside == 1 && (r->field == BBOX || r->field == ATTRS || r->field == SEGMENTATION)) {
    r->it.seen |= 1u << r->field;
    if (!array && r->field != SEGMENTATION) return wrong(r, e, "an object where a list is expected");
    if (r->field == SEGMENTATION) r->it.is_runs = !array;
    return 0;
  }
  if (r->field == SEGMENTATION && inside == 2 && !r->it.is_runs) return start_polygon(r, e);
  if (r->field == SEGMENTATION && inside == 2 && r->inner == COUNTS) r->it.has_counts = true;
  if (r->field != OTHER && inside == 1) return wrong(r, e, "a list where a number or string is expected");
  if (r->field == SEGMENTATION && inside > 2 && r->inner != OTHER)
    return wrong(r, e, "segmentation: too deep");
  return 0;
}

/* A whole number of the item, or an error that names the field. */
static int whole(struct reader *r, enum field f, const char *name, int64_t *out, struct vt_err *e)
{
  double v = r->it.number[f];
  char text[100];
  *out = 0;
  if (r->it.seen >> f & 1 && v == floor(v) && fabs(v) <= 9007199254740992.0) {
    *out = (int64_t)v;
    return 0;
  }
  snprintf(text, sizeof text, r->it.seen >> f & 1 ? "%s: expected a whole number" : "no %s", name);
  return wrong(r, e, text);
}

static const char *text_of(const struct vt_buf *b)
{
  return b->len ? b->data : "";
}

static int add_image(struct reader *r, struct vt_err *e)
{
  int64_t id, width = 0, height = 0;
  int rc = whole(r, ID, "id", &id, e);
  if (!rc) rc = whole(r, WIDTH, "width", &width, e);
  if (!rc) rc = whole(r, HEIGHT, "height", &height, e);
  if (!rc && (width < 1 || height < 1 || width > VT_MAX_SIDE || height > VT_MAX_SIDE))
    rc = wrong(r, e, "width and height must be 1 to 65500");
  if (rc) return rc;
  int32_t p = vt__labels_add_image(r->l, id, text_of(&r->it.file), (int)width, (int)height, e);
  if (p < 0) return vt_fail_in(e, p, "images[%lld]", (long long)r->index);
  if (r->it.split.len && !vt__split_word(r->it.split.data, &r->l->image[p].split))
    return wrong(r, e, "split: expected train, val or test");
  return 0;
}

static int add_class(struct reader *r, bool attribute, struct vt_err *e)
{
  int64_t id;
  int rc = whole(r, ID, "id", &id, e);
  if (rc) return rc;
  int32_t p = vt__labels_add_class(r->l, attribute, id, text_of(&r->it.name), text_of(&r->it.super), e);
  return p < 0 ? vt_fail_in(e, p, "%s[%lld]", section_name[r->section], (long long)r->index) : 0;
}

static int add_runs(struct reader *r, struct vt_instance *in, struct vt_err *e)
{
  struct item *it = &r->it;
  if (!it->has_counts || it->nsize != 2 || it->size[0] < 1 || it->size[1] < 1)
    return wrong(r, e, "segmentation: expected size [height, width] and counts");
  if (it->counts.len) return vt__labels_set_coco(r->l, in, it->counts.data, it->counts.len, e);
  int64_t *runs = vt_reallocarray(NULL, (size_t)r->nxy + 1, sizeof *runs);
  if (!runs) return vt_fail(e, VT_ENOMEM, "out of memory");
  struct vt_mask m = {0};
  int rc = 0;
  for (int i = 0; i < r->nxy; i++) {
    if (r->xy[i] != floor(r->xy[i]) || fabs(r->xy[i]) > UINT32_MAX)
      rc = wrong(r, e, "counts: expected whole numbers");
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

static int add_polygons(struct reader *r, struct vt_instance *in, struct vt_err *e)
{
  struct vt_polygons p = {r->it.npolygons, r->start, r->xy};
  if (!p.n) return 0; /* "segmentation": [] = none */
  p.start[p.n] = r->nxy / 2;
  if (r->nxy % 2) return wrong(r, e, "segmentation: a polygon with an odd count of numbers");
  for (int i = 0; i < p.n; i++)
    if (p.start[i + 1] - p.start[i] < 3) return wrong(r, e, "segmentation: a polygon of fewer than 3 points");
  return vt__labels_set_polygons(r->l, in, &p, e);
}

static int check_numbers(struct reader *r, struct vt_err *e)
{
  struct item *it = &r->it;
  if (it->seen >> BBOX & 1 && it->nbox != 4 && (it->nbox || !r->results))
    return wrong(r, e, "bbox: expected 4 numbers");
  if (it->nbox == 4 && !(it->box[2] >= 0 && it->box[3] >= 0))
    return wrong(r, e, "bbox: negative width or height");
  if (it->seen >> AREA & 1 && it->number[AREA] < 0) return wrong(r, e, "area: negative");
  if (r->results && !(it->seen >> SCORE & 1)) return wrong(r, e, "no score");
  if (!(it->seen >> BBOX & 1) && !(it->seen >> SEGMENTATION & 1))
    return wrong(r, e, "neither bbox nor segmentation");
  return 0;
}

static int push_ids(struct reader *r, struct ids ids, struct vt_err *e)
{
  if (r->l->n > r->cap_ids) {
    int64_t cap = r->cap_ids ? 2 * r->cap_ids : 256;
    struct ids *v = vt_reallocarray(r->ids, (size_t)cap, sizeof *v);
    if (!v) return vt_fail(e, VT_ENOMEM, "out of memory");
    r->ids = v;
    r->cap_ids = cap;
  }
  r->ids[r->l->n - 1] = ids;
  return 0;
}

static int set_attributes(struct reader *r, struct vt_instance *in, struct vt_err *e)
{
  return r->it.nattrs ? vt__labels_set_attrs(r->l, in, r->attr, r->it.nattrs, e)
                      : 0; /* ids, looked up later */
}

static int add_instance(struct reader *r, struct vt_err *e)
{
  struct item *it = &r->it;
  struct ids ids = {0};
  int64_t id = r->index + 1;
  int rc = whole(r, IMAGE_ID, "image_id", &ids.image, e);
  if (!rc) rc = whole(r, CATEGORY_ID, "category_id", &ids.cls, e);
  if (!rc && !r->results) rc = whole(r, ID, "id", &id, e);
  if (!rc) rc = check_numbers(r, e);
  if (rc) return rc;
  struct vt_instance *in = vt__labels_push(r->l, e);
  if (!in) return VT_ENOMEM;
  in->id = id;
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
  if (!rc) rc = push_ids(r, ids, e);
  if (rc) r->l->n--;
  return rc;
}

static int on_close(void *ctx, bool array, struct vt_err *e)
{
  struct reader *r = ctx;
  const int inside = r->depth-- - item_depth(r);
  if (!r->section || inside != 0) return 0;
  r->collecting = false;
  r->l->rows += r->section == ANNOTATIONS;
  int rc = r->it.bad[0]               ? wrong(r, e, r->it.bad)
           : r->section == IMAGES     ? add_image(r, e)
           : r->section == CATEGORIES ? add_class(r, false, e)
           : r->section == ATTRIBUTES ? add_class(r, true, e)
                                      : add_instance(r, e);
  return rc ? vt__labels_problem(r->l, r->o, e) : 0;
}

/* Picture, class and attributes of one instance by their ids. */
static int resolve(struct reader *r, struct vt_instance *in, const struct ids *ids, struct vt_err *e)
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
  if (!r->results && b.w >= 0 && (b.x >= im->width || b.y >= im->height || b.x + b.w < 0 || b.y + b.h < 0))
    return vt_fail(e, VT_EFORMAT, "%s[%lld]: bbox lies outside the picture", what, (long long)in->line);
  for (int k = 0; k < in->nattrs; k++) {
    int32_t *a = &r->l->attr[in->attrs + (uint32_t)k], p = vt__labels_find_class(names, true, *a);
    if (p < 0)
      return vt_fail(e, VT_EFORMAT, "%s[%lld]: there is no attribute of id %d", what, (long long)in->line,
                     *a);
    *a = p;
  }
  return 0;
}

static int resolve_all(struct reader *r, const char *path, struct vt_err *e)
{
  struct vt_labels *l = r->l;
  struct vt__map *by_id = NULL;
  int64_t kept = 0;
  int rc = r->results ? 0 : vt__map_new(&by_id) ? vt_fail(e, VT_ENOMEM, "out of memory") : 0;
  for (int64_t i = 0; i < l->n && !rc; i++) {
    struct vt_instance in = l->v[i];
    rc = resolve(r, &in, &r->ids[i], e);
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
  if (!rc) l->n = kept;
  vt__map_free(by_id);
  return rc;
}

static int read_any(struct vt_labels *l, bool classes_only, const struct vt_labels *gt, const char *path,
                    const struct vt_labels_opts *o, struct vt_err *e)
{
  static const struct vt__json_events events = {on_key, on_string, on_number, on_literal, on_open, on_close};
  struct reader *r = vt_calloc(1, sizeof *r);
  if (!r) return vt_fail(e, VT_ENOMEM, "out of memory");
  r->l = l;
  r->gt = gt;
  r->o = o;
  r->classes_only = classes_only;
  int rc = vt__json_stream(path, &events, r, e);
  if (!rc && !classes_only && !gt && !l->nimages) rc = vt_fail(e, VT_EFORMAT, "%s: no \"images\"", path);
  if (!rc) rc = resolve_all(r, path, e);
  vt_buf_clear(&r->it.file);
  vt_buf_clear(&r->it.name);
  vt_buf_clear(&r->it.super);
  vt_buf_clear(&r->it.split);
  vt_buf_clear(&r->it.counts);
  vt_free(r->xy);
  vt_free(r->start);
  vt_free(r->ids);
  vt_free(r);
  return rc;
}

int vt__coco_read(struct vt_labels *l, const char *path, const struct vt_labels_opts *o, struct vt_err *e)
{
  return read_any(l, false, NULL, path, o, e);
}

int vt__coco_read_classes(struct vt_labels *l, const char *path, struct vt_err *e)
{
  return read_any(l, true, NULL, path, &(struct vt_labels_opts){0}, e);
}

int vt_coco_read_results(struct vt_labels *l, const struct vt_labels *gt, const char *path,
                         const struct vt_labels_opts *o, struct vt_err *e)
{
  return read_any(l, false, gt, path, o, e);
}
