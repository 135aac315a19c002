/* Clothing Co-Parsing: photos/ID.jpg, masks/ID.png (8-bit tags), split.csv (id, split), labels.txt (one tag a
 * line).
 *
 * With regions, every label map is decoded (in parallel) and each garment group that covers enough of its
 * photo becomes a sample with its tight box. Samples keep the order of split.csv, groups rising. */
#include <string.h>
#include "data/data_internal.h"

enum { MAX_LABELS_BYTES = 1 << 16 };

static int read_split(struct vt_dataset *d, const char *root, struct vt__photo **out, int64_t *n,
                      struct vt_err *e)
{
  struct vt_csv c;
  struct vt__photo *v = NULL;
  int64_t cap = 0;
  char *path = vt_path_join(&d->arena, root, "split.csv");
  int id, split, rc = path ? vt_csv_open(&c, path, e) : vt_fail(e, VT_ENOMEM, "%s: out of memory", root);
  if (rc < 0) return rc;
  *n = 0;
  if ((rc = vt_csv_need(&c, "id", &id, e)) < 0 || (rc = vt_csv_need(&c, "split", &split, e)) < 0) goto out;
  while ((rc = vt_csv_next(&c, e)) == 1) {
    if (*n == cap) {
      cap = cap ? 2 * cap : 1024;
      struct vt__photo *w = cap > VT__MAX_SAMPLES ? NULL : vt_reallocarray(v, (size_t)cap, sizeof *v);
      if (!w) {
        rc = vt_fail(e, VT_ENOMEM, "%s: out of memory at %lld photos", path, (long long)*n);
        goto out;
      }
      v = w;
    }
    struct vt__photo *p = &v[*n];
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
      rc = vt_fail(e, VT_ENOENT, "%s: line %lld: %s does not exist", path, (long long)c.line, missing);
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
  if ((rc = vt_text_read(path, MAX_LABELS_BYTES, &text, &len, e)) < 0) goto out;
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

static int push(struct vt_dataset *d, const struct vt__photo *p, int group, struct vt_err *e)
{
  struct vt_sample *s = vt__dataset_push(d, e);
  if (!s) return VT_ENOMEM;
  s->image = p->image;
  s->label_map = p->label_map;
  s->split = p->split;
  s->source = VT_SOURCE_CCP;
  if (group > 0) vt__region_set(s, p, group);
  return 0;
}

static int push_regions(struct vt_dataset *d, struct vt__photo *v, int64_t n, double min_share,
                        struct vt_err *e)
{
  const struct vt_taxonomy *t = &d->taxonomy;
  uint64_t garments = vt_taxonomy_garments(t);
  int rc = vt__regions_scan(v, n, t->tag_group, t->ngroups, e);
  if (rc < 0) return rc;
  for (int64_t i = 0; i < n; i++) {
    double least = min_share * v[i].width * v[i].height;
    for (int g = 1; g < t->ngroups; g++) {
      if (!(garments >> g & 1) || !v[i].regions[g].area || v[i].regions[g].area < least) continue;
      if ((rc = push(d, &v[i], g, e)) < 0) return rc;
    }
  }
  return 0;
}

int vt_read_ccp(struct vt_dataset *d, const char *root, bool regions, double min_share, struct vt_err *e)
{
  struct vt__photo *v = NULL;
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
