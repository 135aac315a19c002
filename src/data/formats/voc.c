/* Pascal VOC: a folder with Annotations/NAME.xml, one a picture, and ImageSets/Main/{train,val,test}.txt.
 * Where there is no Annotations, the texts lie beside the pictures, as LabelImg and Roboflow leave them.
 * Where no list names a picture, folders may say its split (vt__split_folder).
 *
 *   <annotation><filename>a.jpg</filename><size><width>5</width><height>4</height><depth>3</depth></size>
 *     <object><name>hat</name><truncated>0</truncated><difficult>0</difficult>
 *       <bndbox><xmin>1</xmin><ymin>1</ymin><xmax>5</xmax><ymax>4</ymax></bndbox></object></annotation>
 *
 * Corners count pixels from 1, both inside the box: x = xmin - 1, w = xmax - xmin + 1. `difficult` is the
 * crowd flag, `truncated` and `occluded` are attributes of these names. Classes are numbered by first use,
 * files by name. */
#include "data/formats/folder.h"
#include "data/labels_map.h"
#include "image/image.h"

#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_XML = 16 << 20 };

/* ---- writing ---- */

/* How many bytes at s are a character that XML 1.0 (chapter 2.2) has not, in no way of writing it. */
static size_t forbidden(const char *s)
{
  if (!strncmp(s, "\xef\xbf\xbe", 3) || !strncmp(s, "\xef\xbf\xbf", 3)) return 3; /* U+FFFE, U+FFFF */
  return (unsigned char)*s < 32 && !strchr("\t\n\r", *s);
}

static void add_text(struct vt_buf *b, const char *name, const char *s, struct vt_losses *losses)
{
  vt_buf_addf(b, "<%s>", name);
  while (*s) {
    const size_t odd = forbidden(s);
    const char *other = odd          ? "\xef\xbf\xbd"
                        : *s == '&'  ? "&amp;"
                        : *s == '<'  ? "&lt;"
                        : *s == '>'  ? "&gt;"
                        : *s == '\r' ? "&#13;"
                                     : NULL;
    vt_loss_add(losses, odd != 0, "characters that XML does not have, replaced by U+FFFD");
    if (other)
      vt_buf_adds(b, other);
    else
      vt_buf_addc(b, *s);
    s += VT_MAX(odd, (size_t)1);
  }
  vt_buf_addf(b, "</%s>", name);
}

static void add_number(struct vt_buf *b, const char *name, double v)
{
  vt_buf_addf(b, "<%s>", name);
  vt__json_number(b, v);
  vt_buf_addf(b, "</%s>", name);
}

static int add_object(struct vt_buf *b, const struct vt_labels *l, const struct vt_instance *in,
                      struct vt_losses *losses, struct vt_err *e)
{
  struct vt_box k;
  int rc = vt__instance_box(l, in, &k, e);
  if (rc) return rc;
  bool truncated = vt__instance_has(l, in, "truncated"), occluded = vt__instance_has(l, in, "occluded");
  vt_loss_add(losses, in->shape != VT_SHAPE_NONE, "masks, of which the boxes stay");
  vt_loss_add(losses, in->nattrs - truncated - occluded, "attributes of instances");
  vt_buf_adds(b, "  <object>");
  add_text(b, "name", l->classes.v[in->cls].name, losses);
  vt_buf_addf(
      b, "<pose>Unspecified</pose><truncated>%d</truncated><occluded>%d</occluded><difficult>%d</difficult>",
      truncated, occluded, in->flags & VT_CROWD ? 1 : 0);
  vt_buf_adds(b, "<bndbox>");
  add_number(b, "xmin", k.x + 1);
  add_number(b, "ymin", k.y + 1);
  add_number(b, "xmax", k.x + k.w);
  add_number(b, "ymax", k.y + k.h);
  vt_buf_adds(b, "</bndbox></object>\n");
  return 0;
}

