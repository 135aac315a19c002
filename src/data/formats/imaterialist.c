/* iMaterialist (Fashion) 2019 to 2021: a CSV with one mask a row, and label_descriptions.json beside it.
 *
 *   ImageId,EncodedPixels,Height,Width,ClassId[,AttributesIds]
 *   EncodedPixels: "start length start length ...", pixels counted from 1, column by column
 *   ClassId:       a category's id; in 2019 followed by its attributes' ids, "6_1_34"
 *   AttributesIds: from 2020 on, "1,34"
 *
 * label_descriptions.json names categories and attributes as COCO's json does; without it classes are named
 * by their numbers. Rows stream: what is kept of one is an instance, and its mask unless only measures are
 * wanted. */
#include "data/formats/coco.h"
#include "data/formats/text_out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct columns {
  int image, pixels, height, width, cls, attrs; /* attrs -1: in ClassId */
};
struct reader {
  struct vt_labels *l;
  const struct vt_labels_opts *o;
  struct vt_csv csv;
  struct columns c;
  bool described; /* label_descriptions.json was read: other ids are unknown */
};

static const char *const names[] = {"ImageId", "EncodedPixels", "Height",
                                    "Width",   "ClassId",       "AttributesIds"};

static int find_columns(const struct vt_csv *csv, struct columns *c, struct vt_err *e)
{
  int rc = vt_csv_need(csv, "ImageId", &c->image, e);
  if (!rc) rc = vt_csv_need(csv, "EncodedPixels", &c->pixels, e);
  if (!rc) rc = vt_csv_need(csv, "Height", &c->height, e);
  if (!rc) rc = vt_csv_need(csv, "Width", &c->width, e);
  if (!rc) rc = vt_csv_need(csv, "ClassId", &c->cls, e);
  c->attrs = vt_csv_find(csv, "AttributesIds");
  return rc;
}

/* label_descriptions.json beside the table: vt_free; NULL: out of memory. */
static char *descriptions_beside(const char *path)
{
  char *dir = vt_path_dir(NULL, path);
  char *beside = dir ? vt_path_join(NULL, dir, "label_descriptions.json") : NULL;
  vt_free(dir);
  return beside;
}

static int read_descriptions(struct reader *r, const char *path, struct vt_err *e)
{
  char *beside = r->o->extra ? NULL : descriptions_beside(path);
  if (!r->o->extra && !beside) return vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
  int rc = 0;
  if (r->o->extra || vt_is_file(beside)) {
    rc = vt__coco_read_classes(r->l, beside ? beside : r->o->extra, e);
    r->described = true;
  }
  vt_free(beside);
  return rc;
}

/* Position of the class or attribute whose id stands at *s, which moves behind it. */
static int32_t class_at(struct reader *r, bool attribute, const char **s, struct vt_err *e)
{
  char *end;
  long id = strtol(*s, &end, 10);
  if (**s < '0' || **s > '9' || id > 1000000)
    return vt_fail(e, VT_EFORMAT, "%s: '%.40s' is no number", attribute ? "attribute" : "ClassId", *s);
  *s = end;
  int32_t p = vt__labels_find_class(r->l, attribute, id);
  if (p >= 0) return p;
  if (r->described)
    return vt_fail(e, VT_EFORMAT, "there is no %s of id %ld in label_descriptions.json",
                   attribute ? "attribute" : "category", id);
  char name[24];
  snprintf(name, sizeof name, "%ld", id);
  return vt__labels_add_class(r->l, attribute, id, name, "", e);
}

static int read_class(struct reader *r, struct vt_instance *in, struct vt_err *e)
{
  int32_t attr[VT__MAX_ATTRS_OF_ONE];
  int n = 0;
  const char *s = r->csv.field[r->c.cls], *more = r->c.attrs >= 0 ? r->csv.field[r->c.attrs] : "";
  if ((in->cls = class_at(r, false, &s, e)) < 0) return in->cls;
  for (; *s == '_'; n++) {
    s++;
    if (n == VT__MAX_ATTRS_OF_ONE) return vt_fail(e, VT_ELIMIT, "more than %d attributes", n);
    if ((attr[n] = class_at(r, true, &s, e)) < 0) return attr[n];
  }
  if (*s) return vt_fail(e, VT_EFORMAT, "ClassId '%.40s': expected a number, or numbers joined by _", s);
  for (; *more; n++) {
    if (n == VT__MAX_ATTRS_OF_ONE) return vt_fail(e, VT_ELIMIT, "more than %d attributes", n);
    if ((attr[n] = class_at(r, true, &more, e)) < 0) return attr[n];
    if (*more && *more != ',') return vt_fail(e, VT_EFORMAT, "AttributesIds '%.40s': expected a comma", more);
    more += *more == ',';
  }
  return n ? vt__labels_set_attrs(r->l, in, attr, n, e) : 0;
}

