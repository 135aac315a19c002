/* Class folders: ROOT/CLASS/picture, or ROOT/SPLIT/CLASS/picture with SPLIT train, val or test (or as
 * vt__split_word has it). Each picture is one instance whose box is the whole picture; its size is looked up.
 * Classes are numbered by name.
 *
 * Written from the pictures in --images: each goes, byte by byte, into the folder of its first instance's
 * class; a picture that is no file there is taken from the IDX file whose it is. */
#include "data/formats/idx.h"
#include "data/formats/links.h"
#include "image/image.h"

#include <stdio.h>
#include <string.h>

struct reader {
  struct vt_labels *l;
  const struct vt_labels_opts *o;
};

static int each_file(const char *path, const char *rel, void *ctx, struct vt_err *e)
{
  struct reader *r = ctx;
  struct vt_labels *l = r->l;
  char cls[256];
  uint8_t split = VT_SPLIT_NONE;
  if (!vt_picture_named(rel)) {
    vt_loss_add(&l->dropped, *vt_path_base(rel) != '.',
                "files that do not end as pictures do (.jpg, .png, …)");
    return 0;
  }
  l->rows++;
  const char *slash = strchr(rel, '/'), *from = rel;
  if (slash && strchr(slash + 1, '/') && vt__split_folder(rel, &split)) {
    from = slash + 1;
    slash = strchr(from, '/');
  }
  int width = 0, height = 0;
  int rc = !slash || slash - from >= (int)sizeof cls
               ? vt_fail(e, VT_EFORMAT, "%s: lies in no class folder", path)
               : vt__probe_file(path, &width, &height, e);
  const int32_t p = rc ? rc : vt__labels_add_image(l, l->nimages + 1, rel, width, height, e);
  if (!rc && p < 0) vt_fail_in(e, p, "%s", path);
  if (p < 0) return vt__labels_problem(l, r->o, e);
  snprintf(cls, sizeof cls, "%.*s", (int)(slash - from), from);
  const int32_t c = vt__labels_need_class(l, cls, e);
  struct vt_instance *in = c < 0 ? NULL : vt__labels_push(l, e);
  if (!in) return c < 0 ? c : VT_ENOMEM;
  l->image[p].split = split;
  in->image = p;
  in->cls = c;
  in->id = l->n;
  in->box = (struct vt_box){0, 0, width, height};
  in->area = (double)width * height;
  return 0;
}

static int read_folders(struct vt_labels *l, const char *root, const struct vt_labels_opts *o,
                        struct vt_err *e)
{
  struct reader r = {l, o};
  struct vt_err own = {0};
  if (!e) e = &own;
  int rc =
      vt_is_dir(root) ? vt_walk(root, each_file, &r, e) : vt_fail(e, VT_ENOENT, "%s: no such folder", root);
  if (!rc && !l->nimages) rc = vt_fail(e, VT_ENOENT, "%s: no picture in a class folder", root);
  return rc;
}

/* ---- writing ---- */

struct writer {
  const struct vt_labels *l;
  const char *root, *images;
  struct vt__names names; /* of files below the root */
  bool *kept;             // (pictures): the file has the picture's own name
  struct vt__idx idx;     /* the one that is open */
  char *idx_name;
};

/* Picture N of the IDX file NAME in --images, for "NAME/N.png". */
static int idx_picture(struct writer *w, const struct vt_label_image *im, struct vt_image *out,
                       struct vt_err *e)
{
  const char *slash = strrchr(im->file, '/');
  int64_t number;
  char *digits = slash ? vt_path_stem(NULL, im->file) : NULL;
  const bool ours = digits && vt_parse_i64(digits, &number) && number >= 0;
  vt_free(digits);
  if (!ours) return vt_fail(e, VT_ENOENT, "%s: no picture '%s' there", w->images, im->file);
  const size_t n = (size_t)(slash - im->file);
  const bool open = w->idx_name && strlen(w->idx_name) == n && !strncmp(w->idx_name, im->file, n);
  if (!open || number < w->idx.next) {
    vt_free(w->idx_name);
    vt__idx_close(&w->idx);
    w->idx_name = vt_strdup(im->file);
    if (!w->idx_name) return vt_fail(e, VT_ENOMEM, "out of memory");
    w->idx_name[n] = 0;
    int rc = vt__idx_find(&w->idx, w->images, w->idx_name, e);
    if (rc) return rc;
  }
  if (number >= w->idx.n || w->idx.width != im->width || w->idx.height != im->height)
    return vt_fail(e, VT_EFORMAT, "%s: picture %lld of %d x %d is not there", w->idx.path, (long long)number,
                   im->width, im->height);
  int rc = vt_image_init(out, im->width, im->height, 1, e);
  uint8_t *px = rc ? NULL : vt_malloc((size_t)im->width * (size_t)im->height);
  if (!rc && !px) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  while (!rc && w->idx.next <= number) rc = vt__idx_next(&w->idx, px, e);
  for (int y = 0; y < im->height && !rc; y++)
    memcpy(out->px + (ptrdiff_t)y * out->stride, px + (size_t)y * (size_t)im->width, (size_t)im->width);
  vt_free(px);
  return rc;
}

static int copy_picture(struct writer *w, const struct vt_label_image *im, const char *from, const char *to,
                        struct vt_err *e)
{
  struct vt_map m;
  struct vt_image drawn = {0};
  int rc;
  if (vt_is_file(from)) {
    if (!(rc = vt_map_open(&m, from, e))) {
      rc = vt_file_write(to, m.data, m.len, e);
      vt_map_close(&m);
    }
  } else {
    rc = idx_picture(w, im, &drawn, e);
    if (!rc) rc = vt_image_write(&drawn, to, 0, e);
  }
  vt_image_clear(&drawn);
  return rc;
}

