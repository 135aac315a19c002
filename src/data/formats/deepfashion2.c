/* DeepFashion2 (Ge et al., CVPR 2019): a folder with one JSON file a picture.
 *
 *   [train/|validation/|test/]annos/NNNNNN.json, the picture is image/NNNNNN.jpg beside annos/
 *   {"source": "user" | "shop", "pair_id": 7,
 *    "item1": {"category_id": 1, "category_name": "short sleeve top", "bounding_box": [x1, y1, x2, y2],
 *              "style": 2, "scale": 1, "occlusion": 1, "zoom_in": 1, "viewpoint": 2,
 *              "segmentation": [[x, y, …], …], "landmarks": [x, y, v, …]},
 *    "item2": …}
 *
 * Items of one pair_id and one style above 0 show the same product, named "PAIR/STYLE" here. scale,
 * occlusion, zoom_in and viewpoint are attributes, "scale=1". Landmarks are key points. Sizes
 * of pictures are looked up where the pictures are there (beside annos/, or below --images). One file is in
 * memory at a time. */
#include "data/formats/folder.h"
#include "data/formats/text_out.h"
#include "data/json_items.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_POINTS = 1 << 20, MAX_LEVEL = 9, MAX_FILE_NAME = 400 };
static const char *const part[] = {"train", "validation", "test", ""};
static const char *const quality[] = {"scale", "occlusion", "zoom_in", "viewpoint"};
static const int64_t max_id = 9007199254740992; /* 2^53: all that JSON's numbers hold exactly */

struct reader {
  struct vt_labels *l;
  const struct vt_labels_opts *o;
  const char *root;
  int part;
  const char *stem, *path; /* of the file at hand */
  int32_t attribute[VT_COUNT(quality)][MAX_LEVEL + 1];
  struct vt_buf xy, start; /* of the polygons at hand */
};

/* ---- reading ---- */

static int read_attributes(struct reader *r, const struct vt__json_item *it, int32_t item, int32_t *attr,
                           int *n, struct vt_err *e)
{
  *n = 0;
  for (size_t q = 0; q < VT_COUNT(quality); q++) {
    int64_t level;
    if (vt__json_find(it, item, quality[q]) < 0) continue;
    int rc = vt__json_whole(it, item, quality[q], 0, MAX_LEVEL, &level, e);
    if (rc) return rc;
    int32_t *a = &r->attribute[q][level];
    if (*a < 0) {
      char name[24];
      snprintf(name, sizeof name, "%s=%d", quality[q], (int)level);
      *a = vt__labels_add_class(r->l, true, r->l->attributes.n + 1, name, quality[q], e);
    }
    if (*a < 0) return *a;
    attr[(*n)++] = *a;
  }
  return 0;
}

/* The item's polygons into r->xy and r->start; *n = 0 without any. */
static int read_polygons(struct reader *r, const struct vt__json_item *it, int32_t item, int *n,
                         struct vt_err *e)
{
  int32_t list = vt__json_find(it, item, "segmentation");
  int points = 0;
  *n = 0;
  r->xy.len = r->start.len = 0;
  vt_buf_add(&r->start, &points, sizeof points);
  if (list < 0) return 0;
  if (it->node[list].kind != VT__JSON_LIST)
    return vt_fail(e, VT_EFORMAT, "segmentation: expected a list of lists");
  int32_t k = list + 1;
  for (int i = 0; i < it->node[list].n; i++, k = it->node[k].next) {
    const struct vt__json_node *line = &it->node[k];
    if (line->kind != VT__JSON_LIST) return vt_fail(e, VT_EFORMAT, "segmentation: expected a list of lists");
    if (line->n % 2) return vt_fail(e, VT_EFORMAT, "segmentation: a polygon with an odd count of numbers");
    if (line->n < 6) return vt_fail(e, VT_EFORMAT, "segmentation: a polygon of fewer than 3 points");
    for (int j = 0; j < line->n; j++) {
      const struct vt__json_node *v = line + 1 + j;
      if (v->kind != VT__JSON_NUMBER || !isfinite(v->number))
        return vt_fail(e, VT_EFORMAT, "segmentation: expected numbers");
      vt_buf_add(&r->xy, &v->number, sizeof v->number);
    }
    points += line->n / 2;
    if (points > MAX_POINTS) return vt_fail(e, VT_ELIMIT, "segmentation of more than %d points", MAX_POINTS);
    vt_buf_add(&r->start, &points, sizeof points);
    ++*n;
  }
  return r->xy.failed || r->start.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : 0;
}

