/* First labels for a folder of pictures. */
#include "data/labels_internal.h"
#include "image/image.h"

#include <string.h>

struct labeller {
  struct vt_labels *l;
  const struct vt_label_folder_opts *o;
  struct vt_progress progress;
  int64_t next_id, empty;
};

static int class_of(struct labeller *w, const char *rel, struct vt_err *e)
{
  const char *slash = strchr(rel, '/');
  if (w->o->cls) return vt__labels_need_class(w->l, w->o->cls, e);
  if (!slash) return vt_fail(e, VT_EFORMAT, "%s: lies in no folder that would name its class", rel);
  const char *name = vt_arena_strndup(&w->l->arena, rel, (size_t)(slash - rel));
  return name ? vt__labels_need_class(w->l, name, e) : vt_fail(e, VT_ENOMEM, "out of memory");
}

static int add_instance(struct labeller *w, int32_t image, int cls, const struct vt_image *bits,
                        struct vt_err *e)
{
  struct vt_mask m = {0};
  int rc = vt_mask_from_bitmap(&m, bits->px, bits->width, bits->height, bits->stride, e);
  int64_t area = rc ? 0 : vt_mask_area(&m);
  if (!rc && !area) w->empty++;
  if (!rc && area) {
    struct vt_instance *in = vt__labels_push(w->l, e);
    if (!in) {
      rc = VT_ENOMEM;
    } else {
      in->image = image;
      in->cls = cls;
      in->id = w->l->n;
      in->box = vt_mask_box(&m);
      in->area = (double)area;
      rc = vt__labels_set_mask(w->l, in, &m, e);
    }
  }
  vt_mask_clear(&m);
  return rc;
}

static int label_one(const char *path, const char *rel, void *ctx, struct vt_err *e)
{
  struct labeller *w = ctx;
  const struct vt_labels_opts lo = {.lenient = w->o->lenient};
  struct vt_image im = {0}, bits = {0};
  int32_t image = 0;
  if (vt_interrupted()) return vt_fail(e, VT_EINTERRUPTED, "interrupted");
  if (!vt_picture_named(rel)) return 0;
  w->l->rows++;
  int rc = vt_image_read(&im, path, NULL, NULL, e);
  if (rc) return vt__labels_problem(w->l, &lo, e);
  int cls = class_of(w, rel, e);
  rc = VT_MIN(cls, 0);
  if (!rc) rc = vt_plain_mask(&bits, &im, &w->o->mask, e);
  if (!rc) image = vt__labels_add_image(w->l, ++w->next_id, rel, im.width, im.height, e);
  if (!rc) rc = VT_MIN(image, 0);
  if (!rc) rc = add_instance(w, image, cls, &bits, e);
  vt_progress_add(&w->progress, 1);
  vt_image_clear(&im);
  vt_image_clear(&bits);
  if (!rc) return 0;
  vt_fail_in(e, rc, "%s", path);
  return vt__labels_problem(w->l, &lo, e);
}

int vt_label_folder(struct vt_labels *l, const char *folder, const struct vt_label_folder_opts *o,
                    int64_t *empty, struct vt_err *e)
{
  struct labeller w = {.l = l, .o = o};
  *empty = 0;
  if (!vt_is_dir(folder)) return vt_fail(e, VT_ENOENT, "%s: no folder", folder);
  vt_progress_start(&w.progress, "label", "pictures", 0);
  int rc = vt_walk(folder, label_one, &w, e);
  vt_progress_end(&w.progress);
  *empty = w.empty;
  if (!rc && !l->nimages) rc = vt_fail(e, VT_ENOENT, "%s: no picture in it", folder);
  return rc;
}
