/* Drawn data: a catalogue, photos of figures that wear some of it, exact masks, and the pairs.
 *
 * products.csv  id,title,group,…[,split]   one picture each, images/ID.jpg; other columns are attributes
 * pairs.csv     photo,group,product[,split] one row for each garment worn; photos/PHOTO.jpg, masks/PHOTO.png
 * Masks hold numbers of the taxonomy's groups. A garment that is hidden altogether gives no sample. */
#include <stdlib.h>
#include <string.h>
#include "data/data_internal.h"

enum { MAX_COLUMNS = 8 };
static const int64_t first_instance = INT64_C(1) << 40; /* far above the ids of real products */

struct product {
  const char *id;
  int64_t instance;
};

struct pair {
  int64_t photo; /* position among the photos */
  int group;
  int64_t instance;
};

struct synth {
  struct vt_dataset *d;
  const char *root;
  struct product *product;
  int64_t nproduct, product_cap;
  struct vt__photo *photo;
  int64_t nphoto, photo_cap;
  struct pair *pair;
  int64_t npair, pair_cap;
  int nattr, attr[MAX_COLUMNS]; /* columns of products.csv */
  struct vt__column column[MAX_COLUMNS];
};

static int grow(void *array, int64_t n, int64_t *cap, size_t size, struct vt_err *e)
{
  if (n < *cap) return 0;
  int64_t c = *cap ? 2 * *cap : 1024;
  void *v = vt_reallocarray(*(void **)array, (size_t)c, size);
  if (!v) return vt_fail(e, VT_ENOMEM, "out of memory for %lld rows", (long long)c);
  *(void **)array = v;
  *cap = c;
  return 0;
}

static int by_id(const void *a, const void *b)
{
  return strcmp(((const struct product *)a)->id, ((const struct product *)b)->id);
}

static int group_of(const struct synth *s, const struct vt_csv *c, int column, struct vt_err *e)
{
  int g = vt_taxonomy_find(&s->d->taxonomy, c->field[column]);
  if (g >= 0) return g;
  return vt_fail(e, VT_EFORMAT, "%s: line %lld: unknown group '%.40s'", c->path, (long long)c->line,
                 c->field[column]);
}

static int split_of(const struct vt_csv *c, int column, enum vt_split *split, struct vt_err *e)
{
  *split = VT_SPLIT_NONE;
  return column < 0 ? 0 : vt__split_parse(split, c->field[column], c->path, c->line, e);
}

static int read_product(struct synth *s, const struct vt_csv *c, int id, int group, int split,
                        struct vt_err *e)
{
  struct vt_dataset *d = s->d;
  enum vt_split part;
  int g = group_of(s, c, group, e), rc = g;
  if (rc < 0 || (rc = split_of(c, split, &part, e)) < 0) return rc;
  if ((rc = grow(&s->product, s->nproduct, &s->product_cap, sizeof *s->product, e)) < 0) return rc;
  const char *name = vt_arena_strdup(&d->arena, c->field[id]);
  const char *image = vt_arena_printf(&d->arena, "%s/images/%s.jpg", s->root, c->field[id]);
  if (!name || !image) return vt_fail(e, VT_ENOMEM, "%s: out of memory", c->path);
  if (!vt_is_file(image)) {
    return vt_fail(e, VT_ENOENT, "%s: line %lld: %s does not exist", c->path, (long long)c->line, image);
  }
  for (int k = 0; k < s->nattr; k++) {
    if ((rc = vt__column_add(&s->column[k], d, c->field[s->attr[k]], e)) < 0) return rc;
  }
  int64_t instance = first_instance + d->n;
  struct vt_sample *v = vt__dataset_push(d, e);
  if (!v) return VT_ENOMEM;
  v->image = image;
  v->group = g;
  v->split = part;
  v->source = VT_SOURCE_SYNTH;
  v->instance = instance;
  s->product[s->nproduct++] = (struct product){name, instance};
  return 0;
}

static int read_products(struct synth *s, struct vt_err *e)
{
  struct vt_csv c;
  int64_t first = s->d->n;
  const char *path = vt_arena_printf(&s->d->arena, "%s/products.csv", s->root);
  int id, title, group,
      rc = path ? vt_csv_open(&c, path, e) : vt_fail(e, VT_ENOMEM, "%s: out of memory", s->root);
  if (rc < 0) return rc;
  if ((rc = vt_csv_need(&c, "id", &id, e)) < 0 || (rc = vt_csv_need(&c, "group", &group, e)) < 0) goto out;
  title = vt_csv_find(&c, "title");
  int split = vt_csv_find(&c, "split");
  for (int k = 0; k < c.ncolumns && s->nattr < MAX_COLUMNS; k++) {
    if (k != id && k != title && k != group && k != split && strcmp(c.column[k], "image") != 0)
      s->attr[s->nattr++] = k;
  }
  while ((rc = vt_csv_next(&c, e)) == 1) {
    if ((rc = read_product(s, &c, id, group, split, e)) < 0) goto out;
  }
  for (int k = 0; k < s->nattr && rc >= 0; k++) {
    rc = vt__column_finish(&s->column[k], s->d, c.column[s->attr[k]], first, e);
  }
  if (rc < 0) goto out;
  if (s->nproduct) qsort(s->product, (size_t)s->nproduct, sizeof *s->product, by_id);
  for (int64_t i = 1; i < s->nproduct; i++) {
    if (strcmp(s->product[i].id, s->product[i - 1].id) == 0) {
      rc = vt_fail(e, VT_EFORMAT, "%s: id '%.80s' occurs twice", path, s->product[i].id);
      goto out;
    }
  }
out:
  vt_csv_close(&c);
  return rc < 0 ? rc : 0;
}

