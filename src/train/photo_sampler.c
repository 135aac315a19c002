/* Classes of photos for samplers; label maps that change places. Maps are read once, and only where a sampler
 * needs to know what they show. */
#include "train/photo_sampler.h"

static int groups_of(const struct vt_dataset *d, const struct vt_sample *s, uint64_t *groups,
                     struct vt_err *e)
{
  struct vt_image map = {0};
  int rc = vt_image_read(&map, s->label_map, &(struct vt_decode_opts){.labels = true}, NULL, e);
  if (!rc) vt_sample_map_labels(d, s, &map);
  *groups = 0;
  for (int y = 0; y < map.height && !rc; y++)
    for (int x = 0; x < map.width; x++) {
      const uint8_t c = map.px[y * map.stride + x];
      if (c < VT_MAX_GROUPS) *groups |= 1ULL << c;
    }
  vt_image_clear(&map);
  *groups &= vt_taxonomy_garments(&d->taxonomy);
  return rc;
}

/* -1 for a photo without garments: such a one is never drawn by class. */
static void rarest(int32_t *label, const uint64_t *groups, int64_t n)
{
  int64_t photos[VT_MAX_GROUPS] = {0};
  for (int64_t i = 0; i < n; i++)
    for (int g = 0; g < VT_MAX_GROUPS; g++) photos[g] += (int64_t)(groups[i] >> g & 1);
  for (int64_t i = 0; i < n; i++) {
    label[i] = -1;
    for (int g = 0; g < VT_MAX_GROUPS; g++)
      if (groups[i] >> g & 1 && (label[i] < 0 || photos[g] < photos[label[i]])) label[i] = g;
  }
}

static int swap_maps(struct vt_dataset *d, const int64_t *train, int64_t n, double share, uint64_t seed,
                     struct vt_err *e)
{
  int32_t *from = NULL;
  const char **map = vt_calloc((size_t)n + 1, sizeof *map);
  int rc = map ? vt__swapped_labels(&from, n, share, seed, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t i = 0; i < n && !rc; i++) map[i] = d->v[train[from[i]]].label_map;
  for (int64_t i = 0; i < n && !rc; i++) d->v[train[i]].label_map = map[i];
  vt_free(from);
  vt_free(map);
  return rc;
}

int vt__photo_sampler_init(struct vt__photo_sampler *p, const struct vt__class_sampler *keys,
                           struct vt_dataset *d, const int64_t *train, int64_t n, uint64_t seed,
                           struct vt_err *e)
{
  *p = (struct vt__photo_sampler){.s = *keys};
  int rc = keys->shuffle_labels > 0 ? swap_maps(d, train, n, keys->shuffle_labels, seed, e) : 0;
  p->s.shuffle_labels = 0;
  p->s.n = n;
  if (rc || !keys->kind) return rc;
  uint64_t *groups = vt_calloc((size_t)n + 1, sizeof *groups);
  p->label = vt_calloc((size_t)n + 1, sizeof *p->label);
  if (!groups || !p->label) rc = vt_fail(e, VT_ENOMEM, "out of memory");
  for (int64_t i = 0; i < n && !rc; i++) rc = groups_of(d, &d->v[train[i]], &groups[i], e);
  if (!rc) rarest(p->label, groups, n);
  if (!rc) rc = vt__class_sampler_init(&p->s, p->label, n, seed, e);
  vt_free(groups);
  return rc;
}

void vt__photo_sampler_clear(struct vt__photo_sampler *p)
{
  vt_free(p->label);
  *p = (struct vt__photo_sampler){0};
}

int vt__photo_fit_map(const struct vt_image **map, const struct vt_image *photo, struct vt_image *own,
                      struct vt_err *e)
{
  const struct vt_image *from = *map;
  if (from->width == photo->width && from->height == photo->height) return 0;
  struct vt_image fitted;
  int rc = vt_image_init(&fitted, photo->width, photo->height, 1, e);
  if (rc) return rc;
  for (int y = 0; y < fitted.height; y++) {
    const uint8_t *row = from->px + (int64_t)y * from->height / fitted.height * from->stride;
    for (int x = 0; x < fitted.width; x++)
      fitted.px[y * fitted.stride + x] = row[(int64_t)x * from->width / fitted.width];
  }
  vt_image_clear(own);
  *own = fitted;
  *map = own;
  return 0;
}
