/* Clothing Co-Parsing: photos/ID.jpg, masks/ID.png (8-bit tags), split.csv (id, split), labels.txt (one tag a
 * line).
 *
 * With regions, every label map is decoded (in parallel) and each garment group that covers enough of its
 * photo becomes a sample with its tight box. Samples keep the order of split.csv, groups rising. */
#include <string.h>
#include "data/data_internal.h"

enum { MAX_LABELS_BYTES = 1 << 16 };

struct region {
  int64_t area;
  int x0, y0, x1, y1; /* inclusive */
};

struct photo {
  const char *image, *label_map;
  enum vt_split split;
  int width, height;
  struct region *regions; /* ngroups */
  int rc;
  char why[256];
};

struct scan {
  const struct vt_taxonomy *t;
  struct photo *v;
};

/* Area and tight box of each group of a label map. */
static int find_regions(const struct vt_taxonomy *t, struct photo *p, struct vt_err *e)
{
  struct vt_image m = {0};
  struct vt_map file = {0};
  struct vt_image_info info;
  int rc = vt_image_read(&m, p->label_map, &(struct vt_decode_opts){.labels = true}, NULL, e);
  if (rc < 0) return rc;
  if ((rc = vt_map_open(&file, p->image, e)) < 0) goto out;
  if ((rc = vt_image_probe(&info, file.data, file.len, e)) < 0) {
    rc = vt_fail_in(e, rc, "%s", p->image);
    goto out;
  }
  if (info.width != m.width || info.height != m.height) {
    rc = vt_fail(e, VT_ESHAPE, "%s is %d x %d pixels, its photo %s %d x %d", p->label_map, m.width, m.height,
                 p->image, info.width, info.height);
    goto out;
  }
  p->width = m.width;
  p->height = m.height;
  p->regions = vt_calloc((size_t)t->ngroups, sizeof *p->regions);
  if (!p->regions) {
    rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", p->label_map);
    goto out;
  }
  for (int y = 0; y < m.height; y++) {
    const uint8_t *row = m.px + y * m.stride;
    for (int x = 0; x < m.width; x++) {
      int g = t->tag_group[row[x]];
      if (g >= t->ngroups) continue;
      struct region *r = &p->regions[g];
      if (r->area++ == 0) *r = (struct region){1, x, y, x, y};
      r->x0 = VT_MIN(r->x0, x);
      r->x1 = VT_MAX(r->x1, x);
      r->y1 = y;
    }
  }
out:
  vt_image_clear(&m);
  vt_map_close(&file);
  return rc;
}

static void scan_one(int64_t i, int worker, void *ctx)
{
  struct scan *s = ctx;
  struct vt_err e = {0};
  s->v[i].rc = find_regions(s->t, &s->v[i], &e);
  if (s->v[i].rc < 0) memcpy(s->v[i].why, e.msg, sizeof s->v[i].why - 1);
}

static int read_split(struct vt_dataset *d, const char *root, struct photo **out, int64_t *n,
                      struct vt_err *e)
{
  struct vt_csv c;
  struct photo *v = NULL;
  int64_t cap = 0;
  char *path = vt_path_join(&d->arena, root, "split.csv");
  int id, split, rc = path ? vt_csv_open(&c, path, e) : vt_fail(e, VT_ENOMEM, "%s: out of memory", root);
  if (rc < 0) return rc;
  *n = 0;
  if ((rc = vt_csv_need(&c, "id", &id, e)) < 0 || (rc = vt_csv_need(&c, "split", &split, e)) < 0) goto out;
  while ((rc = vt_csv_next(&c, e)) == 1) {
    if (*n == cap) {
      cap = cap ? 2 * cap : 1024;
      struct photo *w = cap > VT__MAX_SAMPLES ? NULL : vt_reallocarray(v, (size_t)cap, sizeof *v);
      if (!w) {
        rc = vt_fail(e, VT_ENOMEM, "%s: out of memory at %lld photos", path, (long long)*n);
        goto out;
      }
      v = w;
    }
    struct photo *p = &v[*n];
    memset(p, 0, sizeof *p);
    if ((rc = vt__split_parse(&p->split, c.field[split], path, c.line, e)) < 0) goto out;
    p->image = vt_arena_printf(&d->arena, "%s/photos/%s.jpg", root, c.field[id]);
    p->label_map = vt_arena_printf(&d->arena, "%s/masks/%s.png", root, c.field[id]);
    if (!p->image || !p->label_map) {
      rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
      goto out;
    }
    const char *missing = !vt_is_file(p->image) ? p->image : !vt_is_file(p->label_map) ? p->label_map : NULL;
    if (missing) {
      rc = vt_fail(e, VT_ENOENT, "%s:%lld: %s does not exist", path, (long long)c.line, missing);
      goto out;
    }
    ++*n;
  }
out:
  vt_csv_close(&c);
  *out = v;
  return rc;
}

