/* Transactions, upsert, removal and sweeps. */
#include "catalog/sql.h"
#include <string.h>

int vt_catalog_begin(struct vt_catalog *c, struct vt_err *e)
{
  if (!c->writable) return vt_fail(e, VT_EREADONLY, "%s: opened for reading only", c->path);
  return vt__sql_exec(c, "BEGIN IMMEDIATE", e);
}

int vt_catalog_commit(struct vt_catalog *c, struct vt_err *e)
{
  int rc = vt__sql_exec(c, "COMMIT", e);
  if (rc) vt_catalog_rollback(c);
  return rc;
}

void vt_catalog_rollback(struct vt_catalog *c)
{
  if (!sqlite3_get_autocommit(c->db)) sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
}

/* The number of a row found by `find`, or of the one that `add` inserts; both take the same arguments. */
static int intern(struct vt_catalog *c, enum vt__sql find, enum vt__sql add, const char *types, int64_t attr,
                  const char *text, int64_t *id, struct vt_err *e)
{
  bool two = types[1];
  sqlite3_stmt *s = two ? vt__sql(c, find, e, types, attr, text) : vt__sql(c, find, e, types, text);
  int rc = vt__sql_step(c, s, e);
  if (rc == 1) {
    *id = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    return 0;
  }
  if (rc == 0) rc = two ? vt__sql_run(c, add, e, types, attr, text) : vt__sql_run(c, add, e, types, text);
  *id = sqlite3_last_insert_rowid(c->db);
  return rc;
}

static int put_attrs(struct vt_catalog *c, int64_t product, const struct vt_product *p, struct vt_err *e)
{
  int rc = vt__sql_run(c, SQL_HAS_CLEAR, e, "i", product);
  for (int i = 0; i < p->nattrs && !rc; i++) {
    int64_t attr, value;
    rc = intern(c, SQL_ATTR_FIND, SQL_ATTR_ADD, "t", 0, p->attrs[i].name, &attr, e);
    if (!rc) rc = intern(c, SQL_VALUE_FIND, SQL_VALUE_ADD, "it", attr, p->attrs[i].value, &value, e);
    if (!rc) rc = vt__sql_run(c, SQL_HAS_ADD, e, "ii", product, value);
  }
  return rc;
}

static int drop_image(struct vt_catalog *c, int group, int64_t image, struct vt_err *e)
{
  int rc = vt__sql_run(c, SQL_VECTOR_DEL, e, "ii", (int64_t)group, image);
  return rc ? rc : vt__sql_run(c, SQL_IMAGE_DEL, e, "i", image);
}

/* One image of p at position pos; `old` is the stored product, whose entries are cleared (row = 0) as they
 * are used. */
static int put_image(struct vt_catalog *c, int64_t product, const struct vt_product *p, int pos,
                     struct vt_product *old, struct vt_err *e)
{
  const struct vt_catalog_image *im = &p->images[pos];
  int64_t row = 0;
  for (int i = 0; i < old->nimages && !row; i++) {
    if (!old->images[i].row || strcmp(old->images[i].path, im->path) != 0) continue;
    row = old->images[i].row;
    old->images[i].row = 0;
  }
  int rc;
  if (row) {
    rc = vt__sql_run(c, SQL_IMAGE_SET, e, "iitii", row, (int64_t)pos, im->hash, im->size, im->mtime);
    if (!rc && !im->v && old->group != p->group)
      rc = vt__sql_run(c, SQL_VECTOR_MOVE, e, "iii", (int64_t)old->group, row, (int64_t)p->group);
    if (!rc && im->v && old->group != p->group)
      rc = vt__sql_run(c, SQL_VECTOR_DEL, e, "ii", (int64_t)old->group, row);
  } else {
    if (!im->v) return vt_fail(e, VT_EARG, "product '%s': image %s has no vector", p->id, im->path);
    rc = vt__sql_run(c, SQL_IMAGE_ADD, e, "iittii", product, (int64_t)pos, im->path, im->hash, im->size,
                     im->mtime);
    row = sqlite3_last_insert_rowid(c->db);
  }
  if (rc || !im->v) return rc;
  return vt__sql_run(c, SQL_VECTOR_ADD, e, "iiib", (int64_t)p->group, row, product, (const void *)im->v,
                     c->dim * (int)sizeof(float));
}