static int read_landmarks(struct reader *r, const struct vt__json_item *it, int32_t item,
                          struct vt_instance *in, struct vt_err *e)
{
  const int32_t list = vt__json_find(it, item, "landmarks");
  if (list < 0) return 0;
  const struct vt__json_node *v = &it->node[list];
  if (v->kind != VT__JSON_LIST || v->n > 3 * VT__MAX_POINTS)
    return vt_fail(e, VT_EFORMAT, "landmarks: expected a list of at most %d numbers", 3 * VT__MAX_POINTS);
  r->xy.len = 0;
  for (int i = 0; i < v->n; i++) {
    if (v[1 + i].kind != VT__JSON_NUMBER) return vt_fail(e, VT_EFORMAT, "landmarks: expected numbers");
    vt_buf_add(&r->xy, &v[1 + i].number, sizeof v[1 + i].number);
  }
  if (r->xy.failed) return vt_fail(e, VT_ENOMEM, "out of memory");
  int rc = vt__labels_read_points(r->l, in, (const double *)(const void *)r->xy.data, v->n, e);
  return rc ? vt_fail_in(e, rc, "landmarks") : 0;
}

static int check_box(const struct vt_label_image *im, const double *v, struct vt_err *e)
{
  if (v[2] < v[0] || v[3] < v[1])
    return vt_fail(e, VT_EFORMAT, "bounding_box: x2 or y2 lies before x1 or y1");
  int rc = vt__box_check(im, &(struct vt_box){v[0], v[1], v[2] - v[0], v[3] - v[1]}, e);
  return rc ? vt_fail_in(e, rc, "bounding_box") : 0;
}

static int32_t need_class(struct reader *r, int64_t id, const char *name, struct vt_err *e)
{
  int32_t c = vt__labels_find_class(r->l, false, id);
  if (c < 0) return vt__labels_add_class(r->l, false, id, name, "", e);
  if (strcmp(r->l->classes.v[c].name, name) != 0)
    return vt_fail(e, VT_EFORMAT, "category_id %lld is '%.60s' here, '%.60s' before", (long long)id, name,
                   r->l->classes.v[c].name);
  return c;
}

static int read_item(struct reader *r, const struct vt__json_item *it, int32_t item, int32_t image,
                     uint8_t flag, struct vt_err *e)
{
  static const char *const names[] = {"category_id",  "category_name", "bounding_box", "style",
                                      "scale",        "occlusion",     "zoom_in",      "viewpoint",
                                      "segmentation", "landmarks"};
  struct vt_labels *l = r->l;
  int64_t category = 0, style = 0;
  const char *name = "";
  double v[4] = {0};
  int32_t attr[VT_COUNT(quality)];
  int nattrs = 0, npolygons = 0;
  int rc = vt__json_whole(it, item, "category_id", 0, max_id, &category, e);
  if (!rc) rc = vt__json_string_of(it, item, "category_name", &name, e);
  if (!rc) rc = vt__json_numbers(it, item, "bounding_box", v, 4, e);
  if (!rc && vt__json_find(it, item, "style") >= 0)
    rc = vt__json_whole(it, item, "style", 0, max_id, &style, e);
  if (!rc) rc = check_box(&l->image[image], v, e);
  if (!rc) rc = read_polygons(r, it, item, &npolygons, e);
  if (!rc) rc = read_attributes(r, it, item, attr, &nattrs, e);
  int32_t cls = rc ? rc : need_class(r, category, name, e);
  struct vt_instance *in = cls < 0 ? NULL : vt__labels_push(l, e);
  if (!in) return cls < 0 ? cls : VT_ENOMEM;
  in->image = image;
  in->cls = cls;
  in->id = l->n;
  in->line = it->line;
  in->flags = flag;
  in->box = (struct vt_box){v[0], v[1], v[2] - v[0], v[3] - v[1]};
  in->hash = vt_hash64(&in->box, sizeof in->box);
  if (style) {
    char product[48];
    snprintf(product, sizeof product, "%lld/%lld", (long long)l->image[image].pair, (long long)style);
    if ((in->product = vt__labels_need_product(l, product, e)) < 0) return in->product;
  }
  vt__json_drop_others(l, it, item, "items", names, VT_COUNT(names));
  if (npolygons) {
    const struct vt_polygons p = {npolygons, (int *)(void *)r->start.data, (double *)(void *)r->xy.data};
    if ((rc = vt__labels_set_polygons(l, in, &p, e))) return rc;
    in->hash = vt_hash64(r->xy.data, r->xy.len);
  }
  if ((rc = read_landmarks(r, it, item, in, e))) return rc;
  return nattrs ? vt__labels_set_attrs(l, in, attr, nattrs, e) : 0;
}