static int write_voc(const struct vt_labels *l, const char *root, const struct vt_labels_opts *o,
                     struct vt_losses *losses, struct vt_err *e)
{
  struct vt__names names = {0};
  struct vt_buf b = {0}, path = {0}, set[3] = {{0}};
  int64_t *order = vt_labels_by_image(l, e), at = 0;
  vt__lose_links(l, losses);
  vt__lose_details(l,
                   VT__LOSE_POINTS | VT__LOSE_IDS | VT__LOSE_IMAGE_IDS | VT__LOSE_CLASS_IDS |
                       VT__LOSE_SUPERS | VT__LOSE_UNUSED,
                   losses);
  vt__lose_attribute_names(l, (const char *const[]){"truncated", "occluded"}, 2, losses);
  int rc = order ? vt__folder_make(root, "Annotations", e) : VT_ENOMEM;
  if (!rc) rc = vt__folder_make(root, "ImageSets/Main", e);
  for (int32_t k = 0; k < l->nimages && !rc; k++) {
    const struct vt_label_image *im = &l->image[k];
    const char *name = vt__names_take(&names, im, e);
    if (!name) rc = VT_ENOMEM;
    if (!rc && !im->width) rc = vt__no_size(im, e);
    vt_buf_adds(&b, "<annotation>\n  ");
    add_text(&b, "filename", im->file, losses);
    vt_buf_addf(&b, "\n  <size><width>%d</width><height>%d</height><depth>3</depth></size>\n", im->width,
                im->height);
    for (; at < l->n && l->v[order[at]].image == k && !rc; at++)
      rc = add_object(&b, l, &l->v[order[at]], losses, e);
    vt_buf_adds(&b, "</annotation>\n");
    if (rc) break;
    if (im->split < 3) vt_buf_addf(&set[im->split], "%s\n", name);
    path.len = 0;
    vt_buf_addf(&path, "Annotations/%s.xml", name);
    rc = path.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : vt__folder_write(root, path.data, &b, e);
  }
  for (uint8_t k = 0; k < 3; k++) {
    char file[40];
    snprintf(file, sizeof file, "ImageSets/Main/%s.txt", vt__split_name(k));
    if (!rc && set[k].len) rc = vt__folder_write(root, file, &set[k], e);
    vt_buf_clear(&set[k]);
  }
  vt_buf_clear(&b);
  vt_buf_clear(&path);
  vt__names_clear(&names);
  vt_free(order);
  return rc;
}

/* ---- reading ---- */

struct reader {
  struct vt_labels *l;
  const struct vt_labels_opts *o;
  const char *below;       /* the folder of the texts, for messages: "Annotations/" or "" */
  struct vt__map *sets[3]; /* names of pictures in the three lists, NULL where there is none */
  int64_t listed[3];       /* names that had no text yet */
};

static xmlNode *child(xmlNode *n, const char *name)
{
  for (xmlNode *c = n ? n->children : NULL; c; c = c->next)
    if (c->type == XML_ELEMENT_NODE && !strcmp((const char *)c->name, name)) return c;
  return NULL;
}

/* The element's text without blanks around it, cut to size; false if there is none. */
static bool text_of(xmlNode *n, const char *name, char *out, size_t size)
{
  xmlNode *c = child(n, name);
  xmlChar *s = c ? xmlNodeGetContent(c) : NULL;
  const char *p = s ? (const char *)s : "";
  p += strspn(p, " \t\r\n");
  size_t len = strlen(p);
  while (len && strchr(" \t\r\n", p[len - 1])) len--;
  bool ok = s && len && len < size;
  if (ok) memcpy(out, p, len);
  out[ok ? len : 0] = 0;
  if (s) xmlFree(s);
  return ok;
}

static int number_of(xmlNode *n, const char *name, double *out, struct vt_err *e)
{
  char text[64];
  if (text_of(n, name, text, sizeof text) && vt__number(text, strlen(text), out)) return 0;
  return vt_fail(e, VT_EFORMAT, "<%s> '%s': expected a number", name, text);
}

