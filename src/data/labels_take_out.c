/* A set without some of its instances and pictures. */
#include <stdio.h>
#include <string.h>

#include "data/labels_map.h"

/* New positions of the pictures into position (-1: it goes), and the tables by which they are found. */
static int number(const struct vt_labels *l, const bool *gone, int32_t *position, int32_t *pictures,
                  struct vt__map *by_id, struct vt__map *by_file)
{
  for (int32_t k = 0; k < l->nimages; k++) {
    const struct vt_label_image *im = &l->image[k];
    position[k] = gone[k] ? -1 : (*pictures)++;
    if (gone[k]) continue;
    if (vt__map_put(by_id, (uint64_t)im->id, position[k])) return VT_ENOMEM;
    /* of several that share a name the first is found */
    const int32_t first = vt__labels_find_file(l, im->file);
    const bool named = first >= 0 && (first == k || gone[first]);
    const uint64_t key = vt_hash64(im->file, strlen(im->file));
    if (named && vt__map_find(by_file, key, NULL, NULL, NULL) < 0 && vt__map_put(by_file, key, position[k]))
      return VT_ENOMEM;
  }
  return 0;
}

int vt_labels_take_out(struct vt_labels *l, const bool *instance, const bool *picture, struct vt_err *e)
{
  struct vt__map *by_id = NULL, *by_file = NULL;
  int32_t *position = vt_calloc((size_t)l->nimages + 1, sizeof *position);
  int32_t pictures = 0;
  int rc = !position || vt__map_new(&by_id) || vt__map_new(&by_file) ? VT_ENOMEM : 0;
  if (!rc) rc = number(l, picture, position, &pictures, by_id, by_file);
  if (rc) {
    vt__map_free(by_id);
    vt__map_free(by_file);
    vt_free(position);
    return vt_fail(e, VT_ENOMEM, "out of memory");
  }
  int64_t kept = 0;
  for (int64_t i = 0; i < l->n; i++) {
    const int32_t image = position[l->v[i].image];
    if (instance[i] || image < 0) continue;
    l->v[kept] = l->v[i];
    l->v[kept++].image = image;
  }
  l->n = kept;
  for (int32_t k = 0; k < l->nimages; k++)
    if (position[k] >= 0) l->image[position[k]] = l->image[k];
  l->nimages = pictures;
  vt__map_free(l->by_id);
  vt__map_free(l->by_file);
  l->by_id = by_id;
  l->by_file = by_file;
  vt_free(position);
  return 0;
}

/* Pictures to go, each with its problem. */
static int find_lost(struct vt_labels *l, bool *lost, struct vt_err *e)
{
  char why[400];
  for (int32_t k = 0; k < l->nimages; k++) lost[k] = l->image[k].has_rows;
  for (int64_t i = 0; i < l->n; i++) lost[l->v[i].image] = false;
  for (int32_t k = 0; k < l->nimages; k++) {
    if (!lost[k]) continue;
    snprintf(why, sizeof why, "picture '%.300s': nothing is left of what it shows", l->image[k].file);
    int rc = vt_problems_add(&l->problems, 0, why, e);
    if (rc) return rc;
    l->lost++;
  }
  return 0;
}

int vt__labels_end(struct vt_labels *l, struct vt_err *e)
{
  if (!l->problems.n) return 0;
  bool *lost = vt_calloc((size_t)l->nimages + 1, sizeof *lost),
       *none = vt_calloc((size_t)l->n + 1, sizeof *none);
  int rc = lost && none ? find_lost(l, lost, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc && l->lost) rc = vt_labels_take_out(l, none, lost, e);
  vt_free(lost);
  vt_free(none);
  return rc;
}
