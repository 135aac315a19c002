/* YOLO: a folder with a text a picture, one line an instance, coordinates as shares of the picture's sides.
 * What is read besides stands in yolo_read.c; written are
 *
 *   labels/PATH/NAME.txt    of picture images/PATH/NAME.jpg, which is not written (vt__yolo_text_path):
 *     class x y w h           a box, by its middle
 *     class x1 y1 x2 y2 …     a closed line of three points or more
 *     class x y w h x1 y1 v1 …    a box with key points (yolo-pose, and where all instances are such)
 *   data.yaml               names of classes and lists of pictures, as Ultralytics' tools have it
 *   train.txt, val.txt, test.txt    ./images/PATH/NAME.jpg, a line a picture
 *   classes.txt             a name a line; class is the line's number from 0
 *   images.csv              image,id,name,width,height,split      what the others cannot say; name: PATH/NAME
 *
 * One line holds one closed line only. A mask is written as its outline along pixel edges, holes and further
 * pieces joined to the first ring by seams that are passed twice: filled by the even-odd rule it is the mask
 * again, pixel by pixel. One polygon stays as it is. */
#include "data/formats/yolo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The last folder "images" of a path, or NULL. */
static const char *last_images(const char *path)
{
  const char *last = NULL;
  for (const char *p = path; (p = strstr(p, "images/")); p++)
    if (p == path || p[-1] == '/') last = p;
  return last;
}

void vt__yolo_text_path(struct vt_buf *b, const char *name)
{
  const char *at = last_images(name);
  if (at)
    vt_buf_addf(b, "%.*slabels/%s.txt", (int)(at - name), name, at + strlen("images/"));
  else
    vt_buf_addf(b, "labels/%s.txt", name);
}

/* A share of a side with ten digits behind the point, or as many as it needs: 10^-6 of a pixel. */
static void add_share(struct vt_buf *b, double v)
{
  enum { DIGITS = 10 };
  char text[DIGITS + 3] = " 0.";
  if (!(v >= 0 && v < 2)) {
    vt_buf_addf(b, " %.10g", v);
    return;
  }
  uint64_t k = (uint64_t)(v * 1e10 + .5);
  text[1] = (char)('0' + k / 10000000000u);
  k %= 10000000000u;
  int n = DIGITS;
  for (int i = 0; i < DIGITS; i++, k /= 10) {
    if (i + n == DIGITS && k % 10 == 0) n--; /* zeros at the end */
    text[2 + DIGITS - i] = (char)('0' + k % 10);
  }
  vt_buf_add(b, text, n ? (size_t)n + 3 : 2);
}

/* What lies outside the picture goes: shares are 0 to 1. */
static int cut_polygon(struct vt_polygons *p, const struct vt_label_image *im, struct vt_losses *losses,
                       struct vt_err *e)
{
  double before, after;
  bool inside = true;
  for (int i = 0; p->n && i < 2 * p->start[p->n]; i++)
    inside &= p->xy[i] >= 0 && p->xy[i] <= (i % 2 ? im->height : im->width);
  vt_loss_add(losses, !inside, "parts of masks outside their pictures");
  return inside ? 0 : vt__polygons_cut(p, im->width, im->height, &before, &after, e);
}

static void add_polygon(struct vt_buf *b, const struct vt_polygons *p, const struct vt_label_image *im)
{
  for (int i = 0; i < p->start[1]; i++) {
    add_share(b, p->xy[2 * i] / im->width);
    add_share(b, p->xy[2 * i + 1] / im->height);
  }
}

/* A set being written. */
struct writer {
  const struct vt_labels *l;
  const char *root;
  int points; /* key points of each object; 0: none are written */
  struct vt_losses *losses;
};

