/* Label maps: a folder of PNGs whose pixels are classes, with all that pixels cannot say in tables beside
 * them.
 *
 *   classes.csv     value,id,name,supercategory      value: 1..255, what the pixels of the class hold
 *   attributes.csv  id,name,supercategory            where there are any
 *   images.csv      image,id,map,split               map: NAME of both PNGs
 *   instances.csv   image,number,value,id,crowd,attributes    attributes: ids joined by _
 *   labels/NAME.png     8 bit: class value, 0 = nothing
 *   instances/NAME.png  8 bit: number of the instance in its picture, 1..255, 0 = nothing
 *
 * With instances.csv nothing is lost but what later masks cover, a 256th instance of a picture, and box-only
 * instances' being boxes (they are filled). Reading a folder of other origin needs only the PNGs, in labels/
 * or in the folder itself: each value of a picture is then one instance, classes are named by classes.csv or
 * their value; pictures are named as their photos in --images, whose names differ from the maps' in the
 * ending alone, or as the maps; splits are those of folders (train/, val2017/). */
#include "data/formats/folder.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_VALUE = 255 };

/* ---- writing ---- */

struct writer {
  const struct vt_labels *l;
  const char *root;
  struct vt_losses *losses;
  struct vt_buf images, instances;
  uint8_t *value; // (classes): what their pixels hold
};

static int write_classes(struct writer *w, struct vt_err *e)
{
  const struct vt_label_list *c = &w->l->classes;
  struct vt_buf b = {0};
  bool by_id = true; /* value = id + 1 where all ids allow it: they stay recognisable */
  for (int k = 0; k < c->n; k++) by_id = by_id && c->v[k].id >= 0 && c->v[k].id < MAX_VALUE;
  if (!by_id && c->n > MAX_VALUE)
    return vt_fail(e, VT_EUNSUPPORTED, "%s: %d classes, an 8-bit label map holds %d", w->root, c->n,
                   MAX_VALUE);
  vt_buf_adds(&b, "value,id,name,supercategory\n");
  for (int k = 0; k < c->n; k++) {
    w->value[k] = (uint8_t)(by_id ? c->v[k].id + 1 : k + 1);
    vt_buf_addf(&b, "%d,%lld", w->value[k], (long long)c->v[k].id);
    vt_csv_put(&b, c->v[k].name, false);
    vt_csv_put(&b, c->v[k].super, false);
    vt_buf_addc(&b, '\n');
  }
  int rc = vt__folder_write(w->root, "classes.csv", &b, e);
  const struct vt_label_list *a = &w->l->attributes;
  if (rc || !a->n) return rc;
  vt_buf_adds(&b, "id,name,supercategory\n");
  for (int k = 0; k < a->n; k++) {
    vt_buf_addf(&b, "%lld", (long long)a->v[k].id);
    vt_csv_put(&b, a->v[k].name, false);
    vt_csv_put(&b, a->v[k].super, false);
    vt_buf_addc(&b, '\n');
  }
  return vt__folder_write(w->root, "attributes.csv", &b, e);
}

static void add_row(struct writer *w, const struct vt_instance *in, int number)
{
  struct vt_buf *b = &w->instances;
  vt_csv_put(b, w->l->image[in->image].file, true);
  vt_buf_addf(b, ",%d,%d,%lld,%d,", number, w->value[in->cls], (long long)in->id,
              in->flags & VT_CROWD ? 1 : 0);
  for (int k = 0; k < in->nattrs; k++)
    vt_buf_addf(b, "%s%lld", k ? "_" : "",
                (long long)w->l->attributes.v[w->l->attr[in->attrs + (uint32_t)k]].id);
  vt_buf_addc(b, '\n');
}