static int read_side(const char *text, const char *name, int32_t *out, struct vt_err *e)
{
  double v; /* pandas writes 800.0 where a column once held a gap */
  if (!vt__number(text, strlen(text), &v) || v != (int32_t)VT_CLAMP(v, 0, 1e9) || v < 1 || v > VT_MAX_SIDE)
    return vt_fail(e, VT_EFORMAT, "%s '%.40s': expected 1 to %d", name, text, VT_MAX_SIDE);
  *out = (int32_t)v;
  return 0;
}

/* Sum of the lengths of runs that make no mask, as far as they can be read. */
static double sum_of_lengths(const char *s)
{
  double sum = 0;
  for (char *end;; s = end) {
    strtoll(s, &end, 10);
    if (end == s) return sum;
    long long length = strtoll(s = end, &end, 10);
    if (end == s) return sum;
    sum += (double)VT_CLAMP(length, 0, 1LL << 40);
  }
}

static int read_mask(struct reader *r, struct vt_instance *in, struct vt_err *e)
{
  struct vt_mask m;
  const char *text = r->csv.field[r->c.pixels];
  int rc = vt_mask_from_pairs(&m, text, in->width, in->height, e);
  in->hash = vt_hash64(text, (uint64_t)r->csv.length[r->c.pixels]);
  if (rc == VT_EFORMAT && r->o->keep_bad) {
    in->flags |= VT_BAD_SHAPE;
    in->area = sum_of_lengths(text);
    if (e) *e = (struct vt_err){0};
    return 0;
  }
  if (rc) return vt_fail_in(e, rc, "EncodedPixels");
  in->area = (double)vt_mask_area(&m);
  in->box = vt_mask_box(&m);
  if (!r->o->no_shapes) rc = vt__labels_set_mask(r->l, in, &m, e);
  vt_mask_clear(&m);
  return rc;
}

static int read_row(struct reader *r, struct vt_err *e)
{
  struct vt_labels *l = r->l;
  const char *image = r->csv.field[r->c.image];
  struct vt_instance *in = vt__labels_push(l, e);
  if (!in) return VT_ENOMEM;
  in->line = r->csv.line;
  int rc = *image ? 0 : vt_fail(e, VT_EFORMAT, "ImageId is empty");
  if (!rc) rc = read_side(r->csv.field[r->c.height], "Height", &in->height, e);
  if (!rc) rc = read_side(r->csv.field[r->c.width], "Width", &in->width, e);
  if (!rc) rc = read_class(r, in, e);
  if (!rc) rc = read_mask(r, in, e);
  if (!rc && (in->image = vt__labels_need_image(l, image, e)) < 0) rc = in->image;
  if (!rc) {
    struct vt_label_image *im = &l->image[in->image];
    if (!im->width) {
      im->width = in->width;
      im->height = in->height;
    } else if ((im->width != in->width || im->height != in->height) && !r->o->keep_bad)
      rc = vt_fail(e, VT_EFORMAT, "%s is %d x %d here, %d x %d before", image, in->width, in->height,
                   im->width, im->height);
  }
  if (rc) l->n--;
  return rc;
}

static int read_rows(struct reader *r, const char *path, struct vt_err *e)
{
  int rc;
  while ((rc = vt_csv_next(&r->csv, e)) != 0) {
    if (rc < 0 && rc != VT_EFORMAT) return rc;
    bool row = rc > 0;
    r->l->rows++;
    if (row && (rc = read_row(r, e)) < 0) vt_fail_in(e, rc, "%s: line %lld", path, (long long)r->csv.line);
    if (rc < 0 && (rc = vt__labels_problem_at(r->l, r->csv.line, r->o, e))) return rc;
    if (r->l->rows % 4096 == 0 && vt_interrupted())
      return vt_fail(e, VT_EINTERRUPTED, "%s: interrupted", path);
  }
  return 0;
}

