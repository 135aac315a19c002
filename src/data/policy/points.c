/* Key points of augmented objects: moved with the picture, hidden by what covers them, unlabelled where they
 * leave it (COCO's visibility 2, 1 and 0). A mirrored person's left hand is her right one in the picture:
 * points named left_X and right_X change places after an odd number of mirrorings. */
#include "data/labels_internal.h"
#include "data/policy/op.h"

void vt__aug_object_clear(struct vt_aug_object *o)
{
  vt_mask_clear(&o->mask);
  vt_polygons_clear(&o->polygons);
  vt_free(o->point);
  o->point = NULL;
  o->npoints = 0;
}

int vt__points_copy(struct vt_aug_object *to, const struct vt_keypoint *v, int n, struct vt_err *e)
{
  to->npoints = 0;
  to->point = NULL;
  if (!n) return 0;
  if (!(to->point = vt_calloc((size_t)n, sizeof *v)))
    return vt_fail(e, VT_ENOMEM, "out of memory for key points");
  memcpy(to->point, v, (size_t)n * sizeof *v);
  to->npoints = n;
  return 0;
}

void vt__points_move(struct vt_aug_object *o, const struct vt_aug_move *g)
{
  const double *m = g->m, turned = m[0] * (m[4] * m[8] - m[5] * m[7]) - m[1] * (m[3] * m[8] - m[5] * m[6]) +
                                   m[2] * (m[3] * m[7] - m[4] * m[6]);
  if (turned < 0) o->mirrored = !o->mirrored;
  for (int k = 0; k < o->npoints; k++) {
    struct vt_keypoint *p = &o->point[k];
    double at[2];
    if (p->seen == VT_UNLABELLED) continue;
    vt__map3_point(m, p->x, p->y, at);
    const bool inside = at[0] >= 0 && at[1] >= 0 && at[0] < g->width && at[1] < g->height;
    *p = inside ? (struct vt_keypoint){at[0], at[1], p->seen} : (struct vt_keypoint){0, 0, VT_UNLABELLED};
  }
}

void vt__points_hide(struct vt_aug_object *o, const struct vt_image *cover)
{
  for (int k = 0; k < o->npoints; k++) {
    struct vt_keypoint *p = &o->point[k];
    const int x = (int)p->x, y = (int)p->y;
    if (p->seen != VT_VISIBLE || x < 0 || y < 0 || x >= cover->width || y >= cover->height) continue;
    if (cover->px[y * cover->stride + x]) p->seen = VT_HIDDEN;
  }
}

/* The point on the other side of the body, or the point itself. */
static int other_side(const struct vt_label_class *c, int k)
{
  static const char *const side[] = {"left", "right"};
  for (int i = 0; i < 2; i++) {
    const size_t n = strlen(side[i]);
    if (strncmp(c->point[k], side[i], n) != 0) continue;
    for (int j = 0; j < c->npoints; j++)
      if (!strncmp(c->point[j], side[!i], strlen(side[!i])) &&
          !strcmp(c->point[j] + strlen(side[!i]), c->point[k] + n))
        return j;
  }
  return k;
}

int vt__points_to_labels(const struct vt_aug_object *o, struct vt_labels *out, struct vt_instance *in,
                         struct vt_err *e)
{
  const struct vt_label_class *c = &out->classes.v[in->cls];
  if (!o->npoints) return 0;
  if (!o->mirrored || c->npoints != o->npoints)
    return vt__labels_set_points(out, in, o->point, o->npoints, e);
  struct vt_keypoint *v = vt_calloc((size_t)o->npoints, sizeof *v);
  if (!v) return vt_fail(e, VT_ENOMEM, "out of memory for key points");
  for (int k = 0; k < o->npoints; k++) v[k] = o->point[other_side(c, k)];
  int rc = vt__labels_set_points(out, in, v, o->npoints, e);
  vt_free(v);
  return rc;
}

int vt__points_names(struct vt_labels *out, struct vt_label_class *to, const struct vt_label_class *from,
                     struct vt_err *e)
{
  if (!from->npoints && !from->nbones) return 0;
  const char **name = vt_arena_alloc(&out->arena, ((size_t)from->npoints + 1) * sizeof *name);
  int32_t(*bone)[2] = vt_arena_alloc(&out->arena, ((size_t)from->nbones + 1) * sizeof *bone);
  if (!name || !bone) return vt_fail(e, VT_ENOMEM, "out of memory");
  for (int k = 0; k < from->npoints; k++)
    if (!(name[k] = vt_arena_strdup(&out->arena, from->point[k])))
      return vt_fail(e, VT_ENOMEM, "out of memory");
  if (from->nbones) memcpy(bone, from->bone, (size_t)from->nbones * sizeof *bone);
  to->point = name;
  to->npoints = from->npoints;
  to->bone = (const int32_t(*)[2])bone;
  to->nbones = from->nbones;
  return 0;
}