static int paint(struct writer *w, struct vt_image *labels, struct vt_image *numbers, const int64_t *row,
                 int64_t n, struct vt_err *e)
{
  int number = 0;
  int64_t covered = 0, left_out = 0;
  for (int64_t i = 0; i < n; i++) {
    const struct vt_instance *in = &w->l->v[row[i]];
    struct vt_mask m, before;
    if (number == MAX_VALUE) {
      left_out++;
      continue;
    }
    int rc = vt_instance_mask(w->l, in, &m, e);
    if (rc) return rc;
    if (!(rc =
              vt_mask_from_bitmap(&before, numbers->px, numbers->width, numbers->height, numbers->stride, e)))
      covered += vt_mask_both(&m, &before);
    vt_mask_clear(&before);
    vt_mask_to_bitmap(&m, labels->px, labels->stride, w->value[in->cls]);
    vt_mask_to_bitmap(&m, numbers->px, numbers->stride, (uint8_t)++number);
    vt__lose_measures(in, &m, w->losses);
    vt_mask_clear(&m);
    if (rc) return rc;
    add_row(w, in, number);
  }
  vt_loss_add(w->losses, covered, "pixels of masks that later masks of the picture cover");
  vt_loss_add(w->losses, left_out, "instances beyond the 255th of a picture");
  return 0;
}

static int write_picture(struct writer *w, const char *name, int32_t image, const int64_t *row, int64_t n,
                         struct vt_err *e)
{
  const struct vt_label_image *im = &w->l->image[image];
  struct vt_image labels = {0}, numbers = {0};
  if (!im->width) return vt__no_size(im, e);
  int rc = vt_image_init(&labels, im->width, im->height, 1, e);
  if (!rc) rc = vt_image_init(&numbers, im->width, im->height, 1, e);
  if (!rc) rc = paint(w, &labels, &numbers, row, n, e);
  if (!rc) rc = vt__folder_png(w->root, "labels", name, &labels, e);
  if (!rc) rc = vt__folder_png(w->root, "instances", name, &numbers, e);
  vt_image_clear(&labels);
  vt_image_clear(&numbers);
  if (rc) return rc;
  vt_csv_put(&w->images, im->file, true);
  vt_buf_addf(&w->images, ",%lld", (long long)im->id);
  vt_csv_put(&w->images, name, false);
  vt_csv_put(&w->images, vt__split_name(im->split), false);
  vt_buf_addc(&w->images, '\n');
  return 0;
}

static int write_label_maps(const struct vt_labels *l, const char *root, const struct vt_labels_opts *o,
                            struct vt_losses *losses, struct vt_err *e)
{
  struct writer w = {.l = l, .root = root, .losses = losses};
  struct vt__names names = {0};
  int64_t *order = vt_labels_by_image(l, e), at = 0;
  vt__lose_links(l, losses);
  vt__lose_details(l, VT__LOSE_POINTS | VT__LOSE_POLYGONS, losses);
  w.value = vt_calloc((size_t)l->classes.n + 1, 1);
  int rc = order && w.value ? vt__folder_make(root, "labels", e) : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) rc = vt__folder_make(root, "instances", e);
  if (!rc) rc = write_classes(&w, e);
  vt_buf_adds(&w.images, "image,id,map,split\n");
  vt_buf_adds(&w.instances, "image,number,value,id,crowd,attributes\n");
  for (int32_t k = 0; k < l->nimages && !rc; k++) {
    int64_t n = 0;
    while (at + n < l->n && l->v[order[at + n]].image == k) n++;
    const char *name = vt__names_take(&names, &l->image[k], e);
    rc = name ? write_picture(&w, name, k, order + at, n, e) : VT_ENOMEM;
    at += n;
  }
  if (!rc) rc = vt__folder_write(root, "images.csv", &w.images, e);
  if (!rc) rc = vt__folder_write(root, "instances.csv", &w.instances, e);
  vt_buf_clear(&w.images);
  vt_buf_clear(&w.instances);
  vt__names_clear(&names);
  vt_free(w.value);
  vt_free(order);
  return rc;
}

/* ---- reading ---- */

struct row { /* of instances.csv */
  int32_t image;
  int64_t line, first_attr, id;
  int number, value, nattrs, crowd;
};
struct reader {
  struct vt_labels *l;
  const struct vt_labels_opts *o;
  const char *root;
  int32_t cls[MAX_VALUE + 1]; /* class of a value, -1 unknown */
  struct row *row;            /* NULL: no instances.csv */
  int64_t nrows, cap_rows;
  int32_t *attr;
  int64_t nattr, cap_attr;
};