/* All objects have as many: what is missing was not seen. */
static void add_points(struct vt_buf *b, const struct writer *w, const struct vt_instance *in)
{
  const struct vt_label_image *im = &w->l->image[in->image];
  bool seen = !in->npoints;
  for (int i = 0; i < w->points; i++) {
    const struct vt_keypoint none = {0},
                             *k = i < in->npoints ? &w->l->point[in->points + (uint32_t)i] : &none;
    add_share(b, k->x / im->width);
    add_share(b, k->y / im->height);
    vt_buf_addf(b, " %d", (int)k->seen);
    seen |= k->x != 0 || k->y != 0 || k->seen != VT_UNLABELLED;
  }
  vt_loss_add(w->losses, in->npoints && in->npoints != w->points,
              "how many key points an instance has: all get as many");
  vt_loss_add(w->losses, !seen, "key points of instances of which none is seen");
}

/* Whether middle and sides are shares of the picture's; the box may yet stand out of it. */
static bool is_shares(const struct vt_box *k, const struct vt_label_image *im)
{
  const double x = k->x + k->w / 2, y = k->y + k->h / 2;
  return x >= 0 && x <= im->width && k->w <= im->width && y >= 0 && y <= im->height && k->h <= im->height;
}

static int add_box(struct vt_buf *b, const struct writer *w, const struct vt_instance *in, struct vt_err *e)
{
  const struct vt_label_image *im = &w->l->image[in->image];
  struct vt_box k;
  int rc = vt__instance_box(w->l, in, &k, e);
  if (rc) return rc;
  if (!is_shares(&k, im)) {
    const double x = VT_CLAMP(k.x, 0, im->width), y = VT_CLAMP(k.y, 0, im->height);
    k = (struct vt_box){x, y, VT_CLAMP(k.x + k.w, 0, im->width) - x, VT_CLAMP(k.y + k.h, 0, im->height) - y};
    vt_loss_add(w->losses, 1, "parts of boxes outside their pictures");
  }
  vt_buf_addf(b, "%d %.10g %.10g %.10g %.10g", in->cls, (k.x + k.w / 2) / im->width,
              (k.y + k.h / 2) / im->height, k.w / im->width, k.h / im->height);
  if (w->points) add_points(b, w, in);
  vt_buf_addc(b, '\n');
  return 0;
}

/* The outline is all that is written: a box or an area that the file gave goes where the mask's is another.
 */
static int lose_measures(const struct vt_labels *l, const struct vt_instance *in, struct vt_losses *losses,
                         struct vt_err *e)
{
  struct vt_mask m;
  if (in->box.w < 0 && in->area < 0) return 0;
  int rc = vt_instance_mask(l, in, &m, e);
  if (rc) return rc;
  vt__lose_measures(in, &m, losses);
  vt_mask_clear(&m);
  return 0;
}

static int add_instance(struct vt_buf *b, const struct writer *w, const struct vt_instance *in,
                        struct vt_err *e)
{
  const struct vt_labels *l = w->l;
  struct vt_losses *losses = w->losses;
  const struct vt_label_image *im = &l->image[in->image];
  struct vt_polygons p;
  vt_loss_add(losses, in->flags & VT_CROWD ? 1 : 0, "crowd flags of instances");
  vt_loss_add(losses, in->nattrs, "attributes of instances");
  if (w->points) vt_loss_add(losses, in->shape != VT_SHAPE_NONE, "masks, of which the boxes stay");
  if (w->points || in->shape == VT_SHAPE_NONE) return add_box(b, w, in, e);
  int rc = lose_measures(l, in, losses, e);
  if (rc) return rc;
  rc = vt__instance_line(l, in, &p, losses, e);
  if (!rc) rc = cut_polygon(&p, im, losses, e);
  if (!rc && p.n) {
    vt_buf_addf(b, "%d", in->cls);
    add_polygon(b, &p, im);
    vt_buf_addc(b, '\n');
  } else if (!rc)
    vt_loss_add(losses, 1, "instances whose mask is empty");
  vt_polygons_clear(&p);
  return rc;
}

/* A line of a text; line breaks in it become blanks. */
static void add_name(struct vt_buf *b, const char *name, struct vt_losses *losses)
{
  vt_loss_add(losses, strpbrk(name, "\r\n") != NULL, "line breaks in names, in classes.txt");
  for (const char *p = name; *p; p++) vt_buf_addc(b, strchr("\r\n", *p) ? ' ' : *p);
  vt_buf_addc(b, '\n');
}