/* Size and name of the picture; unknown where no pictures are there. */
static int add_picture(struct reader *r, int64_t pair, int32_t *image, struct vt_err *e)
{
  static const uint8_t split[] = {VT_SPLIT_TRAIN, VT_SPLIT_VAL, VT_SPLIT_TEST, VT_SPLIT_NONE};
  char file[MAX_FILE_NAME];
  const char *p = part[r->part];
  int width = 0, height = 0;
  snprintf(file, sizeof file, "%s%simage/%s.jpg", p, *p ? "/" : "", r->stem);
  char *path = vt_path_join(NULL, r->o->images ? r->o->images : r->root, file);
  int rc = !path                              ? vt_fail(e, VT_ENOMEM, "out of memory")
           : r->o->images || vt_is_file(path) ? vt__probe_file(path, &width, &height, e)
                                              : 0;
  vt_free(path);
  if (rc) return rc;
  *image = vt__labels_add_image(r->l, r->l->nimages + 1, file, width, height, e);
  if (*image < 0) return *image;
  r->l->image[*image].split = split[r->part];
  r->l->image[*image].pair = pair;
  return 0;
}

static int each_file(const struct vt__json_item *it, void *ctx, struct vt_err *e)
{
  struct reader *r = ctx;
  const char *source = "";
  int64_t pair = 0;
  int32_t image = 0;
  int items = 0;
  int rc = vt__json_string_of(it, 0, "source", &source, e);
  if (!rc) rc = vt__json_whole(it, 0, "pair_id", 0, max_id, &pair, e);
  if (!rc && strcmp(source, "user") != 0 && strcmp(source, "shop") != 0)
    rc = vt_fail(e, VT_EFORMAT, "source '%.40s': expected user or shop", source);
  if (!rc) rc = add_picture(r, pair, &image, e);
  if (rc) return rc;
  int32_t k = 1;
  for (int i = 0; i < it->node[0].n && !rc; i++, k = it->node[k].next) {
    const char *key = it->text + it->node[k].key;
    if (strncmp(key, "item", 4) != 0 || !key[4] || key[4 + strspn(key + 4, "0123456789")]) {
      char what[100];
      snprintf(what, sizeof what, "pictures: '%.40s'", key);
      if (strcmp(key, "source") != 0 && strcmp(key, "pair_id") != 0) vt_loss_add(&r->l->dropped, 1, what);
      continue;
    }
    r->l->rows++;
    vt__labels_row_of(r->l, image);
    items++;
    const int64_t before = r->l->n;
    rc = read_item(r, it, k, image, *source == 'u' ? VT_STREET : VT_SHOP, e);
    if (!rc) continue;
    r->l->n = before;
    vt_fail_in(e, rc, "%s", key);
    if (!r->o->lenient) return rc;
    vt_fail_in(e, rc, "%s: line %lld", r->path, (long long)it->line);
    rc = vt__labels_problem(r->l, r->o, e);
  }
  vt_loss_add(&r->l->dropped, !items, "source of pictures without items");
  return rc;
}

static int each_path(const char *path, const char *rel, void *ctx, struct vt_err *e)
{
  struct reader *r = ctx;
  if (strcmp(vt_path_ext(rel), "json") != 0) return 0;
  char stem[MAX_FILE_NAME - 40];
  const size_t n = strlen(rel) - 5;
  if (n >= sizeof stem || !vt_utf8_valid(rel, n)) {
    vt_fail(e, VT_EFORMAT, "%s: a name that is too long, or not valid UTF-8", path);
    return vt__labels_problem(r->l, r->o, e);
  }
  memcpy(stem, rel, n);
  stem[n] = 0;
  r->stem = stem;
  r->path = path;
  int rc = vt__json_items(r->l, r->o, path, VT__JSON_WHOLE, each_file, r, e);
  if (rc) rc = vt__labels_problem(r->l, r->o, e); /* of grammar: only this file is lost */
  return rc;
}

static int read_deepfashion2(struct vt_labels *l, const char *root, const struct vt_labels_opts *o,
                             struct vt_err *e)
{
  struct reader r = {.l = l, .o = o, .root = root};
  struct vt_err own = {0};
  if (!e) e = &own;
  memset(r.attribute, -1, sizeof r.attribute);
  int rc = 0, folders = 0;
  for (r.part = 0; r.part < (int)VT_COUNT(part) && !rc; r.part++) {
    struct vt_buf path = {0};
    vt_buf_addf(&path, "%s/%s%sannos", root, part[r.part], *part[r.part] ? "/" : "");
    if (path.failed) rc = vt_fail(e, VT_ENOMEM, "out of memory");
    if (!rc && vt_is_dir(path.data)) {
      folders++;
      rc = vt_walk(path.data, each_path, &r, e);
    }
    vt_buf_clear(&path);
  }
  if (!rc && !folders)
    rc = vt_fail(e, VT_ENOENT, "%s: no annos/, train/annos/, validation/annos/ or test/annos/", root);
  vt_buf_clear(&r.xy);
  vt_buf_clear(&r.start);
  return rc ? rc : vt__labels_end(l, e);
}