static int whole(const struct vt_csv *c, int column, int64_t lo, int64_t hi, int64_t *out, struct vt_err *e)
{
  if (vt_parse_i64(c->field[column], out) && *out >= lo && *out <= hi) return 0;
  return vt_fail(e, VT_EFORMAT, "%s: line %lld: %s '%.40s': expected %lld to %lld", c->path,
                 (long long)c->line, c->column[column], c->field[column], (long long)lo, (long long)hi);
}

static int read_classes(struct reader *r, bool attributes, struct vt_err *e)
{
  struct vt_csv c;
  int value = -1, id, name, super;
  char *path = vt_path_join(NULL, r->root, attributes ? "attributes.csv" : "classes.csv");
  int rc = path ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  if (rc || !vt_is_file(path)) goto out;
  if ((rc = vt_csv_open(&c, path, e))) goto out;
  if (!attributes) rc = vt_csv_need(&c, "value", &value, e);
  if (!rc) rc = vt_csv_need(&c, "id", &id, e);
  if (!rc) rc = vt_csv_need(&c, "name", &name, e);
  super = vt_csv_find(&c, "supercategory");
  while (!rc && (rc = vt_csv_next(&c, e)) == 1) {
    int64_t v = 0, n;
    rc = whole(&c, id, INT64_MIN, INT64_MAX, &n, e);
    if (!rc && !attributes) rc = whole(&c, value, 1, MAX_VALUE, &v, e);
    if (!rc && !attributes && r->cls[v] >= 0)
      rc = vt_fail(e, VT_EFORMAT, "%s: line %lld: value %lld stands twice", path, (long long)c.line,
                   (long long)v);
    if (rc) break;
    int32_t p = vt__labels_add_class(r->l, attributes, n, c.field[name], super >= 0 ? c.field[super] : "", e);
    if (p < 0) rc = vt_fail_in(e, p, "%s: line %lld", path, (long long)c.line);
    if (!attributes) r->cls[v] = p;
  }
  vt__labels_csv_close(r->l, &c);
out:
  vt_free(path);
  return rc;
}

static int read_attributes(struct reader *r, struct row *row, const char *s, const struct vt_csv *c,
                           struct vt_err *e)
{
  row->first_attr = r->nattr;
  for (char *end; *s; s = end + (*end == '_')) {
    int64_t id = strtoll(s, &end, 10);
    int32_t p = end == s ? -1 : vt__labels_find_class(r->l, true, id);
    if (p < 0 || (*end && *end != '_'))
      return vt_fail(e, VT_EFORMAT, "%s: line %lld: attributes '%.40s': not in attributes.csv", c->path,
                     (long long)c->line, s);
    if (r->nattr == r->cap_attr) {
      int64_t cap = r->cap_attr ? 2 * r->cap_attr : 64;
      int32_t *v = vt_reallocarray(r->attr, (size_t)cap, sizeof *v);
      if (!v) return vt_fail(e, VT_ENOMEM, "out of memory");
      r->attr = v;
      r->cap_attr = cap;
    }
    if (row->nattrs++ == VT__MAX_ATTRS_OF_ONE)
      return vt_fail(e, VT_ELIMIT, "%s: too many attributes", c->path);
    r->attr[r->nattr++] = p;
  }
  return 0;
}