/* A double-quoted scalar of YAML 1.1 (chapter 5): what may not stand in a file as it is, and what other
 * programs would take for a line break, is escaped. */
static void add_yaml(struct vt_buf *b, const char *text)
{
  vt_buf_addc(b, '"');
  for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
    const unsigned three = p[0] >= 0xe0 && p[0] < 0xf0 && p[1] && p[2]
                               ? (p[0] & 15U) << 12 | (p[1] & 63U) << 6 | (p[2] & 63U)
                               : 0;
    if (*p < 32 || *p == 127)
      vt_buf_addf(b, "\\x%02x", *p);
    else if (*p == '"' || *p == '\\')
      vt_buf_addf(b, "\\%c", *p);
    else if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
      vt_buf_addf(b, "\\x%02x", *++p);
    else if (three == 0x2028 || three == 0x2029 || three == 0xfeff || three >= 0xfffe) {
      vt_buf_addf(b, "\\u%04x", three);
      p += 2;
    } else
      vt_buf_addc(b, (char)*p);
  }
  vt_buf_addc(b, '"');
}

static int write_yaml(const struct writer *w, const bool *some, struct vt_err *e)
{
  const struct vt_labels *l = w->l;
  struct vt_buf b = {0};
  vt_buf_adds(&b, "# Pictures belong into the folder images beside this file, or where the lists say.\n");
  for (int k = VT_SPLIT_TRAIN; k <= VT_SPLIT_TEST; k++) {
    const char *split = vt__split_name((uint8_t)k);
    if (some[k])
      vt_buf_addf(&b, "%s: %s.txt\n", split, split);
    else if (some[VT_SPLIT_NONE] && k == VT_SPLIT_TRAIN)
      vt_buf_addf(&b, "%s: images\n", split);
    else if (k != VT_SPLIT_TEST)
      vt_buf_addf(&b, "# %s: no picture of this set is for it\n", split);
  }
  if (w->points) vt_buf_addf(&b, "kpt_shape: [%d, 3]\n", w->points);
  vt_buf_adds(&b, l->classes.n ? "names:\n" : "names: []\n");
  for (int k = 0; k < l->classes.n; k++) {
    vt_buf_addf(&b, "  %d: ", k);
    add_yaml(&b, l->classes.v[k].name);
    vt_buf_addc(&b, '\n');
  }
  return vt__folder_write(w->root, "data.yaml", &b, e);
}

/* train.txt, val.txt, test.txt: of pictures that have a split. */
static int write_lists(const struct writer *w, bool *some, struct vt_err *e)
{
  const struct vt_labels *l = w->l;
  int rc = 0;
  for (int k = VT_SPLIT_TRAIN; k <= VT_SPLIT_TEST && !rc; k++) {
    struct vt_buf b = {0};
    char name[16];
    for (int32_t i = 0; i < l->nimages; i++) {
      const char *file = l->image[i].file;
      if (l->image[i].split != k) continue;
      some[k] = true;
      const bool odd = strpbrk(file, "\r\n") != NULL;
      vt_loss_add(w->losses, odd, "pictures whose names have line breaks, in lists of pictures");
      if (!odd) vt_buf_addf(&b, "%s%s\n", *file == '/' ? "" : last_images(file) ? "./" : "./images/", file);
    }
    snprintf(name, sizeof name, "%s.txt", vt__split_name((uint8_t)k));
    if (some[k]) rc = vt__folder_write(w->root, name, &b, e);
    vt_buf_clear(&b);
  }
  return rc;
}

/* The text of picture NAME, whose folder is made. */
static int write_text(const char *root, const char *name, struct vt_buf *text, struct vt_buf *made,
                      struct vt_err *e)
{
  struct vt_buf path = {0};
  vt__yolo_text_path(&path, name);
  int rc = path.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : 0;
  char *slash = rc ? NULL : strrchr(path.data, '/');
  if (slash) *slash = 0;
  if (slash && (!made->data || strcmp(made->data, path.data) != 0)) {
    made->len = 0;
    vt_buf_adds(made, path.data);
    rc = made->failed ? vt_fail(e, VT_ENOMEM, "out of memory") : vt__folder_make(root, path.data, e);
  }
  if (slash) *slash = '/';
  if (!rc) rc = vt__folder_write(root, path.data, text, e);
  vt_buf_clear(&path);
  return rc;
}

