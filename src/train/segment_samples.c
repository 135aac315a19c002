/* A photo, its label map as groups, and, where steps want objects, one of each garment group that it shows.
 */
#include "train/segment_samples.h"
#include "train/photo_sampler.h"

static int own_copy(struct vt_image *out, const struct vt__seg_source *from, const char *path, bool labels,
                    struct vt_err *e)
{
  const struct vt_image *im;
  struct vt_image own = {0};
  int rc = vt_image_cache_get(from->cache, path, from->side, labels, &im, &own, e);
  if (!rc && im == &own)
    *out = own;
  else if (!rc)
    rc = vt_image_copy(out, im, e);
  return rc;
}

static int add_objects(struct vt_aug_sample *s, uint64_t garments, struct vt_err *e)
{
  const struct vt_image *l = &s->labels;
  bool seen[256] = {false};
  for (int y = 0; y < l->height; y++)
    for (int x = 0; x < l->width; x++) seen[l->px[y * l->stride + x]] = true;
  for (int g = 0; g < VT_MAX_GROUPS; g++) {
    if (!seen[g] || !(garments >> g & 1)) continue;
    struct vt_aug_object *o = vt_aug_sample_push(s, e);
    if (!o) return VT_ENOMEM;
    o->cls = g;
    int rc = vt_mask_from_labels(&o->mask, l->px, l->width, l->height, l->stride, (uint8_t)g, e);
    if (rc) return rc;
    o->box = vt_mask_box(&o->mask);
  }
  return 0;
}

int vt__seg_sample(struct vt_aug_sample *out, const struct vt__seg_source *from, const struct vt_sample *s,
                   struct vt_err *e)
{
  *out = (struct vt_aug_sample){0};
  int rc = own_copy(&out->image, from, s->image, false, e);
  if (!rc) rc = own_copy(&out->labels, from, s->label_map, true, e);
  if (!rc) {
    const struct vt_image *map = &out->labels;
    rc = vt__photo_fit_map(&map, &out->image, &out->labels, e);
  }
  if (!rc && s->source == VT_SOURCE_CCP) vt_taxonomy_map_labels(&from->data->taxonomy, &out->labels);
  if (!rc && from->objects) rc = add_objects(out, vt_taxonomy_garments(&from->data->taxonomy), e);
  return rc;
}

int vt__seg_other(struct vt_aug_sample *out, struct vt_rng *rng, void *ctx, struct vt_err *e)
{
  const struct vt__seg_source *from = ctx;
  return vt__seg_sample(out, from, &from->data->v[from->train[vt_rng_below(rng, (uint32_t)from->ntrain)]], e);
}
