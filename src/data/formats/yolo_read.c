/* Reading a YOLO set.
 *
 * With images.csv it says which texts there are. Other sets come in three layouts, whose pictures say their
 * sizes:
 *
 *   ROOT/labels/[SPLIT/]NAME.txt     pictures in ROOT/images/[SPLIT/] or --images
 *   ROOT/SPLIT/labels/NAME.txt       pictures in ROOT/SPLIT/images/; SPLIT is train, val or test
 *   ROOT/[SPLIT/]NAME.txt            pictures beside the texts
 *
 * A picture without a text shows nothing. Splits are those of the folders (vt__split_folder), or of the texts
 * that data.yaml or obj.data names, which list pictures by paths that end in the picture's own. */
#include "data/formats/yolo.h"
#include "data/labels_map.h"
#include "image/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TEXT = 1 << 28 };

struct reader {
  struct vt__yolo_reader y;
  const char *root;
  char *pictures;       /* folder of the pictures */
  const char *prefix;   /* of their names: where they lie below the set's folder */
  uint8_t split;        /* of them, unless their folders say it */
  bool beside;          /* the texts lie beside them */
  struct vt__map *told; /* of this part: pictures with texts that cannot be read, by their names below it */
};

/* ---- lists of pictures ---- */

/* The picture that a path of a list ends in; -1 if none. */
static int32_t listed(const struct vt_labels *l, const char *path)
{
  if (!strncmp(path, "./", 2)) path += 2;
  for (const char *p = path; p; p = strchr(p, '/')) {
    if (*p == '/') p++;
    const int32_t k = vt_labels_find_image(l, p);
    if (k >= 0) return k;
  }
  return -1;
}