static bool flag_of(xmlNode *n, const char *name)
{
  char text[8];
  return text_of(n, name, text, sizeof text) && !strcmp(text, "1");
}

/* Counts elements that the set has no place for. */
static void drop_others(struct reader *r, const xmlNode *of, const char *const *names, int n)
{
  for (const xmlNode *c = of->children; c; c = c->next) {
    char what[100];
    int k = 0;
    if (c->type != XML_ELEMENT_NODE) continue;
    while (k < n && strcmp(names[k], (const char *)c->name) != 0) k++;
    snprintf(what, sizeof what, "%s: <%.40s>", (const char *)of->name, (const char *)c->name);
    if (k == n) vt_loss_add(&r->l->dropped, 1, what);
  }
}

static int read_object(struct reader *r, xmlNode *n, int32_t image, struct vt_err *e)
{
  struct vt_labels *l = r->l;
  static const char *const known[] = {"name", "bndbox", "difficult", "truncated", "occluded", "pose"};
  const struct vt_label_image *im = &l->image[image];
  char name[256], pose[64];
  double x0, y0, x1, y1;
  xmlNode *box = child(n, "bndbox");
  if (!text_of(n, "name", name, sizeof name)) return vt_fail(e, VT_EFORMAT, "an <object> without <name>");
  if (!box) return vt_fail(e, VT_EFORMAT, "<object> '%s' without <bndbox>", name);
  int rc = number_of(box, "xmin", &x0, e);
  if (!rc) rc = number_of(box, "ymin", &y0, e);
  if (!rc) rc = number_of(box, "xmax", &x1, e);
  if (!rc) rc = number_of(box, "ymax", &y1, e);
  if (!rc && (x1 < x0 - 1 || y1 < y0 - 1))
    rc = vt_fail(e, VT_EFORMAT, "<object> '%s': xmax or ymax lies before xmin or ymin", name);
  if (!rc && (x1 < 1 || y1 < 1))
    rc = vt_fail(e, VT_EFORMAT, "<object> '%s': the box lies outside the picture '%s'", name, im->file);
  if (rc) return rc;
  const struct vt_box pixels = {x0 - 1, y0 - 1, x1 - x0 + 1, y1 - y0 + 1};
  if ((rc = vt__box_check(im, &pixels, e))) return vt_fail_in(e, rc, "<object> '%s'", name);
  int32_t cls = vt__labels_need_class(l, name, e);
  struct vt_instance *in = cls < 0 ? NULL : vt__labels_push(l, e);
  if (!in) return cls < 0 ? cls : VT_ENOMEM;
  in->image = image;
  in->cls = cls;
  in->id = l->n;
  in->line = xmlGetLineNo(n);
  in->box = pixels;
  in->area = in->box.w * in->box.h;
  in->hash = vt_hash64(&in->box, sizeof in->box);
  drop_others(r, n, known, VT_COUNT(known));
  if (text_of(n, "pose", pose, sizeof pose) && strcmp(pose, "Unspecified") != 0)
    vt_loss_add(&l->dropped, 1, "object: <pose>");
  if (flag_of(n, "difficult")) in->flags |= VT_CROWD;
  int32_t attr[2];
  int nattrs = 0;
  if (flag_of(n, "truncated")) attr[nattrs++] = 0;
  if (flag_of(n, "occluded")) attr[nattrs++] = 1;
  return nattrs ? vt__labels_set_attrs(l, in, attr, nattrs, e) : 0;
}

/* A list: the first word of each line. */
static int read_set(struct vt__map **set, int64_t *names, const char *path, struct vt_err *e)
{
  char *text;
  size_t len;
  int rc = vt_text_read(path, 1 << 28, &text, &len, e);
  if (rc) return rc;
  rc = vt__map_new(set);
  for (const char *p = text; !rc && *p; p += strcspn(p, "\n"), p += *p != 0) {
    const size_t n = strcspn(p, " \t\r\n");
    const uint64_t key = vt_hash64(p, n);
    if (!n || vt__map_find(*set, key, NULL, NULL, NULL) >= 0) continue;
    rc = vt__map_put(*set, key, 0);
    ++*names;
  }
  vt_free(text);
  return rc ? vt_fail(e, VT_ENOMEM, "out of memory") : 0;
}