int vt_catalog_put(struct vt_catalog *c, const struct vt_product *p, int64_t *row_out, struct vt_err *e)
{
  struct vt_arena a;
  struct vt_product old = {0};
  vt_arena_init(&a);
  int64_t row = 0;
  int found = 0, rc = vt__reembed_forget(c, e);
  if (!rc) rc = found = vt_catalog_find(c, p->id, false, &a, &old, e);
  if (rc < 0) goto out;
  int64_t predicted = p->predicted, text = (int64_t)p->text;
  if (found) {
    row = old.row;
    rc = vt__sql_run(c, SQL_PRODUCT_SET, e, "itiii", row, p->title, (int64_t)p->group, predicted, text);
  } else {
    rc = vt__sql_run(c, SQL_PRODUCT_ADD, e, "ttiii", p->id, p->title, (int64_t)p->group, predicted, text);
    row = sqlite3_last_insert_rowid(c->db);
  }
  if (!rc) rc = put_attrs(c, row, p, e);
  for (int i = 0; i < p->nimages && !rc; i++) rc = put_image(c, row, p, i, &old, e);
  for (int i = 0; i < old.nimages && !rc; i++)
    if (old.images[i].row) rc = drop_image(c, old.group, old.images[i].row, e);
  if (!rc && row_out) *row_out = row;
out:
  vt_arena_clear(&a);
  return rc;
}

int vt_catalog_touch(struct vt_catalog *c, int64_t image_row, int64_t size, int64_t mtime, struct vt_err *e)
{
  return vt__sql_run(c, SQL_IMAGE_TOUCH, e, "iii", image_row, size, mtime);
}

static int drop_product(struct vt_catalog *c, const struct vt_product *p, struct vt_err *e)
{
  int rc = vt__sql_run(c, SQL_HAS_CLEAR, e, "i", p->row);
  for (int i = 0; i < p->nimages && !rc; i++) rc = drop_image(c, p->group, p->images[i].row, e);
  return rc ? rc : vt__sql_run(c, SQL_PRODUCT_DEL, e, "i", p->row);
}

int vt_catalog_remove(struct vt_catalog *c, const char *id, struct vt_err *e)
{
  struct vt_arena a;
  struct vt_product p = {0};
  vt_arena_init(&a);
  int rc = vt_catalog_find(c, id, false, &a, &p, e);
  if (rc == 1) {
    int bad = drop_product(c, &p, e);
    if (bad) rc = bad;
  }
  vt_arena_clear(&a);
  return rc;
}

void vt_catalog_unmark(struct vt_catalog *c)
{
  if (c->mark) memset(c->mark, 0, (size_t)(c->nmark / 64) * sizeof *c->mark);
}

int vt_catalog_mark(struct vt_catalog *c, int64_t row, struct vt_err *e)
{
  if (row >= c->nmark) {
    int64_t n = (row + row / 2 + 1024) / 64 * 64;
    uint64_t *mark = vt_reallocarray(c->mark, (size_t)(n / 64), sizeof *mark);
    if (!mark) return vt_fail(e, VT_ENOMEM, "%s: out of memory", c->path);
    memset(mark + c->nmark / 64, 0, (size_t)(n - c->nmark) / 8);
    c->mark = mark;
    c->nmark = n;
  }
  c->mark[row / 64] |= UINT64_C(1) << (row % 64);
  return 0;
}

int vt_catalog_sweep(struct vt_catalog *c, int64_t *removed, struct vt_err *e)
{
  struct vt_arena a;
  int64_t *gone = NULL, n = 0, cap = 0;
  *removed = 0;
  sqlite3_stmt *s = vt__sql(c, SQL_PRODUCT_IDS, e, "");
  int rc;
  while ((rc = vt__sql_step(c, s, e)) == 1) {
    int64_t row = sqlite3_column_int64(s, 0);
    if (row < c->nmark && (c->mark[row / 64] >> (row % 64) & 1)) continue;
    if (n == cap) {
      int64_t *more = vt_reallocarray(gone, (size_t)(cap = cap * 2 + 256), sizeof *more);
      if (!more) {
        rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", c->path);
        break;
      }
      gone = more;
    }
    gone[n++] = row;
  }
  if (s) sqlite3_reset(s);
  for (int64_t i = 0; i < n && !rc; i++) {
    struct vt_product p = {0};
    vt_arena_init(&a);
    rc = vt_catalog_get(c, gone[i], &a, &p, e);
    if (!rc) rc = drop_product(c, &p, e);
    vt_arena_clear(&a);
    *removed += !rc;
  }
  vt_free(gone);
  return rc;
}
