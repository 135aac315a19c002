/* Drawn data, in the layout that synth.h fixes: products.csv with products/ID.jpg, split.csv with
 * photos/ID.jpg and masks/ID.png, pairs.csv with the products seen in each photo, their boxes and areas.
 *
 * Boxes and areas are taken from pairs.csv; photos are opened for their size only. */
#include <stdlib.h>
#include <string.h>
#include "data/data_internal.h"

enum { MAX_COLUMNS = 8 };
static const int64_t first_instance = INT64_C(1) << 40; /* far above the ids of real products */

/* A name with what it stands for: product -> sample, photo -> position in `photo`. */
struct name {
  const char *id;
  int64_t at;
};
struct names {
  struct name *v;
  int64_t n, cap;
};

struct photo {
  const char *image, *label_map;
  enum vt_split split;
  int width, height; /* 0: not looked at yet */
};

struct synth {
  struct vt_dataset *d;
  const char *root;
  struct names products, photos;
  struct photo *photo; /* photos.cap of them */
};

static int by_id(const void *a, const void *b)
{
  return strcmp(((const struct name *)a)->id, ((const struct name *)b)->id);
}

static int add_name(struct names *t, struct vt_dataset *d, const char *id, int64_t at, struct vt_err *e)
{
  if (t->n == t->cap) {
    int64_t cap = t->cap ? 2 * t->cap : 1024;
    struct name *v = vt_reallocarray(t->v, (size_t)cap, sizeof *v);
    if (!v) return vt_fail(e, VT_ENOMEM, "out of memory for %lld names", (long long)cap);
    t->v = v;
    t->cap = cap;
  }
  const char *kept = vt_arena_strdup(&d->arena, id);
  if (!kept) return vt_fail(e, VT_ENOMEM, "out of memory");
  t->v[t->n++] = (struct name){kept, at};
  return 0;
}

static int sort_names(struct names *t, const char *path, struct vt_err *e)
{
  if (t->n) qsort(t->v, (size_t)t->n, sizeof *t->v, by_id);
  for (int64_t i = 1; i < t->n; i++) {
    if (strcmp(t->v[i].id, t->v[i - 1].id) == 0) {
      return vt_fail(e, VT_EFORMAT, "%s: '%.80s' occurs twice", path, t->v[i].id);
    }
  }
  return 0;
}

static int64_t find_name(const struct names *t, const char *id)
{
  struct name key = {id, 0};
  const struct name *hit = t->n ? bsearch(&key, t->v, (size_t)t->n, sizeof *t->v, by_id) : NULL;
  return hit ? hit->at : -1;
}

static int group_of(const struct synth *s, const struct vt_csv *c, int column, struct vt_err *e)
{
  int g = vt_taxonomy_find(&s->d->taxonomy, c->field[column]);
  if (g >= 0) return g;
  return vt_fail(e, VT_EFORMAT, "%s: line %lld: unknown group '%.40s'", c->path, (long long)c->line,
                 c->field[column]);
}

/* Opens ROOT/name and finds the columns. */
static int open_table(const struct synth *s, struct vt_csv *c, const char *name, int n,
                      const char *const *need, int *col, struct vt_err *e)
{
  const char *path = vt_path_join(&s->d->arena, s->root, name);
  int rc = path ? vt_csv_open(c, path, e) : vt_fail(e, VT_ENOMEM, "%s: out of memory", s->root);
  if (rc < 0) return rc;
  for (int k = 0; k < n; k++) {
    if ((rc = vt_csv_need(c, need[k], &col[k], e)) < 0) {
      vt_csv_close(c);
      return rc;
    }
  }
  return 0;
}

static int check_file(const struct vt_csv *c, const char *path, struct vt_err *e)
{
  if (!path) return vt_fail(e, VT_ENOMEM, "%s: out of memory", c->path);
  if (vt_is_file(path)) return 0;
  return vt_fail(e, VT_ENOENT, "%s: line %lld: %s does not exist", c->path, (long long)c->line, path);
}