/* Lists say it, else the folder that the text lies in. */
static uint8_t split_of(struct reader *r, const char *stem)
{
  uint8_t split = VT_SPLIT_NONE;
  vt__split_folder(stem, &split);
  for (uint8_t k = 0; k < 3; k++)
    if (r->sets[k] && vt__map_find(r->sets[k], vt_hash64(stem, strlen(stem)), NULL, NULL, NULL) >= 0) {
      split = k;
      r->listed[k]--;
    }
  return split;
}

/* Texts are renamed with their pictures, and what they call those is forgotten: where --images has no such
 * file but one of the text's name, that is the picture. */
static int find_picture(struct reader *r, const char *stem, char *file, size_t size, struct vt_err *e)
{
  char *path = r->o->images ? vt_picture_find(r->o->images, file) : NULL;
  if (!r->o->images) return 0;
  if (!path) return vt_fail(e, VT_ENOMEM, "out of memory");
  const bool there = vt_is_file(path);
  vt_free(path);
  if (there || strlen(stem) > 900) return 0;
  const int rc = vt__folder_name(r->o->images, stem, file, size, e);
  if (rc < 0) return rc;
  vt_loss_add(&r->l->dropped, rc, "annotation: <filename> of no picture; the text's own name stands for it");
  return 0;
}

static int read_picture(struct reader *r, xmlNode *top, const char *stem, struct vt_err *e)
{
  static const char *const known[] = {"filename", "size", "object"};
  char file[1024];
  double width, height;
  if (!top || strcmp((const char *)top->name, "annotation") != 0)
    return vt_fail(e, VT_EFORMAT, "expected <annotation>");
  char name[512];
  const char *slash =
      *r->below ? NULL : strrchr(stem, '/'); /* a picture beside its text has that one's folder */
  if (!text_of(top, "filename", name, sizeof name))
    snprintf(name, sizeof name, "%s.jpg", slash ? slash + 1 : stem);
  const int folder = slash && !strchr(name, '/') ? (int)(slash + 1 - stem) : 0;
  if (snprintf(file, sizeof file, "%.*s%s", folder, stem, name) >= (int)sizeof file)
    return vt_fail(e, VT_ELIMIT, "a name of over %zu bytes", sizeof file - 1);
  int rc = find_picture(r, stem, file, sizeof file, e);
  if (!rc) rc = number_of(child(top, "size"), "width", &width, e);
  if (!rc) rc = number_of(child(top, "size"), "height", &height, e);
  if (!rc && (width < 1 || height < 1 || width > VT_MAX_SIDE || height > VT_MAX_SIDE ||
              width != floor(width) || height != floor(height)))
    rc = vt_fail(e, VT_EFORMAT, "<size>: %g x %g; expected whole numbers from 1 to %d", width, height,
                 VT_MAX_SIDE);
  if (rc) return rc;
  int32_t p = vt__labels_add_image(r->l, r->l->nimages + 1, file, (int)width, (int)height, e);
  if (p < 0) return p;
  drop_others(r, top, known, VT_COUNT(known));
  r->l->image[p].split = split_of(r, stem);
  for (xmlNode *n = top->children; n && !rc; n = n->next) {
    if (n->type != XML_ELEMENT_NODE || strcmp((const char *)n->name, "object") != 0) continue;
    r->l->rows++;
    vt__labels_row_of(r->l, p);
    long line = xmlGetLineNo(n);
    if ((rc = read_object(r, n, p, e))) {
      vt_fail_in(e, rc, "%s%s.xml: line %ld", r->below, stem, line);
      rc = vt__labels_problem(r->l, r->o, e);
    }
  }
  return rc;
}