static int read_split(struct reader *r, const struct vt__yolo_list *list, struct vt_err *e)
{
  char *path = vt_path_join(NULL, r->root, list->path), *text = NULL, *rest;
  size_t len;
  int64_t number = 1;
  int rc = path ? vt_text_read(path, MAX_TEXT, &text, &len, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  if (rc == VT_ENOENT) rc = vt__labels_problem(r->y.l, r->y.o, e);
  rest = text;
  for (char *line; !rc && rest && (line = strsep(&rest, "\n")); number++) {
    line[strcspn(line, "\r")] = 0;
    if (!*line) continue;
    const bool valid = vt_utf8_valid(line, strlen(line));
    int32_t k = valid ? listed(r->y.l, line) : -1;
    for (char *p = line; k < 0 && (p = strchr(p, '\\'));) *p = '/';
    if (k < 0 && valid) k = listed(r->y.l, line);
    if (k >= 0)
      r->y.l->image[k].split = list->split;
    else {
      vt_fail(e, VT_EFORMAT,
              valid ? "%s: line %lld: there is no picture '%s'" : "%s: line %lld: text is not valid UTF-8",
              path, (long long)number, line);
      rc = vt__labels_problem(r->y.l, r->y.o, e);
    }
  }
  vt_free(text);
  vt_free(path);
  return rc;
}

/* ---- sets with images.csv ---- */

static int read_list_row(struct reader *r, const struct vt_csv *c, const int *column, struct vt_err *e)
{
  int64_t id, width, height;
  const char *name = c->field[column[2]], *split = c->field[column[5]];
  uint8_t part = VT_SPLIT_NONE;
  if (!vt_parse_i64(c->field[column[1]], &id) || !vt_parse_i64(c->field[column[3]], &width) ||
      !vt_parse_i64(c->field[column[4]], &height) || width < 1 || height < 1 || width > VT_MAX_SIDE ||
      height > VT_MAX_SIDE || !vt__plain_path(name) || (*split && !vt__split_word(split, &part)))
    return vt_fail(e, VT_EFORMAT, "%s: line %lld: id, name, width, height or split is not right", c->path,
                   (long long)c->line);
  int32_t p = vt__labels_add_image(r->y.l, id, c->field[column[0]], (int)width, (int)height, e);
  if (p < 0) return vt_fail_in(e, p, "%s: line %lld", c->path, (long long)c->line);
  r->y.l->image[p].split = part;
  struct vt_buf path = {0};
  vt_buf_addf(&path, "%s/", r->root);
  vt__yolo_text_path(&path, name);
  int rc = path.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : vt__yolo_read_text(&r->y, p, path.data, e);
  vt_buf_clear(&path);
  return rc;
}

static int read_list(struct reader *r, const char *list, struct vt_err *e)
{
  static const char *const names[] = {"image", "id", "name", "width", "height", "split"};
  struct vt_csv c;
  int column[6], rc = vt_csv_open(&c, list, e);
  if (rc) return rc;
  c.lenient_utf8 = r->y.o->lenient;
  for (int k = 0; k < 6 && !rc; k++) rc = vt_csv_need(&c, names[k], &column[k], e);
  while (!rc && (rc = vt_csv_next(&c, e)) != 0) {
    if (rc < 0 && rc != VT_EFORMAT) break;
    rc = rc > 0 ? read_list_row(r, &c, column, e) : rc;
    if (rc) rc = vt__labels_problem(r->y.l, r->y.o, e);
  }
  vt__labels_csv_close(r->y.l, &c);
  return rc;
}

/* ---- others: their pictures say the sizes ---- */

static int add_picture(struct reader *r, const char *file, int width, int height, struct vt_err *e)
{
  struct vt_buf name = {0};
  vt_buf_addf(&name, "%s%s", r->prefix, file);
  const int32_t p = name.failed
                        ? vt_fail(e, VT_ENOMEM, "out of memory")
                        : vt__labels_add_image(r->y.l, r->y.l->nimages + 1, name.data, width, height, e);
  vt_buf_clear(&name);
  if (p < 0) return vt_fail_in(e, p, "%s%s", r->prefix, file);
  r->y.l->image[p].split = r->split;
  vt__split_folder(file, &r->y.l->image[p].split);
  return p;
}

/* Whether a text is none of a picture, unless there is one of its name: names of classes, lists of pictures,
 * what Roboflow tells of a set. */
static bool is_other(const struct reader *r, const char *rel)
{
  static const char *const lists[] = {"train.txt", "val.txt", "valid.txt", "test.txt"};
  const char *base = vt_path_base(rel);
  if (!strcmp(base, "classes.txt") || !strncmp(base, "README", strlen("README"))) return true;
  for (size_t k = 0; k < VT_COUNT(lists) && r->beside; k++)
    if (!strcmp(rel, lists[k])) return true;
  for (int k = 0; k < r->y.about.nlists && r->beside; k++)
    if (!strcmp(rel, r->y.about.list[k].path)) return true;
  return false;
}

static int each_text(const char *path, const char *rel, void *ctx, struct vt_err *e)
{
  struct reader *r = ctx;
  char file[1024] = "";
  int width, height;
  if (strcmp(vt_path_ext(rel), "txt") != 0) return 0;
  char *stem = vt_strdup(rel);
  if (!stem) return vt_fail(e, VT_ENOMEM, "out of memory");
  stem[strlen(stem) - 4] = 0;
  int rc = strlen(rel) <= 900 ? vt__folder_probe(r->pictures, stem, file, sizeof file, &width, &height, e)
                              : vt_fail(e, VT_ELIMIT, "%s: a name of over 900 bytes", path);
  vt_free(stem);
  if (rc == VT_ENOENT && is_other(r, rel)) {
    *e = (struct vt_err){0};
    return 0;
  }
  const int p = rc ? rc : add_picture(r, file, width, height, e);
  if (p < 0) {
    const uint64_t key = vt_hash64(file, strlen(file));
    if (*file && vt__map_find(r->told, key, NULL, NULL, NULL) < 0 && vt__map_put(r->told, key, 0))
      return vt_fail(e, VT_ENOMEM, "out of memory");
    return vt__labels_problem(r->y.l, r->y.o, e);
  }
  return vt__yolo_read_text(&r->y, p, path, e);
}

/* A picture without a text. */
static int each_picture(const char *path, const char *rel, void *ctx, struct vt_err *e)
{
  struct reader *r = ctx;
  struct vt_buf name = {0};
  int width, height;
  if (!vt_picture_named(rel)) return 0;
  vt_buf_addf(&name, "%s%s", r->prefix, rel);
  const bool known = !name.failed && vt_labels_find_image(r->y.l, name.data) >= 0;
  const bool failed = name.failed;
  vt_buf_clear(&name);
  if (failed) return vt_fail(e, VT_ENOMEM, "out of memory");
  if (known || vt__map_find(r->told, vt_hash64(rel, strlen(rel)), NULL, NULL, NULL) >= 0) return 0;
  if (vt__probe_file(path, &width, &height, e)) return vt__labels_problem(r->y.l, r->y.o, e);
  const int p = add_picture(r, rel, width, height, e);
  return p < 0 ? vt__labels_problem(r->y.l, r->y.o, e) : 0;
}

/* sub: the folder of the split, or "". */
static int read_part(struct reader *r, const char *sub, const char *texts, const char *pictures,
                     struct vt_err *e)
{
  struct vt_buf from = {0}, prefix = {0};
  vt_buf_addf(&from, "%s%s%s%s%s", r->root, *sub ? "/" : "", sub, *texts ? "/" : "", texts);
  vt_buf_addf(&prefix, *sub ? "%s/%s/" : "", sub, pictures);
  const char *images = r->y.o->images;
  r->beside = !*texts;
  r->prefix = prefix.data ? prefix.data : "";
  r->pictures = images && !*sub ? vt_strdup(images) : NULL;
  if (!r->pictures) {
    struct vt_buf b = {0};
    vt_buf_addf(&b, "%s%s%s%s%s", images ? images : r->root, *sub ? "/" : "", sub, *pictures ? "/" : "",
                pictures);
    r->pictures = b.data;
  }
  int rc = from.failed || prefix.failed || !r->pictures ? vt_fail(e, VT_ENOMEM, "out of memory") : 0;
  if (!rc && vt__map_new(&r->told)) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) rc = vt_walk(from.data, each_text, r, e);
  if (!rc && vt_is_dir(r->pictures)) rc = vt_walk(r->pictures, each_picture, r, e);
  vt_buf_clear(&from);
  vt_buf_clear(&prefix);
  vt_free(r->pictures);
  vt__map_free(r->told);
  r->told = NULL;
  return rc;
}