static int read_product(struct synth *s, const struct vt_csv *c, const int col[4], struct vt_err *e)
{
  struct vt_dataset *d = s->d;
  enum vt_split split;
  int g = group_of(s, c, col[1], e), rc = g;
  if (rc < 0 || (rc = vt__split_parse(&split, c->field[col[3]], c->path, c->line, e)) < 0) return rc;
  const char *image = vt_path_join(&d->arena, s->root, c->field[col[2]]);
  if ((rc = check_file(c, image, e)) < 0) return rc;
  if ((rc = add_name(&s->products, d, c->field[col[0]], d->n, e)) < 0) return rc;
  struct vt_sample *v = vt__dataset_push(d, e);
  if (!v) return VT_ENOMEM;
  v->image = image;
  v->group = g;
  v->split = split;
  v->source = VT_SOURCE_SYNTH;
  v->instance = first_instance + d->n - 1;
  return 0;
}

static int read_products(struct synth *s, struct vt_err *e)
{
  static const char *const need[4] = {"id", "group", "image", "split"};
  struct vt_dataset *d = s->d;
  struct vt_csv c;
  struct vt__column column[MAX_COLUMNS] = {0};
  int64_t first = d->n;
  int col[4], attr[MAX_COLUMNS], nattr = 0, rc = open_table(s, &c, "products.csv", 4, need, col, e);
  if (rc < 0) return rc;
  for (int k = 0; k < c.ncolumns && nattr < MAX_COLUMNS; k++) {
    bool known = strcmp(c.column[k], "title") == 0;
    for (int j = 0; j < 4; j++) known |= col[j] == k;
    if (!known) attr[nattr++] = k;
  }
  while ((rc = vt_csv_next(&c, e)) == 1) {
    if ((rc = read_product(s, &c, col, e)) < 0) goto out;
    for (int k = 0; k < nattr; k++) {
      if ((rc = vt__column_add(&column[k], d, c.field[attr[k]], e)) < 0) goto out;
    }
  }
  for (int k = 0; k < nattr && rc >= 0; k++)
    rc = vt__column_finish(&column[k], d, c.column[attr[k]], first, e);
  if (rc >= 0) rc = sort_names(&s->products, c.path, e);
out:
  for (int k = 0; k < nattr; k++) vt__column_clear(&column[k]);
  vt_csv_close(&c);
  return rc;
}

static int read_photos(struct synth *s, struct vt_err *e)
{
  static const char *const need[2] = {"photo", "split"};
  struct vt_dataset *d = s->d;
  struct vt_csv c;
  int col[2], rc = open_table(s, &c, "split.csv", 2, need, col, e);
  if (rc < 0) return rc;
  while ((rc = vt_csv_next(&c, e)) == 1) {
    int64_t i = s->photos.n, cap = s->photos.cap;
    if ((rc = add_name(&s->photos, d, c.field[col[0]], i, e)) < 0) goto out;
    if (!s->photo || s->photos.cap != cap) {
      struct photo *v = vt_reallocarray(s->photo, (size_t)s->photos.cap, sizeof *v);
      if (!v) {
        rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", c.path);
        goto out;
      }
      s->photo = v;
    }
    struct photo *p = &s->photo[i];
    *p = (struct photo){0};
    p->image = vt_arena_printf(&d->arena, "%s/photos/%s.jpg", s->root, c.field[col[0]]);
    p->label_map = vt_arena_printf(&d->arena, "%s/masks/%s.png", s->root, c.field[col[0]]);
    if ((rc = vt__split_parse(&p->split, c.field[col[1]], c.path, c.line, e)) < 0) goto out;
    if ((rc = check_file(&c, p->image, e)) < 0 || (rc = check_file(&c, p->label_map, e)) < 0) goto out;
  }
  if (rc >= 0) rc = sort_names(&s->photos, c.path, e);
out:
  vt_csv_close(&c);
  return rc;
}

