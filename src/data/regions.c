/* Which groups a label map holds, how much of the photo each covers, and where: tight boxes. Photos are
 * scanned in parallel; the first failing one in order is reported. */
#include <string.h>
#include "data/data_internal.h"

struct scan {
  const uint8_t *map;
  int ngroups;
  struct vt__photo *v;
};

static void count_pixels(const struct vt_image *m, const uint8_t *map, int ngroups,
                         struct vt__region *regions)
{
  for (int y = 0; y < m->height; y++) {
    const uint8_t *row = m->px + y * m->stride;
    for (int x = 0; x < m->width; x++) {
      int g = map[row[x]];
      if (g >= ngroups) continue;
      struct vt__region *r = &regions[g];
      if (r->area++ == 0) *r = (struct vt__region){1, x, y, x, y};
      r->x0 = VT_MIN(r->x0, x);
      r->x1 = VT_MAX(r->x1, x);
      r->y1 = y;
    }
  }
}

/* Map and photo must be of one size; only the photo's header is read. */
static int check_size(const struct vt__photo *p, const struct vt_image *m, struct vt_err *e)
{
  struct vt_image_info info;
  int rc = vt_image_probe_file(&info, p->image, e);
  if (rc || (info.width == m->width && info.height == m->height)) return rc;
  return vt_fail(e, VT_ESHAPE, "%s is %d x %d pixels, its photo %s %d x %d", p->label_map, m->width,
                 m->height, p->image, info.width, info.height);
}

static int scan_photo(const struct scan *s, struct vt__photo *p, struct vt_err *e)
{
  struct vt_image m = {0};
  int rc = vt_image_read(&m, p->label_map, &(struct vt_decode_opts){.labels = true}, NULL, e);
  if (rc < 0) return rc;
  if ((rc = check_size(p, &m, e)) < 0) goto out;
  p->width = m.width;
  p->height = m.height;
  p->regions = vt_calloc((size_t)s->ngroups, sizeof *p->regions);
  if (!p->regions) {
    rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", p->label_map);
    goto out;
  }
  count_pixels(&m, s->map, s->ngroups, p->regions);
out:
  vt_image_clear(&m);
  return rc;
}

static void scan_one(int64_t i, int worker, void *ctx)
{
  const struct scan *s = ctx;
  struct vt_err e = {0};
  s->v[i].rc = scan_photo(s, &s->v[i], &e);
  if (s->v[i].rc < 0) memcpy(s->v[i].why, e.msg, sizeof s->v[i].why - 1);
}

int vt__regions_scan(struct vt__photo *v, int64_t n, const uint8_t map[256], int ngroups, struct vt_err *e)
{
  struct scan s = {map, ngroups, v};
  struct vt_pool *pool = NULL;
  int rc = vt_pool_new(&pool, vt_threads(), e);
  if (rc < 0) return rc;
  vt_pool_for(pool, n, scan_one, &s);
  vt_pool_free(pool);
  for (int64_t i = 0; i < n; i++) {
    if (v[i].rc < 0) return vt_fail(e, v[i].rc, "%s", v[i].why);
  }
  return 0;
}

void vt__region_set(struct vt_sample *s, const struct vt__photo *p, int group)
{
  const struct vt__region *r = &p->regions[group];
  s->region = s->group = group;
  s->box = (struct vt_box){r->x0, r->y0, r->x1 - r->x0 + 1, r->y1 - r->y0 + 1};
  s->share = (float)((double)r->area / ((double)p->width * p->height));
}
