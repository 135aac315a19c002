/* What formats cannot hold: counted over a whole set, so that nothing is dropped without a word. Numbers that
 * every reader would give again (the first picture is 1, the first class 0) are not lost. */
#include "data/labels_internal.h"

#include <string.h>

void vt__lose_links(const struct vt_labels *l, struct vt_losses *losses)
{
  int64_t products = 0, sides = 0, urls = 0, pairs = 0, scores = 0;
  for (int64_t i = 0; i < l->n; i++) {
    products += l->v[i].product >= 0;
    scores += l->v[i].score != 1;
    sides += (l->v[i].flags & (VT_STREET | VT_SHOP)) != 0;
  }
  for (int32_t k = 0; k < l->nimages; k++) {
    urls += *l->image[k].url != 0;
    pairs += l->image[k].pair != 0;
  }
  vt_loss_add(losses, products, "products of instances");
  vt_loss_add(losses, sides, "whether an instance is from street or shop");
  vt_loss_add(losses, urls, "urls of pictures");
  vt_loss_add(losses, pairs, "pair numbers of pictures");
  vt_loss_add(losses, scores, "scores of instances");
}

static int64_t lost_of_instances(const struct vt_labels *l, unsigned what)
{
  int64_t n = 0;
  for (int64_t i = 0; i < l->n; i++)
    n += what == VT__LOSE_POLYGONS ? l->v[i].shape == VT_SHAPE_POLYGONS
                                   : vt__instance_has_id(&l->v[i]) && l->v[i].id != i + 1;
  return n;
}

static int64_t lost_of_images(const struct vt_labels *l, unsigned what)
{
  int64_t n = 0;
  for (int32_t k = 0; k < l->nimages; k++)
    n += what == VT__LOSE_SIZES ? l->image[k].width != 0 : l->image[k].id != k + 1;
  return n;
}

static int64_t lost_supers(const struct vt_labels *l)
{
  int64_t n = 0;
  for (int k = 0; k < l->classes.n; k++) n += *l->classes.v[k].super != 0;
  return n;
}

/* Ids that are not the classes' places; without those that no instance has, by first appearance. */
static void lose_classes(const struct vt_labels *l, bool ids, bool unused, struct vt_losses *losses)
{
  int32_t *place = vt_calloc((size_t)l->classes.n + 1, sizeof *place); /* from 1; 0: none */
  int32_t n = 0, other = 0;
  if (!place) return;
  for (int64_t i = 0; i < l->n && unused; i++)
    if (!place[l->v[i].cls]) place[l->v[i].cls] = ++n;
  for (int k = 0; k < l->classes.n && !unused; k++) place[k] = ++n;
  for (int k = 0; k < l->classes.n; k++) other += place[k] && l->classes.v[k].id != place[k] - 1;
  vt_loss_add(losses, ids ? other : 0, "ids of classes");
  vt_loss_add(losses, l->classes.n - n, "classes without instances");
  vt_free(place);
}

void vt__lose_attribute_names(const struct vt_labels *l, const char *const *kept, int nkept,
                              struct vt_losses *losses)
{
  int64_t n = 0;
  for (int k = 0; k < l->attributes.n; k++) {
    bool has_place = false;
    for (int i = 0; i < nkept; i++) has_place |= !strcmp(l->attributes.v[k].name, kept[i]);
    n += !has_place;
  }
  vt_loss_add(losses, n, "names of attributes");
}

static void lose_points(const struct vt_labels *l, bool names_only, struct vt_losses *losses)
{
  int64_t points = 0, names = 0;
  for (int64_t i = 0; i < l->n && !names_only; i++) points += l->v[i].npoints;
  for (int k = 0; k < l->classes.n; k++) names += l->classes.v[k].npoints;
  vt_loss_add(losses, points, "key points of instances");
  vt_loss_add(losses, names, "names of key points");
}

void vt__lose_details(const struct vt_labels *l, unsigned what, struct vt_losses *losses)
{
  if (what & VT__LOSE_IDS) vt_loss_add(losses, lost_of_instances(l, VT__LOSE_IDS), "ids of instances");
  if (what & VT__LOSE_POLYGONS)
    vt_loss_add(losses, lost_of_instances(l, VT__LOSE_POLYGONS),
                "corners of polygons, of which the pixels stay");
  if (what & VT__LOSE_IMAGE_IDS)
    vt_loss_add(losses, lost_of_images(l, VT__LOSE_IMAGE_IDS), "ids of pictures");
  if (what & VT__LOSE_SIZES) vt_loss_add(losses, lost_of_images(l, VT__LOSE_SIZES), "sizes of pictures");
  if (what & (VT__LOSE_CLASS_IDS | VT__LOSE_UNUSED))
    lose_classes(l, what & VT__LOSE_CLASS_IDS, what & VT__LOSE_UNUSED, losses);
  if (what & VT__LOSE_SUPERS) vt_loss_add(losses, lost_supers(l), "supercategories of classes");
  if (what & (VT__LOSE_POINTS | VT__LOSE_POINT_NAMES)) lose_points(l, !(what & VT__LOSE_POINTS), losses);
  if (what & VT__LOSE_ATTRIBUTES) vt__lose_attribute_names(l, NULL, 0, losses);
  if (what & VT__LOSE_EMPTY) {
    int64_t empty = l->nimages, *order, *start;
    if (!vt_labels_by(l, VT_BY_IMAGE, &order, &start, NULL)) {
      for (int32_t k = 0; k < l->nimages; k++) empty -= start[k + 1] > start[k];
      vt_loss_add(losses, empty, "pictures without instances");
      vt_free(order);
      vt_free(start);
    }
  }
}

void vt__lose_measures(const struct vt_instance *in, const struct vt_mask *m, struct vt_losses *losses)
{
  const struct vt_box b = vt_mask_box(m);
  if (in->shape == VT_SHAPE_NONE) {
    vt_loss_add(losses, 1, "boxes without masks, filled");
    return;
  }
  vt_loss_add(losses, in->area >= 0 && in->area != (double)vt_mask_area(m),
              "areas that are not the mask's own");
  vt_loss_add(losses,
              in->box.w >= 0 &&
                  (in->box.x != b.x || in->box.y != b.y || in->box.w != b.w || in->box.h != b.h),
              "boxes that are not the mask's own");
}