/* The picture's folder below the root, with a slash behind it. */
static int folder_of(const struct vt_label_image *im, const char *cls, struct vt_buf *sub, struct vt_err *e)
{
  const char *split = vt__split_name(im->split);
  if (!*cls || *cls == '.' || strchr(cls, '/'))
    return vt_fail(e, VT_EUNSUPPORTED, "class '%.60s' cannot be a folder", cls);
  sub->len = 0;
  vt_buf_addf(sub, "%s%s%s/", split, *split ? "/" : "", cls);
  return sub->failed ? vt_fail(e, VT_ENOMEM, "out of memory") : 0;
}

/* Whether the picture comes from such a folder. */
static bool lies_in(const struct vt_label_image *im, const struct vt_buf *sub)
{
  return !strncmp(im->file, sub->data, sub->len) && im->file[sub->len] && !strchr(im->file + sub->len, '/');
}

/* What comes from such folders keeps its names; others get what is free then. */
static int keep_names(struct writer *w, const int64_t *order, const int64_t *start, struct vt_err *e)
{
  struct vt_buf sub = {0};
  int rc = 0;
  for (int32_t k = 0; k < w->l->nimages && !rc; k++) {
    const struct vt_label_image *im = &w->l->image[k];
    if (start[k] == start[k + 1]) continue;
    rc = folder_of(im, w->l->classes.v[w->l->v[order[start[k]]].cls].name, &sub, e);
    if (!rc && lies_in(im, &sub) && vt_picture_named(im->file))
      rc = vt__names_keep(&w->names, im->file, &w->kept[k], e);
  }
  vt_buf_clear(&sub);
  return rc;
}

/* root/[SPLIT/]CLASS/NAME with the picture's own ending; its own name if it comes from such a folder. */
static int write_picture(struct writer *w, int32_t image, const char *cls, struct vt_losses *losses,
                         struct vt_err *e)
{
  const struct vt_label_image *im = &w->l->image[image];
  struct vt_label_image bare = *im;
  struct vt_buf sub = {0}, ending = {0};
  char *from = vt_picture_find(w->images, im->file), *path = NULL;
  int rc = from ? folder_of(im, cls, &sub, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc) rc = vt__folder_make(w->root, sub.data, e);
  if (!rc && !vt_picture_named(from) && vt_is_file(from))
    rc =
        vt_fail(e, VT_EUNSUPPORTED, "%s: does not end as pictures in class folders do (.jpg, .png, …)", from);
  if (!rc) {
    vt_buf_addf(&ending, ".%s", vt_path_ext(from));
    if (lies_in(im, &sub)) bare.file += sub.len;
    const char *name = w->kept[image]  ? im->file
                       : ending.failed ? NULL
                                       : vt__names_take_in(&w->names, &bare, sub.data, ending.data, e);
    vt_loss_add(losses, name && strncmp(name, im->file, strlen(im->file)) != 0,
                "names of pictures: they become CLASS/NAME");
    path = name ? vt_path_join(NULL, w->root, name) : NULL;
    rc = path ? copy_picture(w, im, from, path, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  }
  vt_free(from);
  vt_free(path);
  vt_buf_clear(&sub);
  vt_buf_clear(&ending);
  return rc;
}

static int write_folders(const struct vt_labels *l, const char *root, const struct vt_labels_opts *o,
                         struct vt_losses *losses, struct vt_err *e)
{
  struct writer w = {.l = l, .root = root, .images = o->images};
  int64_t *order, *start;
  if (!o->images) return vt_fail(e, VT_EUSAGE, "class folders hold pictures: --images says where they are");
  int rc = vt_labels_by(l, VT_BY_IMAGE, &order, &start, e);
  w.kept = vt_calloc((size_t)l->nimages + 1, sizeof *w.kept);
  if (!rc) rc = w.kept ? keep_names(&w, order, start, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  vt__lose_links(l, losses);
  vt__lose_details(l,
                   VT__LOSE_POINTS | VT__LOSE_IDS | VT__LOSE_IMAGE_IDS | VT__LOSE_CLASS_IDS |
                       VT__LOSE_SUPERS | VT__LOSE_UNUSED | VT__LOSE_ATTRIBUTES,
                   losses);
  for (int32_t k = 0; k < l->nimages && !rc; k++) {
    const int64_t n = start[k + 1] - start[k];
    const struct vt_instance *in = n ? &l->v[order[start[k]]] : NULL;
    vt_loss_add(losses, !n, "pictures without instances");
    vt_loss_add(losses, n > 1 ? n - 1 : 0, "instances beyond the first of a picture");
    if (!n) continue;
    vt_loss_add(losses, in->shape != VT_SHAPE_NONE || !vt__link_is_whole(l, in), "masks and boxes");
    vt_loss_add(losses, in->nattrs, "attributes of instances");
    vt_loss_add(losses, in->flags & VT_CROWD ? 1 : 0, "crowd flags of instances");
    rc = write_picture(&w, k, l->classes.v[in->cls].name, losses, e);
    if (o->lenient && (rc == VT_ENOENT || rc == VT_EFORMAT)) {
      vt_loss_add(losses, 1, "pictures that are missing");
      if (e) *e = (struct vt_err){0};
      rc = 0;
    }
    if (!rc && vt_interrupted()) rc = vt_fail(e, VT_EINTERRUPTED, "%s: interrupted", root);
  }
  vt__names_clear(&w.names);
  vt__idx_close(&w.idx);
  vt_free(w.idx_name);
  vt_free(w.kept);
  vt_free(order);
  vt_free(start);
  return rc;
}

const struct vt_format vt_format_folders = {
    .name = "folders",
    .what = "class folders: [SPLIT/]CLASS/picture",
    .read = read_folders,
    .write = write_folders,
};