/* labels.txt, where it exists, must name as many tags as the taxonomy knows. */
static int check_labels(const struct vt_dataset *d, const char *root, struct vt_err *e)
{
  char *text = NULL, *path = vt_path_join(NULL, root, "labels.txt");
  size_t len = 0;
  int rc = 0, tags = 0;
  if (!path) return vt_fail(e, VT_ENOMEM, "%s: out of memory", root);
  if (!vt_is_file(path)) goto out;
  if ((rc = vt_file_read(path, MAX_LABELS_BYTES, &text, &len, e)) < 0) goto out;
  for (size_t i = 0; i < len; i++) {
    if (text[i] != '\n' && (i + 1 == len || text[i + 1] == '\n')) tags++;
  }
  if (tags != d->taxonomy.ntags) {
    rc = vt_fail(e, VT_EFORMAT, "%s: %d tags, the taxonomy has %d", path, tags, d->taxonomy.ntags);
  }
out:
  vt_free(text);
  vt_free(path);
  return rc;
}

static int push(struct vt_dataset *d, const struct photo *p, int group, struct vt_err *e)
{
  struct vt_sample *s = vt__dataset_push(d, e);
  if (!s) return VT_ENOMEM;
  s->image = p->image;
  s->label_map = p->label_map;
  s->split = p->split;
  s->source = VT_SOURCE_CCP;
  if (group > 0) {
    const struct region *r = &p->regions[group];
    s->region = s->group = group;
    s->box = (struct vt_box){r->x0, r->y0, r->x1 - r->x0 + 1, r->y1 - r->y0 + 1};
  }
  return 0;
}

static int push_regions(struct vt_dataset *d, struct photo *v, int64_t n, double min_share, struct vt_err *e)
{
  const struct vt_taxonomy *t = &d->taxonomy;
  struct scan scan = {t, v};
  struct vt_pool *pool = NULL;
  int skin = vt_taxonomy_find(t, "skin"), hair = vt_taxonomy_find(t, "hair");
  int rc = vt_pool_new(&pool, vt_threads(), e);
  if (rc < 0) return rc;
  vt_pool_for(pool, n, scan_one, &scan);
  vt_pool_free(pool);
  for (int64_t i = 0; i < n; i++) {
    if (v[i].rc < 0) return vt_fail(e, v[i].rc, "%s", v[i].why);
    double least = min_share * v[i].width * v[i].height;
    for (int g = 1; g < t->ngroups; g++) {
      if (g == skin || g == hair || !v[i].regions[g].area || v[i].regions[g].area < least) continue;
      if ((rc = push(d, &v[i], g, e)) < 0) return rc;
    }
  }
  return 0;
}

int vt_read_ccp(struct vt_dataset *d, const char *root, bool regions, double min_share, struct vt_err *e)
{
  struct photo *v = NULL;
  int64_t n = 0;
  int rc = check_labels(d, root, e);
  if (rc < 0) return rc;
  if ((rc = read_split(d, root, &v, &n, e)) < 0) goto out;
  if (regions) {
    rc = push_regions(d, v, n, min_share, e);
  } else {
    for (int64_t i = 0; i < n && rc >= 0; i++) rc = push(d, &v[i], 0, e);
  }
out:
  for (int64_t i = 0; i < n; i++) vt_free(v[i].regions);
  vt_free(v);
  return rc;
}
