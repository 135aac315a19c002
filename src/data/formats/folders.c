/* Class folders: ROOT/CLASS/picture, or ROOT/SPLIT/CLASS/picture with SPLIT train, val or test. Each picture
 * is one instance whose box is the whole picture; its size is looked up. Classes are numbered by name. Only
 * read. */
#include "data/formats/folder.h"

#include <stdio.h>
#include <string.h>

struct reader {
  struct vt_labels *l;
  const struct vt_labels_opts *o;
};

static bool is_picture(const char *rel)
{
  static const char *const ending[] = {"jpg", "jpeg", "png", "webp", "gif", "heic", "avif"};
  for (size_t k = 0; k < VT_COUNT(ending); k++)
    if (!strcasecmp(vt_path_ext(rel), ending[k])) return true;
  return false;
}

static int each_file(const char *path, const char *rel, void *ctx, struct vt_err *e)
{
  struct reader *r = ctx;
  struct vt_labels *l = r->l;
  char cls[256];
  uint8_t split = VT_SPLIT_NONE;
  if (!is_picture(rel)) return 0;
  l->rows++;
  const char *slash = strchr(rel, '/'), *from = rel;
  if (slash && slash - rel < 10 && strchr(slash + 1, '/')) {
    snprintf(cls, sizeof cls, "%.*s", (int)(slash - rel), rel);
    if (vt__split_word(cls, &split)) {
      from = slash + 1;
      slash = strchr(from, '/');
    }
  }
  int width = 0, height = 0;
  int rc = !slash || slash - from >= (int)sizeof cls
               ? vt_fail(e, VT_EFORMAT, "%s: lies in no class folder", path)
               : vt__probe_file(path, &width, &height, e);
  if (rc) return vt__labels_problem(l, r->o, e);
  snprintf(cls, sizeof cls, "%.*s", (int)(slash - from), from);
  int32_t c = vt__labels_need_class(l, cls, e);
  int32_t p = c < 0 ? c : vt__labels_add_image(l, l->nimages + 1, rel, width, height, e);
  struct vt_instance *in = p < 0 ? NULL : vt__labels_push(l, e);
  if (!in) return p < 0 ? p : VT_ENOMEM;
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

const struct vt_format vt_format_folders = {
    .name = "folders",
    .what = "class folders: [SPLIT/]CLASS/picture",
    .read = read_folders,
};
