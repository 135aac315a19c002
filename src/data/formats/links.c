/* Formats that say which photo shows which product. */
#include "data/formats/links.h"
#include "image/image.h"

struct vt_instance *vt__link_add(struct vt_labels *l, int32_t image, const char *cls, const char *product,
                                 uint8_t flag, const struct vt_box *box, struct vt_err *e)
{
  const struct vt_label_image *im = &l->image[image];
  if (box && vt__box_check(im, box, e)) return NULL;
  int32_t c = vt__labels_need_class(l, cls, e), p = *product ? vt__labels_need_product(l, product, e) : -1;
  struct vt_instance *in = c < 0 || (*product && p < 0) ? NULL : vt__labels_push(l, e);
  if (!in) return NULL;
  in->image = image;
  in->cls = c;
  in->product = p;
  in->id = l->n;
  in->flags = flag;
  if (box)
    in->box = *box;
  else if (flag & VT_SHOP && im->width)
    in->box = (struct vt_box){0, 0, im->width, im->height};
  if (in->box.w >= 0) in->area = in->box.w * in->box.h;
  const double what[] = {in->box.x, in->box.y, in->box.w, in->box.h, p};
  in->hash = vt_hash64(what, sizeof what);
  return in;
}

bool vt__link_is_whole(const struct vt_labels *l, const struct vt_instance *in)
{
  const struct vt_label_image *im = &l->image[in->image];
  const struct vt_box b = in->box;
  return b.w < 0 || (b.x == 0 && b.y == 0 && b.w == im->width && b.h == im->height);
}

int vt__link_probe(struct vt_labels *l, int32_t image, const struct vt_labels_opts *o, struct vt_err *e)
{
  struct vt_label_image *im = &l->image[image];
  if (!o->images || im->width) return 0;
  char *path = vt_picture_find(o->images, im->file);
  int rc = path ? vt__probe_file(path, &im->width, &im->height, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  vt_free(path);
  return rc;
}

void vt__link_losses(const struct vt_instance *in, int held, struct vt_losses *losses)
{
  vt_loss_add(losses, in->shape != VT_SHAPE_NONE, "masks, of which the boxes stay");
  vt_loss_add(losses, in->flags & VT_CROWD ? 1 : 0, "crowd flags of instances");
  vt_loss_add(losses, in->nattrs - held, "attributes of instances");
  vt_loss_add(losses, in->npoints, "key points of instances");
  vt_loss_add(losses, in->score != 1, "scores of instances");
}
