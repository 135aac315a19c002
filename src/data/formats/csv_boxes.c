/* A table with a box a row, as retrieval sets come:
 * path,label,split,is_query,is_gallery,category,x_1,y_1,x_2,y_2.
 *
 * label names the thing shown (a class here), category its kind; is_query and is_gallery are the attributes
 * "query" and "gallery". Only path and label must be there, and of the corners all or none. Corners are real
 * pixels: x_2 and y_2 lie behind the box; a row without them shows the thing in all of the picture. Empty,
 * None and nan are no value, as pandas writes it. Pictures' sizes are looked up in --images where it is
 * given. */
#include "data/formats/links.h"
#include "data/formats/text_out.h"

#include <string.h>
#include <strings.h>

struct columns {
  int path, label, split, query, gallery, category, corner[4];
};

static const char *const names[] = {"path",     "label", "split", "is_query", "is_gallery",
                                    "category", "x_1",   "y_1",   "x_2",      "y_2"};

static int find_columns(const struct vt_csv *c, struct columns *k, struct vt_err *e)
{
  const char *const *corner = names + 6;
  int rc = vt_csv_need(c, "path", &k->path, e);
  if (!rc) rc = vt_csv_need(c, "label", &k->label, e);
  bool some = false;
  for (int i = 0; i < 4; i++) some |= (k->corner[i] = vt_csv_find(c, corner[i])) >= 0;
  for (int i = 0; i < 4 && !rc && some; i++) rc = vt_csv_need(c, corner[i], &k->corner[i], e);
  k->split = vt_csv_find(c, "split");
  k->query = vt_csv_find(c, "is_query");
  k->gallery = vt_csv_find(c, "is_gallery");
  k->category = vt_csv_find(c, "category");
  return rc;
}

static bool no_value(const char *s)
{
  return !*s || !strcasecmp(s, "nan") || !strcasecmp(s, "none");
}

/* The field of a column; "" where there is no such column, or no value. */
static const char *value(const struct vt_csv *c, int column)
{
  return column < 0 || no_value(c->field[column]) ? "" : c->field[column];
}

static int read_flag(const struct vt_csv *c, int column, bool *out, struct vt_err *e)
{
  const char *s = value(c, column);
  *out = !strcmp(s, "1") || !strcmp(s, "1.0") || !strcasecmp(s, "true");
  return *out || !*s || !strcmp(s, "0") || !strcmp(s, "0.0") || !strcasecmp(s, "false")
             ? 0
             : vt_fail(e, VT_EFORMAT, "%s '%.40s': expected 0 or 1", c->column[column], s);
}

/* box.w -1: the row has none. */
static int read_box(const struct vt_csv *c, const struct columns *k, struct vt_box *box, struct vt_err *e)
{
  double v[4];
  bool none = true;
  *box = (struct vt_box){0, 0, -1, -1};
  for (int i = 0; i < 4; i++) none &= !*value(c, k->corner[i]);
  if (none) return 0;
  for (int i = 0; i < 4; i++)
    if (!vt__number(c->field[k->corner[i]], strlen(c->field[k->corner[i]]), &v[i]))
      return vt_fail(e, VT_EFORMAT, "%s '%.40s' is no number", c->column[k->corner[i]],
                     c->field[k->corner[i]]);
  if (!(v[2] >= v[0] && v[3] >= v[1])) return vt_fail(e, VT_EFORMAT, "x_2 or y_2 lies before x_1 or y_1");
  *box = (struct vt_box){v[0], v[1], v[2] - v[0], v[3] - v[1]};
  return 0;
}

static int read_row(struct vt_labels *l, const struct vt_labels_opts *o, const struct vt_csv *c,
                    const struct columns *k, struct vt_err *e)
{
  struct vt_box box;
  bool query = false, gallery = false;
  int rc = read_box(c, k, &box, e);
  if (!rc) rc = read_flag(c, k->query, &query, e);
  if (!rc) rc = read_flag(c, k->gallery, &gallery, e);
  if (rc) return rc;
  const char *file = value(c, k->path), *label = value(c, k->label);
  bool known = vt__labels_find_file(l, file) >= 0;
  uint8_t split = VT_SPLIT_NONE;
  if (!*file || !*label) return vt_fail(e, VT_EFORMAT, "%s is empty", *file ? "label" : "path");
  if (*value(c, k->split) && !vt__split_word(c->field[k->split], &split))
    return vt_fail(e, VT_EFORMAT, "split '%.40s': expected train, val or test", c->field[k->split]);
  int32_t image = vt__labels_need_image(l, file, e), cls = vt__labels_find_name(l, label);
  if (image < 0) return image;
  vt__labels_row_of(l, image);
  struct vt_label_image *im = &l->image[image];
  if (known && im->split != split) return vt_fail(e, VT_EFORMAT, "%s stands in two splits", file);
  im->split = split;
  if ((rc = vt__link_probe(l, image, o, e))) return rc;
  if (box.w >= 0 && (rc = vt__box_check(im, &box, e))) return rc;
  if (box.w < 0 && im->width) box = (struct vt_box){0, 0, im->width, im->height};
  if (cls < 0) cls = vt__labels_add_class(l, false, l->classes.n, label, value(c, k->category), e);
  struct vt_instance *in = cls < 0 ? NULL : vt__labels_push(l, e);
  if (!in) return cls < 0 ? cls : VT_ENOMEM;
  in->image = image;
  in->cls = cls;
  in->id = l->n;
  in->line = c->line;
  in->box = box;
  in->area = box.w < 0 ? -1 : box.w * box.h;
  in->hash = vt_hash64(&box, sizeof box);
  int32_t attr[2];
  int n = 0;
  if (query) attr[n++] = 0;
  if (gallery) attr[n++] = 1;
  return n ? vt__labels_set_attrs(l, in, attr, n, e) : 0;
}