/* ---- writing ---- */

struct writer {
  const struct vt_labels *l;
  const char *root;
  struct vt_losses *losses;
  struct vt__names names[VT_COUNT(part)];
};

static int add_polygons(struct writer *w, struct vt_buf *b, const struct vt_instance *in, struct vt_err *e)
{
  struct vt_polygons p;
  int rc = in->shape == VT_SHAPE_POLYGONS ? vt_instance_polygons(w->l, in, &p, e)
                                          : vt__instance_line(w->l, in, &p, w->losses, e);
  if (rc) return rc;
  vt_loss_add(w->losses, !p.n, "masks that are empty");
  vt_buf_adds(b, ", \"segmentation\": [");
  for (int i = 0; i < p.n; i++) {
    vt_buf_adds(b, i ? ", [" : "[");
    for (int k = 2 * p.start[i]; k < 2 * p.start[i + 1]; k++) {
      if (k > 2 * p.start[i]) vt_buf_adds(b, ", ");
      vt__json_number(b, p.xy[k]);
    }
    vt_buf_addc(b, ']');
  }
  vt_buf_addc(b, ']');
  vt_polygons_clear(&p);
  return 0;
}

static void add_attributes(struct writer *w, struct vt_buf *b, const struct vt_instance *in)
{
  for (int k = 0; k < in->nattrs; k++) {
    const char *name = w->l->attributes.v[w->l->attr[in->attrs + (uint32_t)k]].name;
    const size_t n = strcspn(name, "=");
    size_t q = 0;
    while (q < VT_COUNT(quality) && (strlen(quality[q]) != n || memcmp(name, quality[q], n) != 0)) q++;
    const bool ours =
        q < VT_COUNT(quality) && name[n] && name[n + 1] >= '0' && name[n + 1] <= '9' && !name[n + 2];
    vt_loss_add(w->losses, !ours, "attributes of instances");
    if (ours) vt_buf_addf(b, ", \"%s\": %c", quality[q], name[n + 1]);
  }
}

/* The style that the product's name says, 0 if it is of another pair or data set. */
static int64_t style_of(const struct vt_labels *l, const struct vt_instance *in)
{
  char start[32], again[48];
  if (in->product < 0) return 0;
  const char *name = l->products.v[in->product].name;
  const long long pair = l->image[in->image].pair;
  const int n = snprintf(start, sizeof start, "%lld/", pair);
  const long long style = strncmp(name, start, (size_t)n) != 0 ? 0 : strtoll(name + n, NULL, 10);
  snprintf(again, sizeof again, "%s%lld", start, style);
  return style > 0 && style <= max_id && !strcmp(name, again) ? style : 0;
}

static int add_item(struct writer *w, struct vt_buf *b, const struct vt_instance *in, int number,
                    struct vt_err *e)
{
  const struct vt_label_class *c = &w->l->classes.v[in->cls];
  const int64_t style = style_of(w->l, in);
  struct vt_box k;
  int rc = vt__instance_box(w->l, in, &k, e);
  if (rc) return rc;
  if (c->id < 0 || c->id > max_id) return vt_fail(e, VT_EUNSUPPORTED, "class id %lld", (long long)c->id);
  vt_loss_add(w->losses, in->product >= 0 && !style, "products that are no PAIR/STYLE");
  vt_loss_add(w->losses, in->flags & VT_CROWD ? 1 : 0, "crowd flags of instances");
  vt_buf_addf(b, ",\n \"item%d\": {\"category_id\": %lld, \"category_name\": ", number, (long long)c->id);
  vt__json_string(b, c->name);
  const double v[] = {k.x, k.y, k.x + k.w, k.y + k.h};
  for (int i = 0; i < 4; i++) {
    vt_buf_adds(b, i ? ", " : ", \"bounding_box\": [");
    vt__json_number(b, v[i]);
  }
  vt_buf_addf(b, "], \"style\": %lld", (long long)style);
  add_attributes(w, b, in);
  if (in->npoints) {
    vt_buf_adds(b, ", \"landmarks\": ");
    vt__labels_put_points(b, w->l, in);
  }
  if (in->shape && (rc = add_polygons(w, b, in, e))) return rc;
  vt_buf_addc(b, '}');
  return 0;
}

