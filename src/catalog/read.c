/* Products by id or number, all vectors at once, and filters by attribute. */
#include "catalog/sql.h"
#include <string.h>

static const char *text(sqlite3_stmt *s, int col, struct vt_arena *a)
{
  const char *t = (const char *)sqlite3_column_text(s, col);
  return vt_arena_strdup(a, t ? t : "");
}

static int no_memory(struct vt_catalog *c, struct vt_err *e)
{
  return vt_fail(e, VT_ENOMEM, "%s: out of memory", c->path);
}

static int read_images(struct vt_catalog *c, struct vt_arena *a, struct vt_product *p, struct vt_err *e)
{
  struct vt_catalog_image im[VT_CATALOG_MAX_IMAGES];
  int n = 0, rc;
  sqlite3_stmt *s = vt__sql(c, SQL_IMAGES_GET, e, "i", p->row);
  while ((rc = vt__sql_step(c, s, e)) == 1 && n < VT_CATALOG_MAX_IMAGES) {
    im[n] = (struct vt_catalog_image){
        .row = sqlite3_column_int64(s, 0),
        .path = text(s, 1, a),
        .hash = text(s, 2, a),
        .size = sqlite3_column_int64(s, 3),
        .mtime = sqlite3_column_int64(s, 4),
    };
    if (!im[n].path || !im[n].hash) rc = no_memory(c, e);
    if (rc < 0) break;
    n++;
  }
  if (s) sqlite3_reset(s);
  if (rc < 0) return rc;
  p->nimages = n;
  p->images = vt_arena_alloc(a, (size_t)VT_MAX(n, 1) * sizeof *p->images);
  if (!p->images) return no_memory(c, e);
  memcpy(p->images, im, (size_t)n * sizeof *im);
  return 0;
}

static int read_attrs(struct vt_catalog *c, struct vt_arena *a, struct vt_product *p, struct vt_err *e)
{
  struct vt_attr *v = NULL;
  int n = 0, cap = 0, rc;
  sqlite3_stmt *s = vt__sql(c, SQL_HAS_GET, e, "i", p->row);
  while ((rc = vt__sql_step(c, s, e)) == 1 && n < VT_CATALOG_MAX_ATTRS) {
    if (n == cap) {
      struct vt_attr *more = vt_arena_alloc(a, (size_t)(cap * 2 + 16) * sizeof *more);
      if (!more) {
        rc = no_memory(c, e);
        break;
      }
      if (n) memcpy(more, v, (size_t)n * sizeof *v);
      v = more;
      cap = cap * 2 + 16;
    }
    v[n] = (struct vt_attr){text(s, 0, a), text(s, 1, a)};
    if (!v[n].name || !v[n].value) rc = no_memory(c, e);
    if (rc < 0) break;
    n++;
  }
  if (s) sqlite3_reset(s);
  p->attrs = v;
  p->nattrs = n;
  return rc < 0 ? rc : 0;
}

int vt__product_read(struct vt_catalog *c, sqlite3_stmt *s, bool with_attrs, struct vt_arena *a,
                     struct vt_product *p, struct vt_err *e)
{
  *p = (struct vt_product){
      .row = sqlite3_column_int64(s, 0),
      .id = text(s, 1, a),
      .title = text(s, 2, a),
      .group = sqlite3_column_int(s, 3),
      .predicted = sqlite3_column_int(s, 4) != 0,
      .text = (uint64_t)sqlite3_column_int64(s, 5),
  };
  sqlite3_reset(s);
  if (!p->id || !p->title) return no_memory(c, e);
  int rc = read_images(c, a, p, e);
  return rc || !with_attrs ? rc : read_attrs(c, a, p, e);
}

int vt_catalog_find(struct vt_catalog *c, const char *id, bool with_attrs, struct vt_arena *a,
                    struct vt_product *p, struct vt_err *e)
{
  sqlite3_stmt *s = vt__sql(c, SQL_PRODUCT_FIND, e, "t", id);
  int rc = vt__sql_step(c, s, e);
  if (rc != 1) return rc;
  rc = vt__product_read(c, s, with_attrs, a, p, e);
  return rc ? rc : 1;
}

int vt_catalog_get(struct vt_catalog *c, int64_t row, struct vt_arena *a, struct vt_product *p,
                   struct vt_err *e)
{
  sqlite3_stmt *s = vt__sql(c, SQL_PRODUCT_GET, e, "i", row);
  int rc = vt__sql_step(c, s, e);
  if (rc == 1) return vt__product_read(c, s, true, a, p, e);
  return rc ? rc : vt_fail(e, VT_ENOENT, "%s: no product number %lld", c->path, (long long)row);
}

/* ---- vectors
 * ----------------------------------------------------------------------------------------------- */

void vt_catalog_vectors_clear(struct vt_catalog_vectors *v)
{
  vt_free(v->image);
  vt_free(v->product);
  vt_free(v->group);
  vt_free(v->v);
  *v = (struct vt_catalog_vectors){0};
}

static int vectors_reserve(struct vt_catalog_vectors *x, int64_t cap)
{
  int64_t *image = vt_reallocarray(x->image, (size_t)cap, sizeof *image);
  if (image) x->image = image;
  int64_t *product = vt_reallocarray(x->product, (size_t)cap, sizeof *product);
  if (product) x->product = product;
  uint8_t *group = vt_realloc(x->group, (size_t)cap);
  if (group) x->group = group;
  size_t row = (size_t)x->dim * sizeof(float);
  float *v = vt_aligned((size_t)cap * row);
  if (!image || !product || !group || !v) {
    vt_free(v);
    return VT_ENOMEM;
  }
  if (x->n) memcpy(v, x->v, (size_t)x->n * row);
  vt_free(x->v);
  x->v = v;
  return 0;
}