static int probe(struct photo *p, struct vt_err *e)
{
  struct vt_image_info info;
  if (p->width) return 0;
  int rc = vt_image_probe_file(&info, p->image, e);
  if (rc) return rc;
  p->width = info.width;
  p->height = info.height;
  return 0;
}

static int unknown(const struct vt_csv *c, int column, const char *table, struct vt_err *e)
{
  return vt_fail(e, VT_EFORMAT, "%s: line %lld: %s '%.80s' is not in %s", c->path, (long long)c->line,
                 c->column[column], c->field[column], table);
}

static int read_pair(struct synth *s, const struct vt_csv *c, const int col[8], struct vt_err *e)
{
  struct vt_dataset *d = s->d;
  int64_t photo = find_name(&s->photos, c->field[col[0]]),
          product = find_name(&s->products, c->field[col[1]]), n[5];
  int g = group_of(s, c, col[2], e), rc = g;
  if (rc < 0) return rc;
  if (photo < 0 || !s->photo) return unknown(c, col[0], "split.csv", e);
  if (product < 0) return unknown(c, col[1], "products.csv", e);
  struct photo *p = &s->photo[photo];
  if ((rc = probe(p, e)) < 0) return rc;
  for (int k = 0; k < 5; k++) {
    if (!vt_parse_i64(c->field[col[3 + k]], &n[k]) || n[k] < 0) n[k] = INT32_MAX;
  }
  if (n[0] + n[2] > p->width || n[1] + n[3] > p->height || n[4] > n[2] * n[3] || n[4] < 1) {
    return vt_fail(e, VT_EFORMAT, "%s: line %lld: box or area do not fit into the photo of %d x %d pixels",
                   c->path, (long long)c->line, p->width, p->height);
  }
  struct vt_sample *v = vt__dataset_push(d, e);
  if (!v) return VT_ENOMEM;
  v->image = p->image;
  v->label_map = p->label_map;
  v->split = p->split;
  v->source = VT_SOURCE_SYNTH;
  v->region = v->group = g;
  v->box = (struct vt_box){(double)n[0], (double)n[1], (double)n[2], (double)n[3]};
  v->share = (float)((double)n[4] / ((double)p->width * p->height));
  v->instance = first_instance + product;
  memcpy(v->attr, d->v[product].attr, sizeof v->attr);
  return 0;
}

static int read_pairs(struct synth *s, struct vt_err *e)
{
  static const char *const need[8] = {"photo", "product", "group", "x", "y", "w", "h", "area"};
  struct vt_csv c;
  int col[8], rc = open_table(s, &c, "pairs.csv", 8, need, col, e);
  if (rc < 0) return rc;
  while ((rc = vt_csv_next(&c, e)) == 1) {
    if ((rc = read_pair(s, &c, col, e)) < 0) break;
  }
  vt_csv_close(&c);
  return rc;
}

static int push_photos(struct synth *s, struct vt_err *e)
{
  for (int64_t i = 0; s->photo && i < s->photos.n; i++) {
    struct vt_sample *v = vt__dataset_push(s->d, e);
    if (!v) return VT_ENOMEM;
    v->image = s->photo[i].image;
    v->label_map = s->photo[i].label_map;
    v->split = s->photo[i].split;
    v->source = VT_SOURCE_SYNTH;
  }
  return 0;
}

int vt_read_synth(struct vt_dataset *d, const char *root, bool regions, struct vt_err *e)
{
  struct synth s = {.d = d, .root = vt_arena_strdup(&d->arena, root)};
  int rc = s.root ? read_photos(&s, e) : vt_fail(e, VT_ENOMEM, "%s: out of memory", root);
  if (rc >= 0 && regions) rc = read_products(&s, e);
  if (rc >= 0) rc = regions ? read_pairs(&s, e) : push_photos(&s, e);
  vt_free(s.photo);
  vt_free(s.products.v);
  vt_free(s.photos.v);
  return rc < 0 ? rc : 0;
}
