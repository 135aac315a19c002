/* YOLO: a folder with labels/NAME.txt, one line an instance, coordinates as shares of the picture's sides.
 *
 *   class x y w h           a box, by its middle
 *   class x1 y1 x2 y2 …     a closed line of three points or more
 *   classes.txt             a name a line; class is the line's number from 0
 *   images.csv              image,id,name,width,height,split      written here; other folders are read with
 * their pictures, in images/ beside labels/ or in --images, whose sizes are looked up
 *
 * One line holds one closed line only. A mask is written as its outline along pixel edges, holes and further
 * pieces joined to the first ring by seams that are passed twice: filled by the even-odd rule it is the mask
 * again, pixel by pixel. One polygon stays as it is. */
#include "data/formats/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LINE_NUMBERS = 1 << 21, MAX_TEXT = 1 << 28 };

/* ---- writing ---- */

static void add_polygon(struct vt_buf *b, const struct vt_polygons *p, const struct vt_label_image *im)
{
  for (int i = 0; i < p->start[1]; i++)
    vt_buf_addf(b, " %.10g %.10g", p->xy[2 * i] / im->width, p->xy[2 * i + 1] / im->height);
}

static int add_instance(struct vt_buf *b, const struct vt_labels *l, const struct vt_instance *in,
                        struct vt_losses *losses, struct vt_err *e)
{
  const struct vt_label_image *im = &l->image[in->image];
  struct vt_polygons p;
  vt_loss_add(losses, in->flags & VT_CROWD ? 1 : 0, "crowd flags of instances");
  vt_loss_add(losses, in->nattrs, "attributes of instances");
  if (in->shape == VT_SHAPE_NONE) {
    struct vt_box k;
    int rc = vt__instance_box(l, in, &k, e);
    if (rc) return rc;
    vt_buf_addf(b, "%d %.10g %.10g %.10g %.10g\n", in->cls, (k.x + k.w / 2) / im->width,
                (k.y + k.h / 2) / im->height, k.w / im->width, k.h / im->height);
    return 0;
  }
  int rc = vt__instance_line(l, in, &p, losses, e);
  if (!rc && p.n) {
    vt_buf_addf(b, "%d", in->cls);
    add_polygon(b, &p, im);
    vt_buf_addc(b, '\n');
  } else if (!rc)
    vt_loss_add(losses, 1, "instances whose mask is empty");
  vt_polygons_clear(&p);
  return rc;
}

static int write_yolo(const struct vt_labels *l, const char *root, const struct vt_labels_opts *o,
                      struct vt_losses *losses, struct vt_err *e)
{
  struct vt__names names = {0};
  struct vt_buf b = {0}, images = {0}, path = {0};
  int64_t *order = vt_labels_by_image(l, e), at = 0;
  vt__lose_links(l, losses);
  vt__lose_details(l, VT__LOSE_IDS | VT__LOSE_CLASS_IDS | VT__LOSE_SUPERS | VT__LOSE_ATTRIBUTES, losses);
  int rc = order ? vt__folder_make(root, "labels", e) : VT_ENOMEM;
  for (int k = 0; k < l->classes.n; k++) vt_buf_addf(&b, "%s\n", l->classes.v[k].name);
  if (!rc) rc = vt__folder_write(root, "classes.txt", &b, e);
  vt_buf_adds(&images, "image,id,name,width,height,split\n");
  for (int32_t k = 0; k < l->nimages && !rc; k++) {
    const struct vt_label_image *im = &l->image[k];
    const char *name = vt__names_take(&names, im, e);
    if (!name) rc = VT_ENOMEM;
    if (!rc && !im->width) rc = vt_fail(e, VT_EARG, "the size of picture '%s' is not known", im->file);
    for (; at < l->n && l->v[order[at]].image == k && !rc; at++)
      rc = add_instance(&b, l, &l->v[order[at]], losses, e);
    if (rc) break;
    path.len = 0;
    vt_buf_addf(&path, "labels/%s.txt", name);
    vt_csv_put(&images, im->file, true);
    vt_buf_addf(&images, ",%lld", (long long)im->id);
    vt_csv_put(&images, name, false);
    vt_buf_addf(&images, ",%d,%d,%s\n", im->width, im->height, vt__split_name(im->split));
    rc = path.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : vt__folder_write(root, path.data, &b, e);
  }
  if (!rc) rc = vt__folder_write(root, "images.csv", &images, e);
  vt_buf_clear(&b);
  vt_buf_clear(&images);
  vt_buf_clear(&path);
  vt__names_clear(&names);
  vt_free(order);
  return rc;
}