static int read_instance_row(struct reader *r, const struct vt_csv *c, const int *column, struct vt_err *e)
{
  if (r->nrows == r->cap_rows) {
    int64_t cap = r->cap_rows ? 2 * r->cap_rows : 256;
    struct row *v = vt_reallocarray(r->row, (size_t)cap, sizeof *v);
    if (!v) return vt_fail(e, VT_ENOMEM, "out of memory");
    r->row = v;
    r->cap_rows = cap;
  }
  struct row *row = &r->row[r->nrows];
  int64_t number, value, id, crowd;
  vt__labels_row_of(r->l, vt__labels_find_file(r->l, c->field[column[0]]));
  int rc = whole(c, column[1], 1, MAX_VALUE, &number, e);
  if (!rc) rc = whole(c, column[2], 1, MAX_VALUE, &value, e);
  if (!rc) rc = whole(c, column[3], INT64_MIN, INT64_MAX, &id, e);
  if (!rc) rc = whole(c, column[4], 0, 1, &crowd, e);
  if (rc) return rc;
  *row = (struct row){.image = vt__labels_find_file(r->l, c->field[column[0]]),
                      .line = c->line,
                      .number = (int)number,
                      .value = (int)value,
                      .id = id,
                      .crowd = (int)crowd};
  if (row->image < 0 || r->cls[value] < 0)
    return vt_fail(e, VT_EFORMAT, "%s: line %lld: %s is in neither images.csv nor classes.csv", c->path,
                   (long long)c->line, row->image < 0 ? c->field[column[0]] : c->field[column[2]]);
  if (r->nrows && row->image < row[-1].image)
    return vt_fail(e, VT_EFORMAT, "%s: line %lld: pictures must come in the order of images.csv", c->path,
                   (long long)c->line);
  for (const struct row *k = row; k > r->row && k[-1].image == row->image; k--)
    if (k[-1].number == row->number)
      return vt_fail(e, VT_EFORMAT, "%s: line %lld: number %d stands twice", c->path, (long long)c->line,
                     row->number);
  if ((rc = read_attributes(r, row, c->field[column[5]], c, e))) return rc;
  r->nrows++;
  return 0;
}

static int read_instance_rows(struct reader *r, struct vt_err *e)
{
  static const char *const names[] = {"image", "number", "value", "id", "crowd", "attributes"};
  struct vt_csv c;
  int column[6];
  char *path = vt_path_join(NULL, r->root, "instances.csv");
  int rc = path ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  if (rc || !vt_is_file(path)) goto out;
  if ((rc = vt_csv_open(&c, path, e))) goto out;
  for (int k = 0; k < 6 && !rc; k++) rc = vt_csv_need(&c, names[k], &column[k], e);
  c.lenient_utf8 = r->o->lenient;
  while (!rc && (rc = vt_csv_next(&c, e)) != 0) {
    if (rc < 0 && rc != VT_EFORMAT) break;
    rc = rc > 0 ? read_instance_row(r, &c, column, e) : rc;
    if (!rc) continue;
    r->l->rows++;
    rc = vt__labels_problem(r->l, r->o, e);
  }
  if (!rc && !r->row && !(r->row = vt_calloc(1, sizeof *r->row))) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  vt__labels_csv_close(r->l, &c);
out:
  vt_free(path);
  return rc;
}

static int push_mask(struct reader *r, const struct vt_image *map, int value, int32_t image, int32_t cls,
                     struct vt_instance **in, struct vt_err *e)
{
  struct vt_mask m;
  int rc = vt_mask_from_labels(&m, map->px, map->width, map->height, map->stride, (uint8_t)value, e);
  if (rc) return rc;
  *in = vt__labels_push(r->l, e);
  if (*in) {
    (*in)->image = image;
    (*in)->cls = cls;
    (*in)->id = r->l->n;
    (*in)->area = (double)vt_mask_area(&m);
    (*in)->box = vt_mask_box(&m);
    (*in)->hash = vt_hash64(m.runs, (uint64_t)m.n * sizeof *m.runs);
    rc = r->o->no_shapes ? 0 : vt__labels_set_mask(r->l, *in, &m, e);
  } else
    rc = VT_ENOMEM;
  vt_mask_clear(&m);
  r->l->rows++;
  return rc;
}

/* One instance per row of the picture, taken from the map of numbers. */
static int take_numbered(struct reader *r, const struct vt_image *map, int32_t image, int64_t *at,
                         struct vt_err *e)
{
  for (; *at < r->nrows && r->row[*at].image == image; ++*at) {
    const struct row *row = &r->row[*at];
    struct vt_instance *in;
    int rc = push_mask(r, map, row->number, image, r->cls[row->value], &in, e);
    if (rc) return rc;
    in->id = row->id;
    in->line = row->line;
    if (row->crowd) in->flags |= VT_CROWD;
    if (row->nattrs && (rc = vt__labels_set_attrs(r->l, in, r->attr + row->first_attr, row->nattrs, e)))
      return rc;
  }
  return 0;
}