static int read_imaterialist(struct vt_labels *l, const char *path, const struct vt_labels_opts *o,
                             struct vt_err *e)
{
  struct reader r = {.l = l, .o = o};
  struct vt_err own = {0};
  if (!e) e = &own;
  int rc = read_descriptions(&r, path, e);
  if (rc) return rc;
  if ((rc = vt_csv_open(&r.csv, path, e))) return rc;
  r.csv.lenient_utf8 = o->lenient;
  rc = find_columns(&r.csv, &r.c, e);
  if (!rc) vt__labels_csv_unknown(l, &r.csv, names, VT_COUNT(names));
  if (!rc) rc = read_rows(&r, path, e);
  vt__labels_csv_close(l, &r.csv);
  return rc;
}

/* ---- writing ---- */

static int write_row(struct vt_buf *b, const struct vt_labels *l, const struct vt_instance *in,
                     struct vt_losses *losses, struct vt_err *e)
{
  const struct vt_label_image *im = &l->image[in->image];
  struct vt_mask m;
  int rc = vt_instance_mask(l, in, &m, e);
  if (rc) return rc;
  vt_csv_put(b, im->file, true);
  vt_buf_addc(b, ',');
  vt_mask_to_pairs(&m, b);
  vt__lose_measures(in, &m, losses);
  vt_mask_clear(&m);
  vt_buf_addf(b, ",%d,%d,%lld", im->height, im->width, (long long)l->classes.v[in->cls].id);
  for (int k = 0; k < in->nattrs; k++)
    vt_buf_addf(b, "_%lld", (long long)l->attributes.v[l->attr[in->attrs + (uint32_t)k]].id);
  vt_buf_addc(b, '\n');
  return 0;
}

/* A description that is there already must say of each class what the set says. */
static int check_descriptions(const struct vt_labels *l, const char *path, struct vt_err *e)
{
  struct vt_labels there;
  int rc = vt_labels_init(&there, e);
  if (rc) return rc;
  rc = vt__coco_read_classes(&there, path, e);
  for (int attribute = 0; attribute < 2 && !rc; attribute++) {
    const struct vt_label_list *list = attribute ? &l->attributes : &l->classes,
                               *known = attribute ? &there.attributes : &there.classes;
    for (int k = 0; k < list->n && !rc; k++) {
      int32_t p = vt__labels_find_class(&there, attribute, list->v[k].id);
      if (p < 0 || strcmp(known->v[p].name, list->v[k].name) != 0)
        rc = vt_fail(e, VT_ESTATE,
                     "%s names other classes (%lld is '%.60s' here); write to a folder without it", path,
                     (long long)list->v[k].id, list->v[k].name);
    }
  }
  vt_labels_clear(&there);
  return rc;
}

static int write_descriptions(const struct vt_labels *l, const char *path, struct vt_err *e)
{
  struct vt_buf b = {0};
  const struct vt_label_list *list[] = {&l->classes, &l->attributes};
  for (int k = 0; k < 2; k++) {
    vt_buf_adds(&b, k ? "\n],\n\"attributes\": [" : "{\"categories\": [");
    for (int i = 0; i < list[k]->n; i++) {
      vt_buf_addf(&b, "%s\n  {\"id\": %lld, \"name\": ", i ? "," : "", (long long)list[k]->v[i].id);
      vt__json_string(&b, list[k]->v[i].name);
      vt_buf_adds(&b, ", \"supercategory\": ");
      vt__json_string(&b, list[k]->v[i].super);
      vt_buf_addc(&b, '}');
    }
  }
  vt_buf_adds(&b, "\n]}\n");
  int rc = b.failed ? vt_fail(e, VT_ENOMEM, "%s: out of memory", path)
                    : vt_file_write_atomic(path, b.data, b.len, e);
  vt_buf_clear(&b);
  return rc;
}