/* The stem of [PART/]image/STEM.jpg if that is the picture's name; else one made of its name, and a loss. */
static const char *stem_of(struct writer *w, const struct vt_label_image *im, int p, struct vt_err *e)
{
  char start[24], file[MAX_FILE_NAME];
  const int n = snprintf(start, sizeof start, "%s%simage/", part[p], *part[p] ? "/" : "");
  struct vt_label_image bare = *im;
  if (!strncmp(im->file, start, (size_t)n)) bare.file += n;
  const char *stem = vt__names_take(&w->names[p], &bare, e);
  snprintf(file, sizeof file, "%s%s.jpg", start, stem ? stem : "");
  vt_loss_add(w->losses, stem && strcmp(file, im->file) != 0,
              "names of pictures: they become image/NAME.jpg");
  return stem;
}

static int write_picture(struct writer *w, int32_t image, const int64_t *row, int64_t n, struct vt_err *e)
{
  const struct vt_label_image *im = &w->l->image[image];
  const int p = im->split == VT_SPLIT_TRAIN  ? 0
                : im->split == VT_SPLIT_VAL  ? 1
                : im->split == VT_SPLIT_TEST ? 2
                                             : 3;
  const bool shop = n && w->l->v[row[0]].flags & VT_SHOP;
  struct vt_buf b = {0}, path = {0};
  const char *stem = stem_of(w, im, p, e);
  int rc = !stem                               ? VT_ENOMEM
           : im->pair < 0 || im->pair > max_id ? vt_fail(e, VT_EUNSUPPORTED, "pair %lld", (long long)im->pair)
                                               : 0;
  vt_buf_addf(&b, "{\"source\": \"%s\", \"pair_id\": %lld", shop ? "shop" : "user", (long long)im->pair);
  for (int64_t i = 0; i < n && !rc; i++) {
    const struct vt_instance *in = &w->l->v[row[i]];
    vt_loss_add(w->losses, shop != ((in->flags & VT_SHOP) != 0),
                "sources of instances that differ in one picture");
    vt_loss_add(w->losses, !(in->flags & (VT_SHOP | VT_STREET)),
                "that the source is unknown: \"user\" is written");
    rc = add_item(w, &b, in, (int)(i + 1), e);
  }
  vt_buf_adds(&b, "}\n");
  vt_loss_add(w->losses, *im->url != 0, "urls of pictures");
  vt_loss_add(w->losses, !n, "that pictures without items have no source: \"user\" is written");
  vt_buf_addf(&path, "%s%sannos/%s.json", part[p], *part[p] ? "/" : "", stem ? stem : "");
  if (!rc && path.failed) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) rc = vt__folder_write(w->root, path.data, &b, e);
  vt_buf_clear(&b);
  vt_buf_clear(&path);
  return rc;
}

static int write_deepfashion2(const struct vt_labels *l, const char *root, const struct vt_labels_opts *o,
                              struct vt_losses *losses, struct vt_err *e)
{
  struct writer w = {.l = l, .root = root, .losses = losses};
  int64_t *order, *start, names = 0, scores = 0;
  bool used[VT_COUNT(part)] = {0};
  int rc = vt_labels_by(l, VT_BY_IMAGE, &order, &start, e);
  for (int k = 0; k < l->classes.n; k++) names += l->classes.v[k].npoints;
  for (int64_t i = 0; i < l->n; i++) scores += l->v[i].score != 1;
  vt_loss_add(losses, names, "names of key points");
  vt_loss_add(losses, scores, "scores of instances");
  vt__lose_details(l, VT__LOSE_UNUSED, losses);
  for (int32_t k = 0; k < l->nimages; k++) used[VT_MIN(l->image[k].split, 3)] = true;
  for (size_t p = 0; p < VT_COUNT(part) && !rc; p++) {
    char sub[32];
    snprintf(sub, sizeof sub, "%s%sannos", part[p], *part[p] ? "/" : "");
    if (used[p]) rc = vt__folder_make(root, sub, e);
  }
  for (int32_t k = 0; k < l->nimages && !rc; k++)
    rc = write_picture(&w, k, order + start[k], start[k + 1] - start[k], e);
  for (size_t p = 0; p < VT_COUNT(part); p++) vt__names_clear(&w.names[p]);
  vt_free(order);
  vt_free(start);
  return rc;
}

const struct vt_format vt_format_deepfashion2 = {
    .name = "deepfashion2",
    .what = "DeepFashion2's folder: annos/NNNNNN.json, one a picture",
    .read = read_deepfashion2,
    .write = write_deepfashion2,
};
