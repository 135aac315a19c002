/* Clothing Co-Parsing as labels: each tag of a photo's label map is one instance; classes are the 59 tags.
 *
 *   photos/ID.jpg
 *   masks/ID.png    8 bit, the tag's number
 *   split.csv       id,split
 *   labels.txt      line k from 0: tag k; 0 is "null", no instance */
#include "data/formats/folder.h"

#include <stdio.h>
#include <string.h>

static int read_tags(struct vt_labels *l, const char *root, struct vt_err *e)
{
  char *path = vt_path_join(NULL, root, "labels.txt"), *text = NULL, *rest;
  size_t len;
  int64_t id = 0;
  int rc = path ? vt_text_read(path, 1 << 20, &text, &len, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc && !vt_utf8_valid(text, len)) rc = vt_fail(e, VT_EFORMAT, "%s: text is not valid UTF-8", path);
  rest = text;
  for (char *line; !rc && (line = strsep(&rest, "\n")); id++) {
    line[strcspn(line, "\r")] = 0;
    if (!*line || !id) continue;
    int32_t p = vt__labels_add_class(l, false, id, line, "", e);
    if (p < 0) rc = p;
  }
  vt_free(path);
  vt_free(text);
  return rc;
}

static int add_tag(struct vt_labels *l, const struct vt_labels_opts *o, const struct vt_image *map, int tag,
                   int32_t image, struct vt_err *e)
{
  struct vt_mask m;
  int32_t cls = vt__labels_find_class(l, false, tag);
  if (cls < 0) return vt_fail(e, VT_EFORMAT, "%s: value %d is not in labels.txt", l->image[image].file, tag);
  int rc = vt_mask_from_labels(&m, map->px, map->width, map->height, map->stride, (uint8_t)tag, e);
  if (rc) return rc;
  struct vt_instance *in = vt__labels_push(l, e);
  if (in) {
    in->image = image;
    in->cls = cls;
    in->id = l->n;
    in->area = (double)vt_mask_area(&m);
    in->box = vt_mask_box(&m);
    in->hash = vt_hash64(m.runs, (uint64_t)m.n * sizeof *m.runs);
  }
  rc = !in ? VT_ENOMEM : o->no_shapes ? 0 : vt__labels_set_mask(l, in, &m, e);
  vt_mask_clear(&m);
  return rc;
}

static int read_map(struct vt_labels *l, const struct vt_labels_opts *o, const char *path, int32_t image,
                    struct vt_err *e)
{
  struct vt_image map = {0};
  bool there[256] = {false};
  int rc = vt_image_read(&map, path, &(struct vt_decode_opts){.labels = true}, NULL, e);
  if (rc) vt__labels_row_of(l, image); /* it may have shown something */
  if (rc) return vt__labels_problem(l, o, e);
  l->image[image].width = map.width;
  l->image[image].height = map.height;
  for (int y = 0; y < map.height; y++)
    for (int x = 0; x < map.width; x++) there[map.px[y * map.stride + x]] = true;
  for (int tag = 1; tag < 256 && !rc; tag++) {
    if (!there[tag]) continue;
    l->rows++;
    vt__labels_row_of(l, image);
    if ((rc = add_tag(l, o, &map, tag, image, e))) rc = vt__labels_problem(l, o, e);
  }
  vt_image_clear(&map);
  return rc;
}

static int read_row(struct vt_labels *l, const struct vt_labels_opts *o, const char *root,
                    const struct vt_csv *c, int id, int split, struct vt_err *e)
{
  char file[300];
  uint8_t part;
  struct vt_buf path = {0};
  const char *name = c->field[id];
  if (!*name || strlen(name) > 250 || strchr(name, '/'))
    return vt_fail(e, VT_EFORMAT, "split.csv: line %lld: id '%.40s'", (long long)c->line, name);
  if (!vt__split_word(c->field[split], &part))
    return vt_fail(e, VT_EFORMAT, "split.csv: line %lld: split '%.40s'", (long long)c->line, c->field[split]);
  snprintf(file, sizeof file, "%.250s.jpg", name);
  if (vt__labels_find_file(l, file) >= 0)
    return vt_fail(e, VT_EFORMAT, "split.csv: line %lld: id '%.40s' stands twice", (long long)c->line, name);
  int32_t p = vt__labels_add_image(l, l->nimages + 1, file, 0, 0, e);
  if (p < 0) return p;
  l->image[p].split = part;
  vt_buf_addf(&path, "%s/masks/%s.png", root, name);
  int rc = path.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : read_map(l, o, path.data, p, e);
  vt_buf_clear(&path);
  return rc;
}

static int read_ccp(struct vt_labels *l, const char *root, const struct vt_labels_opts *o, struct vt_err *e)
{
  struct vt_csv c;
  struct vt_err own = {0};
  if (!e) e = &own;
  int id, split, rc = read_tags(l, root, e);
  if (rc) return rc;
  char *path = vt_path_join(NULL, root, "split.csv");
  rc = path ? vt_csv_open(&c, path, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  if (rc) goto out;
  c.lenient_utf8 = o->lenient;
  rc = vt_csv_need(&c, "id", &id, e);
  if (!rc) rc = vt_csv_need(&c, "split", &split, e);
  while (!rc && (rc = vt_csv_next(&c, e)) != 0) {
    if (rc < 0 && rc != VT_EFORMAT) break;
    rc = rc > 0 ? read_row(l, o, root, &c, id, split, e) : rc;
    if (rc) rc = vt__labels_problem(l, o, e);
  }
  vt__labels_csv_close(l, &c);
out:
  vt_free(path);
  return rc ? rc : vt__labels_end(l, e);
}

const struct vt_format vt_format_ccp_maps = {
    .name = "ccp-maps",
    .what = "Clothing Co-Parsing's folder: photos and label maps of 59 tags",
    .read = read_ccp,
};