static int read_csv_boxes(struct vt_labels *l, const char *path, const struct vt_labels_opts *o,
                          struct vt_err *e)
{
  struct vt_csv c;
  struct columns k;
  struct vt_err own = {0};
  if (!e) e = &own;
  int rc = vt_csv_open(&c, path, e);
  if (rc) return rc;
  c.lenient_utf8 = o->lenient;
  rc = find_columns(&c, &k, e);
  if (!rc) vt__labels_csv_unknown(l, &c, names, VT_COUNT(names));
  if (!rc && (k.query >= 0 || k.gallery >= 0) &&
      (vt__labels_add_class(l, true, 0, "query", "", e) < 0 ||
       vt__labels_add_class(l, true, 1, "gallery", "", e) < 0))
    rc = VT_ENOMEM;
  while (!rc && (rc = vt_csv_next(&c, e)) != 0) {
    if (rc < 0 && rc != VT_EFORMAT) break;
    bool row = rc > 0;
    rc = row ? 0 : rc;
    l->rows++;
    if (row && (rc = read_row(l, o, &c, &k, e))) vt_fail_in(e, rc, "%s: line %lld", path, (long long)c.line);
    if (rc) rc = vt__labels_problem(l, o, e);
  }
  vt__labels_csv_close(l, &c);
  return rc ? rc : vt__labels_end(l, e);
}

static int write_csv_boxes(const struct vt_labels *l, const char *path, const struct vt_labels_opts *o,
                           struct vt_losses *losses, struct vt_err *e)
{
  struct vt__out out;
  struct vt_buf *b = &out.b;
  int rc = vt__out_open(&out, NULL, path, e);
  vt__lose_links(l, losses);
  vt__lose_details(l,
                   VT__LOSE_POINTS | VT__LOSE_IDS | VT__LOSE_IMAGE_IDS | VT__LOSE_CLASS_IDS | VT__LOSE_SIZES |
                       VT__LOSE_EMPTY | VT__LOSE_UNUSED,
                   losses);
  vt__lose_attribute_names(l, (const char *const[]){"query", "gallery"}, 2, losses);
  vt_buf_adds(b, "path,label,split,is_query,is_gallery,category,x_1,y_1,x_2,y_2\n");
  for (int64_t i = 0; i < l->n && !rc; i++) {
    const struct vt_instance *in = &l->v[i];
    const struct vt_label_image *im = &l->image[in->image];
    const struct vt_label_class *cls = &l->classes.v[in->cls];
    const bool whole = in->shape == VT_SHAPE_NONE && in->box.w < 0; /* of a picture of unknown size */
    struct vt_box k = {0};
    if (!whole && (rc = vt__instance_box(l, in, &k, e))) break;
    const bool query = vt__instance_has(l, in, "query"), gallery = vt__instance_has(l, in, "gallery");
    if (no_value(cls->name))
      rc = vt_fail(e, VT_EUNSUPPORTED, "class '%.60s' cannot be a label: that is no value", cls->name);
    if (rc) break;
    vt_loss_add(losses, *cls->super && no_value(cls->super), "supercategories that would be no value");
    vt_loss_add(losses, in->shape != VT_SHAPE_NONE, "masks, of which the boxes stay");
    vt_loss_add(losses, in->flags & VT_CROWD ? 1 : 0, "crowd flags of instances");
    vt_loss_add(losses, in->nattrs - query - gallery, "attributes of instances");
    vt_csv_put(b, im->file, true);
    vt_csv_put(b, cls->name, false);
    vt_csv_put(b, vt__split_name(im->split), false);
    vt_buf_addf(b, ",%d,%d", query, gallery);
    vt_csv_put(b, cls->super, false);
    const double v[] = {k.x, k.y, k.x + k.w, k.y + k.h};
    for (int c = 0; c < 4; c++) {
      vt_buf_addc(b, ',');
      if (!whole) vt__json_number(b, v[c]);
    }
    vt_buf_addc(b, '\n');
    rc = vt__out_more(&out, e);
  }
  return vt__out_close(&out, rc, e);
}

const struct vt_format vt_format_csv_boxes = {
    .name = "csv-boxes",
    .what = "table path,label,split,is_query,is_gallery,category,x_1,y_1,x_2,y_2",
    .beside = "labels.csv",
    .read = read_csv_boxes,
    .write = write_csv_boxes,
};