/* ---- reading ---- */

struct reader {
  struct vt_labels *l;
  const struct vt_labels_opts *o;
  const char *root;
  char *pictures;
  double *v; /* numbers of a line */
  int n, cap;
};

static int read_classes(struct reader *r, struct vt_err *e)
{
  char *path = vt_path_join(NULL, r->root, "classes.txt"), *text = NULL, *rest;
  size_t len;
  int rc = path ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  if (rc || !vt_is_file(path)) goto out;
  if ((rc = vt_file_read(path, MAX_TEXT, &text, &len, e))) goto out;
  if (!vt_utf8_valid(text, len)) rc = vt_fail(e, VT_EFORMAT, "%s: text is not valid UTF-8", path);
  rest = text;
  for (char *line; !rc && (line = strsep(&rest, "\n"));) {
    line[strcspn(line, "\r")] = 0;
    if (!*line && !rest) break;
    int32_t p = vt__labels_add_class(r->l, false, r->l->classes.n, line, "", e);
    if (p < 0) rc = p;
  }
out:
  vt_free(path);
  vt_free(text);
  return rc;
}

/* The numbers of a line into r->v; false: something on it is none. */
static int read_numbers(struct reader *r, const char *line, struct vt_err *e)
{
  r->n = 0;
  for (;;) {
    line += strspn(line, " \t");
    size_t len = strcspn(line, " \t");
    if (!len) return 0;
    if (r->n == r->cap) {
      int cap = r->cap ? 2 * r->cap : 256;
      double *v = cap <= MAX_LINE_NUMBERS ? vt_reallocarray(r->v, (size_t)cap, sizeof *v) : NULL;
      if (!v) return vt_fail(e, VT_ELIMIT, "more than %d numbers", r->n);
      r->v = v;
      r->cap = cap;
    }
    if (!vt__number(line, len, &r->v[r->n]))
      return vt_fail(e, VT_EFORMAT, "'%.*s' is no number", (int)VT_MIN(len, (size_t)40), line);
    r->n++;
    line += len;
  }
}

static int set_shape(struct reader *r, struct vt_instance *in, const struct vt_label_image *im,
                     struct vt_err *e)
{
  double *xy = r->v + 1;
  const int n = r->n - 1;
  for (int i = 0; i < n; i++)
    if (xy[i] < -.001 || xy[i] > 1.001)
      return vt_fail(e, VT_EFORMAT, "%g: coordinates are shares of the picture's sides, 0 to 1", xy[i]);
  for (int i = 0; i < n; i++) xy[i] *= i % 2 ? im->height : im->width;
  if (n == 4) {
    if (xy[2] < 0 || xy[3] < 0) return vt_fail(e, VT_EFORMAT, "negative width or height");
    in->box = (struct vt_box){xy[0] - xy[2] / 2, xy[1] - xy[3] / 2, xy[2], xy[3]};
    return 0;
  }
  return vt__labels_set_polygons(r->l, in, &(struct vt_polygons){1, (int[]){0, n / 2}, xy}, e);
}

static int read_line(struct reader *r, int32_t image, const char *line, struct vt_err *e)
{
  int rc = read_numbers(r, line, e);
  if (rc) return rc;
  if (r->n != 5 && (r->n < 7 || r->n % 2 == 0))
    return vt_fail(e, VT_EFORMAT, "%d numbers; expected a class and 4 of a box, or 3 points or more", r->n);
  if (r->v[0] != (int32_t)VT_CLAMP(r->v[0], 0, 1e6)) return vt_fail(e, VT_EFORMAT, "class %g", r->v[0]);
  int32_t cls = vt__labels_find_class(r->l, false, (int64_t)r->v[0]);
  if (cls < 0) return vt_fail(e, VT_EFORMAT, "class %g is not in classes.txt", r->v[0]);
  struct vt_instance *in = vt__labels_push(r->l, e);
  if (!in) return VT_ENOMEM;
  in->image = image;
  in->cls = cls;
  in->id = r->l->n;
  rc = set_shape(r, in, &r->l->image[image], e);
  if (rc) r->l->n--;
  return rc;
}