static int write_pictures(const struct writer *w, struct vt_err *e)
{
  const struct vt_labels *l = w->l;
  struct vt__names names = {0};
  struct vt_buf b = {0}, images = {0}, made = {0};
  int64_t *order = vt_labels_by_image(l, e), at = 0;
  int rc = order ? 0 : VT_ENOMEM;
  vt_buf_adds(&images, "image,id,name,width,height,split\n");
  for (int32_t k = 0; k < l->nimages && !rc; k++) {
    const struct vt_label_image *im = &l->image[k];
    const char *name = vt__names_take_path(&names, im, e);
    if (!name) rc = VT_ENOMEM;
    if (!rc && !im->width) rc = vt__no_size(im, e);
    for (; at < l->n && l->v[order[at]].image == k && !rc; at++)
      rc = add_instance(&b, w, &l->v[order[at]], e);
    if (rc) break;
    vt_csv_put(&images, im->file, true);
    vt_buf_addf(&images, ",%lld", (long long)im->id);
    vt_csv_put(&images, name, false);
    vt_buf_addf(&images, ",%d,%d,%s\n", im->width, im->height, vt__split_name(im->split));
    rc = write_text(w->root, name, &b, &made, e);
  }
  if (!rc) rc = vt__folder_write(w->root, "images.csv", &images, e);
  vt_buf_clear(&b);
  vt_buf_clear(&images);
  vt_buf_clear(&made);
  vt__names_clear(&names);
  vt_free(order);
  return rc;
}

int vt__yolo_write(const struct vt_labels *l, const char *root, int points, struct vt_losses *losses,
                   struct vt_err *e)
{
  const struct writer w = {l, root, points, losses};
  struct vt_buf b = {0};
  bool some[VT_SPLIT_NONE + 1] = {false};
  vt__lose_links(l, losses);
  vt__lose_details(l,
                   VT__LOSE_IDS | VT__LOSE_CLASS_IDS | VT__LOSE_SUPERS | VT__LOSE_ATTRIBUTES |
                       (points ? VT__LOSE_POINT_NAMES : VT__LOSE_POINTS),
                   losses);
  for (int32_t k = 0; k < l->nimages; k++) some[VT_SPLIT_NONE] |= l->image[k].split == VT_SPLIT_NONE;
  int rc = vt_mkdirs(root, e);
  for (int k = 0; k < l->classes.n; k++) add_name(&b, l->classes.v[k].name, losses);
  if (!rc) rc = vt__folder_write(root, "classes.txt", &b, e);
  if (!rc) rc = write_pictures(&w, e);
  if (!rc) rc = write_lists(&w, some, e);
  if (!rc) rc = write_yaml(&w, some, e);
  vt_buf_clear(&b);
  return rc;
}

/* How many key points each instance has, where all are boxes and each has as many or none; else 0. */
static int points_of_all(const struct vt_labels *l)
{
  int n = 0;
  for (int64_t i = 0; i < l->n; i++) {
    const int own = l->v[i].npoints;
    if (l->v[i].shape != VT_SHAPE_NONE || (own && n && own != n)) return 0;
    n = VT_MAX(n, own);
  }
  return n;
}

static int write_yolo(const struct vt_labels *l, const char *root, const struct vt_labels_opts *o,
                      struct vt_losses *losses, struct vt_err *e)
{
  return vt__yolo_write(l, root, points_of_all(l), losses, e);
}

const struct vt_format vt_format_yolo = {
    .name = "yolo",
    .what = "YOLO folder: labels/NAME.txt with boxes or one closed line an instance",
    .beside = ".",
    .read = vt__yolo_read,
    .write = write_yolo,
};