/* The parser's own report goes to our message, not to the terminal. */
static void no_report(void *ctx, xmlErrorPtr error) {}

static int read_xml(struct reader *r, const char *path, const char *stem, struct vt_err *e)
{
  char *text;
  size_t len;
  int rc = vt_file_read(path, MAX_XML, &text, &len, e);
  if (rc) return vt__labels_problem(r->l, r->o, e);
  xmlSetStructuredErrorFunc(NULL, no_report);
  xmlDoc *doc =
      xmlReadMemory(text, (int)len, path, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  if (doc)
    rc = read_picture(r, xmlDocGetRootElement(doc), stem, e);
  else {
    xmlErrorPtr last = xmlGetLastError();
    rc = vt_fail(e, VT_EFORMAT, "line %d: %.*s", last ? last->line : 0,
                 last && last->message ? (int)strcspn(last->message, "\n") : 0,
                 last && last->message ? last->message : "");
  }
  if (doc) xmlFreeDoc(doc);
  xmlSetStructuredErrorFunc(NULL, NULL);
  vt_free(text);
  if (!rc || rc == VT_ENOMEM) return rc;
  const size_t n = strlen(r->below), m = strlen(stem);
  const bool named =
      !strncmp(e->msg, r->below, n) && !strncmp(e->msg + n, stem, m) && !strncmp(e->msg + n + m, ".xml: ", 6);
  if (!named) vt_fail_in(e, rc, "%s%s.xml", r->below, stem);
  return vt__labels_problem(r->l, r->o, e);
}

static int each_xml(const char *path, const char *rel, void *ctx, struct vt_err *e)
{
  if (strcmp(vt_path_ext(rel), "xml") != 0) return 0;
  char *stem = vt_strdup(rel);
  if (!stem) return vt_fail(e, VT_ENOMEM, "out of memory");
  stem[strlen(stem) - 4] = 0;
  int rc = read_xml(ctx, path, stem, e);
  vt_free(stem);
  return rc;
}

static int read_voc(struct vt_labels *l, const char *root, const struct vt_labels_opts *o, struct vt_err *e)
{
  struct reader r = {.l = l, .o = o, .below = "Annotations/"};
  struct vt_err own = {0};
  if (!e) e = &own;
  char *xml = vt_path_join(NULL, root, "Annotations");
  int rc = xml ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc && !vt_is_dir(root)) rc = vt_fail(e, VT_ENOENT, "%s: no such folder", root);
  if (!rc && !vt_is_dir(xml)) r.below = "";
  for (uint8_t k = 0; k < 3 && !rc; k++) {
    struct vt_buf path = {0};
    vt_buf_addf(&path, "%s/ImageSets/Main/%s.txt", root, vt__split_name(k));
    if (!path.failed && vt_is_file(path.data)) rc = read_set(&r.sets[k], &r.listed[k], path.data, e);
    vt_buf_clear(&path);
  }
  if (!rc && (vt__labels_add_class(l, true, 0, "truncated", "", e) < 0 ||
              vt__labels_add_class(l, true, 1, "occluded", "", e) < 0))
    rc = VT_ENOMEM;
  if (!rc) rc = vt_walk(*r.below ? xml : root, each_xml, &r, e);
  if (!rc && !l->nimages && !l->skipped)
    rc = vt_fail(e, VT_ENOENT, "%s: no .xml file", *r.below ? xml : root);
  for (int k = 0; k < 3; k++) {
    if (!rc) vt_loss_add(&l->dropped, VT_MAX(r.listed[k], 0), "names in lists of pictures that have no text");
    vt__map_free(r.sets[k]);
  }
  vt_free(xml);
  return rc ? rc : vt__labels_end(l, e);
}

const struct vt_format vt_format_voc = {
    .name = "voc",
    .what = "Pascal VOC folder: Annotations/NAME.xml with boxes",
    .read = read_voc,
    .write = write_voc,
};