static int read_text(struct reader *r, int32_t image, const char *path, struct vt_err *e)
{
  char *text, *rest;
  size_t len;
  int64_t number = 1;
  int rc = vt_file_read(path, MAX_TEXT, &text, &len, e);
  if (rc) return rc;
  rest = text;
  for (char *line; !rc && (line = strsep(&rest, "\n")); number++) {
    line[strcspn(line, "\r")] = 0;
    if (!line[strspn(line, " \t")]) continue;
    r->l->rows++;
    if ((rc = read_line(r, image, line, e))) {
      vt_fail_in(e, rc, "%s: line %lld", path, (long long)number);
      rc = vt__labels_problem(r->l, r->o, e);
    } else
      r->l->v[r->l->n - 1].line = number;
  }
  vt_free(text);
  return rc;
}

static int read_list_row(struct reader *r, const struct vt_csv *c, const int *column, struct vt_err *e)
{
  int64_t id, width, height;
  const char *name = c->field[column[2]], *split = c->field[column[5]];
  uint8_t part = VT_SPLIT_NONE;
  if (!vt_parse_i64(c->field[column[1]], &id) || !vt_parse_i64(c->field[column[3]], &width) ||
      !vt_parse_i64(c->field[column[4]], &height) || width < 1 || height < 1 || width > VT_MAX_SIDE ||
      height > VT_MAX_SIDE || strchr(name, '/') || (*split && !vt__split_word(split, &part)))
    return vt_fail(e, VT_EFORMAT, "%s: line %lld: id, name, width, height or split is not right", c->path,
                   (long long)c->line);
  int32_t p = vt__labels_add_image(r->l, id, c->field[column[0]], (int)width, (int)height, e);
  if (p < 0) return vt_fail_in(e, p, "%s: line %lld", c->path, (long long)c->line);
  r->l->image[p].split = part;
  struct vt_buf path = {0};
  vt_buf_addf(&path, "%s/labels/%s.txt", r->root, name);
  int rc = path.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : read_text(r, p, path.data, e);
  vt_buf_clear(&path);
  return rc;
}

static int read_list(struct reader *r, const char *list, struct vt_err *e)
{
  static const char *const names[] = {"image", "id", "name", "width", "height", "split"};
  struct vt_csv c;
  int column[6], rc = vt_csv_open(&c, list, e);
  if (rc) return rc;
  c.lenient_utf8 = r->o->lenient;
  for (int k = 0; k < 6 && !rc; k++) rc = vt_csv_need(&c, names[k], &column[k], e);
  while (!rc && (rc = vt_csv_next(&c, e)) != 0) {
    if (rc < 0 && rc != VT_EFORMAT) break;
    rc = rc > 0 ? read_list_row(r, &c, column, e) : rc;
    if (rc) rc = vt__labels_problem(r->l, r->o, e);
  }
  vt__labels_csv_close(r->l, &c);
  return rc;
}

/* A text of a folder without a list: its picture says the size. */
static int each_text(const char *path, const char *rel, void *ctx, struct vt_err *e)
{
  struct reader *r = ctx;
  char file[1024];
  int width, height;
  if (strcmp(vt_path_ext(rel), "txt") != 0 || strlen(rel) > 900) return 0;
  char *stem = vt_strdup(rel);
  if (!stem) return vt_fail(e, VT_ENOMEM, "out of memory");
  stem[strlen(stem) - 4] = 0;
  int rc = vt__folder_probe(r->pictures, stem, file, sizeof file, &width, &height, e);
  vt_free(stem);
  if (rc) return vt__labels_problem(r->l, r->o, e);
  int32_t p = vt__labels_add_image(r->l, r->l->nimages + 1, file, width, height, e);
  return p < 0 ? p : read_text(r, p, path, e);
}

static int read_yolo(struct vt_labels *l, const char *root, const struct vt_labels_opts *o, struct vt_err *e)
{
  struct reader r = {.l = l, .o = o, .root = root};
  struct vt_err own = {0};
  if (!e) e = &own;
  char *list = vt_path_join(NULL, root, "images.csv"), *texts = vt_path_join(NULL, root, "labels");
  r.pictures = o->images ? vt_strdup(o->images) : vt_path_join(NULL, root, "images");
  int rc = list && texts && r.pictures ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc && !vt_is_dir(texts)) rc = vt_fail(e, VT_ENOENT, "%s: no such folder", texts);
  if (!rc) rc = read_classes(&r, e);
  if (!rc) rc = vt_is_file(list) ? read_list(&r, list, e) : vt_walk(texts, each_text, &r, e);
  vt_free(list);
  vt_free(texts);
  vt_free(r.pictures);
  vt_free(r.v);
  return rc;
}

const struct vt_format vt_format_yolo = {
    .name = "yolo",
    .what = "YOLO folder: labels/NAME.txt with boxes or one closed line an instance",
    .read = read_yolo,
    .write = write_yolo,
};