static bool has(const char *root, const char *sub, const char *folder)
{
  struct vt_buf b = {0};
  vt_buf_addf(&b, "%s/%s/%s", root, sub, folder);
  const bool is = !b.failed && vt_is_dir(b.data);
  vt_buf_clear(&b);
  return is;
}

static int read_folders(struct reader *r, struct vt_err *e)
{
  static const char *const parts[] = {"train", "val", "valid", "validation", "test"};
  int n = has(r->root, ".", "labels"), rc = n ? read_part(r, "", "labels", "images", e) : 0;
  for (size_t k = 0; k < VT_COUNT(parts) && !rc; k++) {
    if (!has(r->root, parts[k], "labels")) continue;
    n++;
    vt__split_word(parts[k], &r->split);
    rc = read_part(r, parts[k], "labels", "images", e);
  }
  return n ? rc : read_part(r, "", "", "", e);
}

int vt__yolo_read(struct vt_labels *l, const char *root, const struct vt_labels_opts *o, struct vt_err *e)
{
  struct reader r = {.y = {.l = l, .o = o}, .root = root, .split = VT_SPLIT_NONE};
  struct vt_err own = {0};
  if (!e) e = &own;
  char *list = vt_path_join(NULL, root, "images.csv");
  int rc = list ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc && !vt_is_dir(root)) rc = vt_fail(e, VT_ENOENT, "%s: no such folder", root);
  if (!rc) rc = vt__yolo_describe(&r.y, root, e);
  if (!rc && vt_is_file(list)) {
    rc = read_list(&r, list, e);
  } else if (!rc) {
    rc = read_folders(&r, e);
    for (int k = 0; k < r.y.about.nlists && !rc; k++) rc = read_split(&r, &r.y.about.list[k], e);
    if (!rc && !l->nimages) rc = vt_fail(e, VT_ENOENT, "%s: no pictures with texts", root);
  }
  if (!rc) rc = vt__labels_end(l, e);
  vt_arena_clear(&r.y.about.arena);
  vt_free(list);
  vt_free(r.y.v);
  return rc;
}