/* The photo named in a row; rows of one photo stand together. */
static int photo_of(struct synth *s, const struct vt_csv *c, int column, enum vt_split split,
                    struct vt_err *e)
{
  struct vt_dataset *d = s->d;
  char *image = vt_arena_printf(&d->arena, "%s/photos/%s.jpg", s->root, c->field[column]);
  if (!image) return vt_fail(e, VT_ENOMEM, "%s: out of memory", c->path);
  if (s->nphoto && strcmp(s->photo[s->nphoto - 1].image, image) == 0) return 0;
  int rc = grow(&s->photo, s->nphoto, &s->photo_cap, sizeof *s->photo, e);
  if (rc < 0) return rc;
  struct vt__photo p = {.image = image, .split = split};
  p.label_map = vt_arena_printf(&d->arena, "%s/masks/%s.png", s->root, c->field[column]);
  if (!p.label_map) return vt_fail(e, VT_ENOMEM, "%s: out of memory", c->path);
  const char *missing = !vt_is_file(image) ? image : !vt_is_file(p.label_map) ? p.label_map : NULL;
  if (missing)
    return vt_fail(e, VT_ENOENT, "%s: line %lld: %s does not exist", c->path, (long long)c->line, missing);
  s->photo[s->nphoto++] = p;
  return 0;
}

static int read_pair(struct synth *s, const struct vt_csv *c, const int col[3], int split, bool regions,
                     struct vt_err *e)
{
  enum vt_split part;
  int g = group_of(s, c, col[1], e), rc = g;
  if (rc < 0 || (rc = split_of(c, split, &part, e)) < 0 || (rc = photo_of(s, c, col[0], part, e)) < 0)
    return rc;
  if (!regions) return 0;
  struct product key = {c->field[col[2]], 0};
  const struct product *hit =
      s->nproduct ? bsearch(&key, s->product, (size_t)s->nproduct, sizeof *s->product, by_id) : NULL;
  if (!hit) {
    return vt_fail(e, VT_EFORMAT, "%s: line %lld: product '%.80s' is not in products.csv", c->path,
                   (long long)c->line, key.id);
  }
  if ((rc = grow(&s->pair, s->npair, &s->pair_cap, sizeof *s->pair, e)) < 0) return rc;
  s->pair[s->npair++] = (struct pair){s->nphoto - 1, g, hit->instance};
  return 0;
}

static int read_pairs(struct synth *s, bool regions, struct vt_err *e)
{
  static const char *const need[3] = {"photo", "group", "product"};
  struct vt_csv c;
  int col[3];
  const char *path = vt_arena_printf(&s->d->arena, "%s/pairs.csv", s->root);
  int rc = path ? vt_csv_open(&c, path, e) : vt_fail(e, VT_ENOMEM, "%s: out of memory", s->root);
  if (rc < 0) return rc;
  for (int k = 0; k < 3; k++) {
    if ((rc = vt_csv_need(&c, need[k], &col[k], e)) < 0) goto out;
  }
  int split = vt_csv_find(&c, "split");
  while ((rc = vt_csv_next(&c, e)) == 1) {
    if ((rc = read_pair(s, &c, col, split, regions, e)) < 0) goto out;
  }
out:
  vt_csv_close(&c);
  return rc;
}

static int push_photos(struct synth *s, struct vt_err *e)
{
  for (int64_t i = 0; i < s->nphoto; i++) {
    struct vt_sample *v = vt__dataset_push(s->d, e);
    if (!v) return VT_ENOMEM;
    v->image = s->photo[i].image;
    v->label_map = s->photo[i].label_map;
    v->split = s->photo[i].split;
    v->source = VT_SOURCE_SYNTH;
  }
  return 0;
}

static int push_garments(struct synth *s, struct vt_err *e)
{
  uint8_t same[256];
  for (int i = 0; i < 256; i++) same[i] = (uint8_t)i;
  int rc = vt__regions_scan(s->photo, s->nphoto, same, s->d->taxonomy.ngroups, e);
  for (int64_t i = 0; i < s->npair && rc >= 0; i++) {
    const struct pair *pair = &s->pair[i];
    const struct vt__photo *p = &s->photo[pair->photo];
    if (!p->regions[pair->group].area) continue;
    struct vt_sample *v = vt__dataset_push(s->d, e);
    if (!v) return VT_ENOMEM;
    v->image = p->image;
    v->label_map = p->label_map;
    v->split = p->split;
    v->source = VT_SOURCE_SYNTH;
    v->instance = pair->instance;
    vt__region_set(v, p, pair->group);
    memcpy(v->attr, s->d->v[pair->instance - first_instance].attr, sizeof v->attr);
  }
  return rc;
}

int vt_read_synth(struct vt_dataset *d, const char *root, bool regions, struct vt_err *e)
{
  struct synth s = {.d = d, .root = vt_arena_strdup(&d->arena, root)};
  int rc = s.root ? 0 : vt_fail(e, VT_ENOMEM, "%s: out of memory", root);
  if (rc >= 0 && regions) rc = read_products(&s, e);
  if (rc >= 0) rc = read_pairs(&s, regions, e);
  if (rc >= 0) rc = regions ? push_garments(&s, e) : push_photos(&s, e);
  for (int64_t i = 0; i < s.nphoto; i++) vt_free(s.photo[i].regions);
  for (int k = 0; k < s.nattr; k++) vt__column_clear(&s.column[k]);
  vt_free(s.product);
  vt_free(s.photo);
  vt_free(s.pair);
  return rc;
}