/* One instance per value that occurs. */
static int take_values(struct reader *r, const struct vt_image *map, int32_t image, struct vt_err *e)
{
  bool there[MAX_VALUE + 1] = {false};
  for (int y = 0; y < map->height; y++)
    for (int x = 0; x < map->width; x++) there[map->px[y * map->stride + x]] = true;
  for (int v = 1; v <= MAX_VALUE; v++) {
    struct vt_instance *in;
    if (!there[v]) continue;
    if (r->cls[v] < 0) {
      char name[12];
      snprintf(name, sizeof name, "%d", v);
      if ((r->cls[v] = vt__labels_add_class(r->l, false, v - 1, name, "", e)) < 0) return r->cls[v];
    }
    int rc = push_mask(r, map, v, image, r->cls[v], &in, e);
    if (rc) return rc;
  }
  return 0;
}

static int read_map(struct reader *r, const char *path, int32_t image, int64_t *at, struct vt_err *e)
{
  struct vt_image map = {0};
  int rc = vt_image_read(&map, path, &(struct vt_decode_opts){.labels = true}, NULL, e);
  if (rc) {
    vt__labels_row_of(r->l, image); /* it may have shown something */
    rc = vt__labels_problem(r->l, r->o, e);
    for (; !rc && at && *at < r->nrows && r->row[*at].image == image; ++*at) { /* its rows go with it */
      r->l->rows++;
      vt_fail(e, VT_EFORMAT, "%s/instances.csv: line %lld: its map %s cannot be read", r->root,
              (long long)r->row[*at].line, path);
      rc = vt__labels_problem(r->l, r->o, e);
    }
    return rc;
  }
  r->l->image[image].width = map.width;
  r->l->image[image].height = map.height;
  rc = at ? take_numbered(r, &map, image, at, e) : take_values(r, &map, image, e);
  vt_image_clear(&map);
  return rc;
}

struct pictures {
  struct vt_arena arena;
  const char **map; // (n) names of the PNGs, by picture
  int64_t n, cap;
};

static int read_image_row(struct reader *r, const struct vt_csv *c, const int *column, struct pictures *p,
                          struct vt_err *e)
{
  int64_t number = r->l->nimages + 1;
  uint8_t part = VT_SPLIT_NONE;
  const char *map = c->field[column[1]], *split = column[3] >= 0 ? c->field[column[3]] : "";
  int rc = column[2] >= 0 ? whole(c, column[2], INT64_MIN, INT64_MAX, &number, e) : 0;
  if (rc) return rc;
  if (strstr(map, "..") || map[0] == '/')
    return vt_fail(e, VT_EFORMAT, "%s: line %lld: map '%.100s' leaves the folder", c->path,
                   (long long)c->line, map);
  if (*split && !vt__split_word(split, &part))
    return vt_fail(e, VT_EFORMAT, "%s: line %lld: split '%.40s'", c->path, (long long)c->line, split);
  if (p->n == p->cap) {
    const int64_t cap = p->cap ? 2 * p->cap : 64;
    const char **v = vt_reallocarray(p->map, (size_t)cap, sizeof *v);
    if (!v) return vt_fail(e, VT_ENOMEM, "out of memory");
    p->map = v;
    p->cap = cap;
  }
  if (!(p->map[p->n] = vt_arena_strdup(&p->arena, map))) return vt_fail(e, VT_ENOMEM, "out of memory");
  int32_t image = vt__labels_add_image(r->l, number, c->field[column[0]], 0, 0, e);
  if (image < 0) return vt_fail_in(e, image, "%s: line %lld", c->path, (long long)c->line);
  r->l->image[image].split = part;
  p->n++;
  return 0;
}

