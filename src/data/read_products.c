/* The product table: styles.csv, images/ID.jpg (60 x 80) and, for a part of the rows, images224/ID.jpg (224 x
 * 224, squeezed from 3:4: samples carry aspect 0.75 to be stretched back).
 *
 * Groups come from ../taxonomy/products.csv beside the folder, through articleType; without that file they
 * stay unknown. Classes of attributes are numbered over the whole table, so both sizes agree. */
#include <stdlib.h>
#include <string.h>
#include "data/data_internal.h"

static const char *const attributes[] = {"articleType", "baseColour",     "gender",     "season",
                                         "usage",       "masterCategory", "subCategory"};
enum { NATTR = VT_COUNT(attributes), ARTICLE = 0 };

struct id_line {
  int64_t id, line;
};

struct reader {
  struct vt_dataset *d;
  const char *root;
  bool large;
  struct vt_csv c;
  struct vt_group_map *map;
  struct vt__column column[NATTR]; /* of every row of the table */
  int64_t *row;                    /* sample first + i is row[i] of the table */
  int64_t nkept, keptcap;
  struct id_line *ids;
  int64_t nids, idcap;
  int id, split, attr[NATTR];
};

static int by_id(const void *a, const void *b)
{
  const struct id_line *x = a, *y = b;
  if (x->id != y->id) return x->id < y->id ? -1 : 1;
  return x->line < y->line ? -1 : x->line > y->line;
}

static int grow(void *array, int64_t n, int64_t *cap, size_t size, const char *path, struct vt_err *e)
{
  if (n < *cap) return 0;
  int64_t c = *cap ? 2 * *cap : 4096;
  void *v = vt_reallocarray(*(void **)array, (size_t)c, size);
  if (!v) return vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
  *(void **)array = v;
  *cap = c;
  return 0;
}

static int read_row(struct reader *r, struct vt_err *e)
{
  const struct vt_csv *c = &r->c;
  struct vt_dataset *d = r->d;
  int64_t id, row = r->nids;
  enum vt_split split;
  int rc;
  if (!vt_parse_i64(c->field[r->id], &id) || id < 0) {
    return vt_fail(e, VT_EFORMAT, "%s: line %lld: id must be a whole number, not '%.40s'", c->path,
                   (long long)c->line, c->field[r->id]);
  }
  if ((rc = vt__split_parse(&split, c->field[r->split], c->path, c->line, e)) < 0) return rc;
  if ((rc = grow(&r->ids, r->nids, &r->idcap, sizeof *r->ids, c->path, e)) < 0) return rc;
  r->ids[r->nids++] = (struct id_line){id, c->line};
  for (int k = 0; k < NATTR; k++) {
    if ((rc = vt__column_add(&r->column[k], d, c->field[r->attr[k]], e)) < 0) return rc;
  }
  const char *image =
      vt_arena_printf(&d->arena, "%s/%s/%s.jpg", r->root, r->large ? "images224" : "images", c->field[r->id]);
  if (!image) return vt_fail(e, VT_ENOMEM, "%s: out of memory", c->path);
  if (!vt_is_file(image)) {
    if (r->large) return 0;
    return vt_fail(e, VT_ENOENT, "%s: line %lld: %s does not exist", c->path, (long long)c->line, image);
  }
  if ((rc = grow(&r->row, r->nkept, &r->keptcap, sizeof *r->row, c->path, e)) < 0) return rc;
  r->row[r->nkept++] = row;
  struct vt_sample *s = vt__dataset_push(d, e);
  if (!s) return VT_ENOMEM;
  s->image = image;
  s->split = split;
  s->instance = id;
  s->source = r->large ? VT_SOURCE_PRODUCTS_LARGE : VT_SOURCE_PRODUCTS;
  s->aspect = r->large ? 0.75f : 0;
  if (r->map) {
    int g = vt_group_map_find(r->map, c->field[r->attr[ARTICLE]]);
    if (g == -2) {
      return vt_fail(e, VT_EFORMAT,
                     "%s: line %lld: article type '%.60s' is not in the taxonomy's products.csv", c->path,
                     (long long)c->line, c->field[r->attr[ARTICLE]]);
    }
    s->group = g;
  }
  return 0;
}

static int check_ids(struct reader *r, struct vt_err *e)
{
  if (r->nids) qsort(r->ids, (size_t)r->nids, sizeof *r->ids, by_id);
  for (int64_t i = 1; i < r->nids; i++) {
    if (r->ids[i].id == r->ids[i - 1].id) {
      return vt_fail(e, VT_EFORMAT, "%s: line %lld: id %lld occurs already in line %lld", r->c.path,
                     (long long)r->ids[i].line, (long long)r->ids[i].id, (long long)r->ids[i - 1].line);
    }
  }
  return 0;
}

/* Classes over all rows; the samples take theirs by row. */
static int finish(struct reader *r, int64_t first, struct vt_err *e)
{
  struct vt_dataset *d = r->d;
  for (int k = 0; k < NATTR; k++) {
    int32_t *number = vt_calloc((size_t)r->nids + 1, sizeof *number);
    if (!number) return vt_fail(e, VT_ENOMEM, "%s: out of memory", r->c.path);
    int a = vt__column_number(&r->column[k], d, attributes[k], number, e);
    for (int64_t i = 0; i < r->nkept && a >= 0; i++) d->v[first + i].attr[a] = number[r->row[i]];
    vt_free(number);
    if (a < 0) return a;
  }
  return 0;
}

static int open_map(struct reader *r, struct vt_err *e)
{
  char *path = vt_path_join(&r->d->arena, r->root, "../taxonomy/products.csv");
  if (!path) return vt_fail(e, VT_ENOMEM, "%s: out of memory", r->root);
  return vt_is_file(path) ? vt_group_map_read(&r->map, &r->d->taxonomy, path, e) : 0;
}

int vt_read_products(struct vt_dataset *d, const char *root, bool large, struct vt_err *e)
{
  bool table = vt_is_file(root);
  char *folder = table ? vt_path_dir(&d->arena, root) : vt_arena_strdup(&d->arena, root),
       *path = table ? vt_arena_strdup(&d->arena, root) : vt_path_join(&d->arena, root, "styles.csv");
  struct reader r = {.d = d, .root = folder, .large = large};
  int64_t first = d->n;
  int rc = path && folder ? vt_csv_open(&r.c, path, e) : vt_fail(e, VT_ENOMEM, "%s: out of memory", root);
  if (rc < 0) return rc;
  if ((rc = open_map(&r, e)) < 0) goto out;
  if ((rc = vt_csv_need(&r.c, "id", &r.id, e)) < 0 || (rc = vt_csv_need(&r.c, "split", &r.split, e)) < 0)
    goto out;
  for (int k = 0; k < NATTR; k++) {
    if ((rc = vt_csv_need(&r.c, attributes[k], &r.attr[k], e)) < 0) goto out;
  }
  while ((rc = vt_csv_next(&r.c, e)) == 1) {
    if ((rc = read_row(&r, e)) < 0) goto out;
  }
  if (rc < 0 || (rc = check_ids(&r, e)) < 0) goto out;
  if (large && r.nids && !r.nkept) {
    rc = vt_fail(e, VT_ENOENT, "%s/images224: none of the %lld products has a picture there", folder,
                 (long long)r.nids);
    goto out;
  }
  rc = finish(&r, first, e);
out:
  vt_csv_close(&r.c);
  vt_group_map_free(r.map);
  for (int k = 0; k < NATTR; k++) vt__column_clear(&r.column[k]);
  vt_free(r.row);
  vt_free(r.ids);
  return rc;
}