static int write_imaterialist(const struct vt_labels *l, const char *path, const struct vt_labels_opts *o,
                              struct vt_losses *losses, struct vt_err *e)
{
  int64_t crowds = 0, splits = 0;
  struct vt__out out = {.f = NULL};
  char *beside = descriptions_beside(path);
  const bool described = beside && vt_is_file(beside);
  int rc = beside ? 0 : vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
  if (described) rc = check_descriptions(l, beside, e);
  if (!rc) rc = vt__out_open(&out, NULL, path, e);
  vt_buf_adds(&out.b, "ImageId,EncodedPixels,Height,Width,ClassId\n");
  for (int64_t i = 0; i < l->n && !rc; i++) {
    rc = write_row(&out.b, l, &l->v[i], losses, e);
    if (!rc) rc = vt__out_more(&out, e);
    crowds += l->v[i].flags & VT_CROWD ? 1 : 0;
  }
  rc = vt__out_close(&out, rc, e);
  for (int32_t k = 0; k < l->nimages; k++) splits += l->image[k].split != VT_SPLIT_NONE;
  vt_loss_add(losses, crowds, "crowd flags of instances");
  vt_loss_add(losses, splits, "splits of pictures");
  vt__lose_links(l, losses);
  vt__lose_details(
      l, VT__LOSE_POINTS | VT__LOSE_IDS | VT__LOSE_IMAGE_IDS | VT__LOSE_POLYGONS | VT__LOSE_EMPTY, losses);
  if (!rc && !described) rc = write_descriptions(l, beside, e);
  vt_free(beside);
  return rc;
}

/* ---- filtering rows ---- */

static void put_row(struct vt_buf *b, char *const *field, int n, const char *reason)
{
  for (int i = 0; i < n; i++) vt_csv_put(b, field[i], !i);
  if (reason) vt_csv_put(b, reason, false);
  vt_buf_addc(b, '\n');
}

/* A row that is none: the pieces that came, in as many columns as there are, the last one holding the rest.
 */
static void put_torn(struct vt_buf *b, const struct vt_csv *csv, const char *reason, struct vt_buf *rest)
{
  const char *s = csv->text.data, *end = s + csv->text.len;
  rest->len = 0;
  for (int i = 0; i < csv->ncolumns; i++) {
    const char *field = s < end ? s : "";
    if (s < end) s += strnlen(s, (size_t)(end - s)) + 1;
    if (i + 1 == csv->ncolumns && s < end) {
      vt_buf_adds(rest, field);
      for (; s < end; s += strnlen(s, (size_t)(end - s)) + 1) vt_csv_put(rest, s, false);
      field = rest->data ? rest->data : "";
    }
    vt_csv_put(b, field, !i);
  }
  vt_csv_put(b, reason, false);
  vt_buf_addc(b, '\n');
}

static int filter_rows(const char *path, const struct vt_row_filter *fl, const char *kept,
                       const char *removed, struct vt_err *e)
{
  struct vt_csv csv;
  struct vt_buf rest = {0};
  int64_t next = 0;
  struct vt__out out[2] = {{.f = NULL}, {.f = NULL}};
  const char *name[] = {kept, removed};
  int rc = vt_csv_open(&csv, path, e);
  if (rc) return rc;
  csv.lenient_utf8 = true;
  for (int k = 0; k < 2 && !rc; k++) {
    if (!name[k]) continue;
    rc = vt__out_open(&out[k], NULL, name[k], e);
    put_row(&out[k].b, csv.column, csv.ncolumns, k ? "Reason" : NULL);
  }
  while (!rc && (rc = vt_csv_next(&csv, e)) != 0) {
    if (rc < 0 && rc != VT_EFORMAT) break;
    const bool torn = rc < 0; /* reading left it out, so its line is among those that go */
    rc = 0;
    while (next < fl->n && fl->line[next] < csv.line) next++;
    const bool goes = torn || (next < fl->n && fl->line[next] == csv.line);
    if (!out[goes].f) continue;
    if (torn)
      put_torn(&out[goes].b, &csv, next < fl->n && fl->line[next] == csv.line ? fl->reason[next] : "no row",
               &rest);
    else
      put_row(&out[goes].b, csv.field, csv.nfields, goes ? fl->reason[next] : NULL);
    if (rest.failed) rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
    if (!rc) rc = vt__out_more(&out[goes], e);
  }
  for (int k = 0; k < 2; k++) rc = vt__out_close(&out[k], rc, e);
  vt_csv_close(&csv);
  vt_buf_clear(&rest);
  return rc;
}

const struct vt_format vt_format_imaterialist = {
    .name = "imaterialist",
    .what = "iMaterialist (Fashion) CSV: one run-length mask a row; label_descriptions.json beside it",
    .beside = "labels.csv",
    .read = read_imaterialist,
    .write = write_imaterialist,
    .filter = filter_rows,
};