static int read_image_rows(struct reader *r, const char *list, struct pictures *p, struct vt_err *e)
{
  struct vt_csv c;
  int column[4], rc = vt_csv_open(&c, list, e);
  if (rc) return rc;
  c.lenient_utf8 = r->o->lenient;
  rc = vt_csv_need(&c, "image", &column[0], e);
  if (!rc) rc = vt_csv_need(&c, "map", &column[1], e);
  column[2] = vt_csv_find(&c, "id");
  column[3] = vt_csv_find(&c, "split");
  while (!rc && (rc = vt_csv_next(&c, e)) != 0) {
    if (rc < 0 && rc != VT_EFORMAT) break;
    rc = rc > 0 ? read_image_row(r, &c, column, p, e) : rc;
    if (rc) rc = vt__labels_problem(r->l, r->o, e);
  }
  vt__labels_csv_close(r->l, &c);
  return rc;
}

static int read_images(struct reader *r, const char *list, struct vt_err *e)
{
  struct pictures p = {.n = 0};
  int64_t at = 0;
  vt_arena_init(&p.arena);
  int rc = read_image_rows(r, list, &p, e);
  if (!rc) rc = read_instance_rows(r, e);
  for (int64_t k = 0; k < p.n && !rc; k++) {
    struct vt_buf path = {0};
    vt_buf_addf(&path, "%s/%s/%s.png", r->root, r->row ? "instances" : "labels", p.map[k]);
    rc = path.failed ? vt_fail(e, VT_ENOMEM, "out of memory")
                     : read_map(r, path.data, (int32_t)k, r->row ? &at : NULL, e);
    vt_buf_clear(&path);
  }
  vt_free(p.map);
  vt_arena_clear(&p.arena);
  return rc;
}

/* The name of the picture whose map of other origin this is: that of its photo in --images, else the map's.
 */
static int name_picture(const struct reader *r, const char *map, char *name, size_t size, struct vt_err *e)
{
  char *stem = vt_strdup(map);
  if (!stem) return vt_fail(e, VT_ENOMEM, "out of memory");
  stem[strlen(stem) - strlen(".png")] = 0;
  snprintf(name, size, "%s", map);
  const int rc = vt__folder_name(r->o->images, stem, name, size, e);
  vt_free(stem);
  return rc < 0 ? rc : 0;
}

static int each_map(const char *path, const char *rel, void *ctx, struct vt_err *e)
{
  enum { MAX_NAME = 1000 };
  struct reader *r = ctx;
  char name[MAX_NAME + 8];
  if (strcmp(vt_path_ext(rel), "png") != 0) return 0;
  int rc = strlen(rel) <= MAX_NAME ? name_picture(r, rel, name, sizeof name, e)
                                   : vt_fail(e, VT_ELIMIT, "%s: a name of over %d bytes", path, MAX_NAME);
  const int32_t p = rc ? rc : vt__labels_need_image(r->l, name, e);
  if (!rc && p < 0) vt_fail_in(e, p, "%s", path);
  if (p < 0) return vt__labels_problem(r->l, r->o, e);
  vt__split_folder(rel, &r->l->image[p].split);
  return read_map(r, path, p, NULL, e);
}

static int read_label_maps(struct vt_labels *l, const char *root, const struct vt_labels_opts *o,
                           struct vt_err *e)
{
  struct reader r = {.l = l, .o = o, .root = root};
  struct vt_err own = {0};
  if (!e) e = &own;
  for (int v = 0; v <= MAX_VALUE; v++) r.cls[v] = -1;
  if (!vt_is_dir(root)) return vt_fail(e, VT_ENOENT, "%s: no such folder", root);
  char *list = vt_path_join(NULL, root, "images.csv"), *maps = vt_path_join(NULL, root, "labels");
  int rc = list && maps ? read_classes(&r, false, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) rc = read_classes(&r, true, e);
  if (!rc)
    rc =
        vt_is_file(list) ? read_images(&r, list, e) : vt_walk(vt_is_dir(maps) ? maps : root, each_map, &r, e);
  if (!rc && !l->nimages) rc = vt_fail(e, VT_ENOENT, "%s: no label map (.png)", root);
  vt_free(list);
  vt_free(maps);
  vt_free(r.row);
  vt_free(r.attr);
  return rc ? rc : vt__labels_end(l, e);
}

const struct vt_format vt_format_label_maps = {
    .name = "label-maps",
    .what = "folder of 8-bit PNGs: classes and instances by pixel, tables beside them",
    .read = read_label_maps,
    .write = write_label_maps,
};