static int vectors_scan(struct vt_catalog *c, sqlite3_stmt *s, struct vt_catalog_vectors *x, int64_t cap,
                        struct vt_err *e)
{
  int bytes = x->dim * (int)sizeof(float), got;
  while ((got = sqlite3_step(s)) == SQLITE_ROW) {
    if (x->n == cap && vectors_reserve(x, cap += cap / 2 + 1024)) return no_memory(c, e);
    if (sqlite3_column_bytes(s, 3) != bytes)
      return vt_fail(e, VT_EFORMAT, "%s: image %lld has a vector of %d bytes, expected %d", c->path,
                     (long long)sqlite3_column_int64(s, 1), sqlite3_column_bytes(s, 3), bytes);
    x->group[x->n] = (uint8_t)sqlite3_column_int(s, 0);
    x->image[x->n] = sqlite3_column_int64(s, 1);
    x->product[x->n] = sqlite3_column_int64(s, 2);
    memcpy(x->v + x->n * x->dim, sqlite3_column_blob(s, 3), (size_t)bytes);
    x->n++;
  }
  return got == SQLITE_DONE ? 0 : vt__sql_fail(c, -1, e);
}

int vt_catalog_load(struct vt_catalog *c, struct vt_catalog_vectors *out, struct vt_err *e)
{
  *out = (struct vt_catalog_vectors){.dim = c->dim};
  if (c->dim <= 0) return 0;
  int64_t cap; /* the largest image number: a bound nearly always, found without a scan */
  int rc = vt__sql_int(c, "SELECT coalesce(max(id), 0) FROM images", &cap, e);
  if (rc) return rc;
  cap = VT_MIN(cap, INT64_C(1) << 24) + 1;
  if (vectors_reserve(out, cap)) {
    vt_catalog_vectors_clear(out);
    return no_memory(c, e);
  }
  sqlite3_stmt *s = NULL;
  if (sqlite3_prepare_v2(c->db, "SELECT grp, image, product, v FROM vectors ORDER BY grp, image", -1, &s,
                         NULL))
    rc = vt__sql_fail(c, -1, e);
  else
    rc = vectors_scan(c, s, out, cap, e);
  sqlite3_finalize(s);
  if (rc) vt_catalog_vectors_clear(out);
  return rc;
}

/* ---- filters
 * ------------------------------------------------------------------------------------------------- */

static int unknown_attribute(struct vt_catalog *c, const char *name, struct vt_err *e)
{
  struct vt_buf b;
  vt_buf_init(&b);
  sqlite3_stmt *s = NULL;
  sqlite3_prepare_v2(c->db, "SELECT name FROM attrs ORDER BY id LIMIT 40", -1, &s, NULL);
  while (s && sqlite3_step(s) == SQLITE_ROW)
    vt_buf_addf(&b, "%s%s", b.len ? ", " : "", (const char *)sqlite3_column_text(s, 0));
  sqlite3_finalize(s);
  int rc = vt_fail(e, VT_EUSAGE, "%s: no attribute '%s'; %s%s", c->path, name,
                   b.len ? "there are: " : "the catalogue has none", b.len ? b.data : "");
  vt_buf_clear(&b);
  return rc;
}

/* Sets the bits of the products that have this value of this attribute. */
static int add_term(struct vt_catalog *c, const struct vt_attr *t, uint64_t *bits, int64_t nbits,
                    struct vt_err *e)
{
  sqlite3_stmt *s = vt__sql(c, SQL_ATTR_FIND, e, "t", t->name);
  int rc = vt__sql_step(c, s, e);
  if (rc <= 0) return rc ? rc : unknown_attribute(c, t->name, e);
  int64_t attr = sqlite3_column_int64(s, 0);
  sqlite3_reset(s);
  s = vt__sql(c, SQL_VALUE_FIND, e, "it", attr, t->value);
  if ((rc = vt__sql_step(c, s, e)) <= 0) return rc;
  int64_t value = sqlite3_column_int64(s, 0);
  sqlite3_reset(s);
  s = vt__sql(c, SQL_HAS_VALUE, e, "i", value);
  while ((rc = vt__sql_step(c, s, e)) == 1) {
    int64_t p = sqlite3_column_int64(s, 0);
    if (p >= 0 && p < nbits) bits[p / 64] |= UINT64_C(1) << (p % 64);
  }
  return rc;
}

int vt_catalog_filter(struct vt_catalog *c, int n, const struct vt_attr *terms, uint64_t **bits,
                      int64_t *nbits, struct vt_err *e)
{
  int64_t max;
  *bits = NULL;
  int rc = vt__sql_int(c, "SELECT coalesce(max(id), 0) FROM products", &max, e);
  if (rc) return rc;
  size_t words = (size_t)max / 64 + 1;
  uint64_t *all = vt_calloc(words, sizeof *all), *one = vt_calloc(words, sizeof *one);
  if (!all || !one) rc = no_memory(c, e);
  if (!rc) memset(all, 0xff, words * sizeof *all);
  for (int i = 0; i < n && !rc; i++) {
    int first = 0;
    while (strcmp(terms[first].name, terms[i].name) != 0) first++;
    if (first < i) continue; /* its alternatives were taken with the first of them */
    memset(one, 0, words * sizeof *one);
    for (int j = i; j < n && !rc; j++)
      if (!strcmp(terms[j].name, terms[i].name)) rc = add_term(c, &terms[j], one, (int64_t)words * 64, e);
    for (size_t w = 0; w < words; w++) all[w] &= one[w];
  }
  vt_free(one);
  if (rc) {
    vt_free(all);
    return rc;
  }
  *bits = all;
  *nbits = (int64_t)words * 64;
  return 0;
}
