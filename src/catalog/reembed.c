/* Re-embedding with another model: new vectors gather in vectors_next, `reembedded` lists the products that
 * are done, and one transaction at the end puts them in the place of the old ones. Until then searches see
 * the old model and its vectors, whole. A product put meanwhile (the same model again, interrupted, then
 * indexing) makes what was gathered stale, and it is forgotten; removed products only leave rows that the end
 * drops. */
#include "catalog/sql.h"
#include <stdlib.h>
#include <string.h>

int vt_catalog_reembed_begin(struct vt_catalog *c, const char *model, int dim, struct vt_err *e)
{
  struct vt_err local;
  if (!e) e = &local;
  char *next = vt__meta_get(c, "next_embedder", e);
  if (!next) return e->code;
  bool same = !strcmp(next, model);
  vt_free(next);
  int rc = vt_catalog_begin(c, e);
  if (rc) return rc;
  if (!same) rc = vt__sql_exec(c, "DELETE FROM vectors_next; DELETE FROM reembedded", e);
  char text[16];
  snprintf(text, sizeof text, "%d", dim);
  if (!rc) rc = vt__meta_set(c, "next_embedder", model, e);
  if (!rc) rc = vt__meta_set(c, "next_dim", text, e);
  if (!rc) return vt_catalog_commit(c, e);
  vt_catalog_rollback(c);
  return rc;
}

int vt__reembed_forget(struct vt_catalog *c, struct vt_err *e)
{
  struct vt_err local;
  char *next = vt__meta_get(c, "next_embedder", e ? e : &local);
  if (!next) return e ? e->code : local.code;
  int rc = 0;
  if (*next)
    rc = vt__sql_exec(c,
                      "DELETE FROM vectors_next; DELETE FROM reembedded;"
                      "DELETE FROM meta WHERE key IN ('next_embedder', 'next_dim')",
                      e);
  vt_free(next);
  return rc;
}

int vt_catalog_reembed_next(struct vt_catalog *c, int64_t after, struct vt_arena *a, struct vt_product *p,
                            struct vt_err *e)
{
  sqlite3_stmt *s = vt__sql(c, SQL_NEXT_TODO, e, "i", after);
  int rc = vt__sql_step(c, s, e);
  if (rc != 1) return rc;
  rc = vt__product_read(c, s, false, a, p, e);
  return rc ? rc : 1;
}

int vt_catalog_reembed_put(struct vt_catalog *c, const struct vt_product *p, struct vt_err *e)
{
  char *dim = vt__meta_get(c, "next_dim", e);
  if (!dim) return VT_EIO;
  int bytes = atoi(dim) * (int)sizeof(float), rc = 0;
  vt_free(dim);
  for (int i = 0; i < p->nimages && !rc; i++)
    if (p->images[i].v)
      rc = vt__sql_run(c, SQL_NEXT_ADD, e, "iiib", (int64_t)p->group, p->images[i].row, p->row,
                       (const void *)p->images[i].v, bytes);
  return rc ? rc : vt__sql_run(c, SQL_NEXT_DONE, e, "ii", p->row, (int64_t)p->group);
}

int vt_catalog_reembed_finish(struct vt_catalog *c, struct vt_err *e)
{
  struct vt_err local;
  if (!e) e = &local;
  char *model = vt__meta_get(c, "next_embedder", e), *dim = model ? vt__meta_get(c, "next_dim", e) : NULL;
  int rc = dim ? vt_catalog_begin(c, e) : VT_EIO;
  if (rc) goto out;
  /* Predicted groups follow the new model. An image that got no vector must not look unchanged at the next
   * indexing: its hash and time are forgotten. Hash and time of a product's lost images are what indexing
   * compares. */
  rc = vt__sql_exec(
      c,
      "DELETE FROM vectors_next WHERE image NOT IN (SELECT id FROM images);"
      "UPDATE products SET grp = r.grp FROM reembedded r WHERE r.product = products.id AND predicted = 1;"
      "UPDATE images SET hash = '', size = -1, mtime = 0 WHERE id NOT IN (SELECT image FROM vectors_next);"
      "DROP TABLE vectors; ALTER TABLE vectors_next RENAME TO vectors;"
      "CREATE TABLE vectors_next(grp INTEGER NOT NULL, image INTEGER NOT NULL, product INTEGER NOT NULL,"
      " v BLOB NOT NULL, PRIMARY KEY(grp, image)) WITHOUT ROWID;"
      "DELETE FROM reembedded; DELETE FROM meta WHERE key IN ('next_embedder', 'next_dim')",
      e);
  if (!rc) rc = vt__model_set(c, model, atoi(dim), e);
  if (!rc)
    rc = vt_catalog_commit(c, e);
  else
    vt_catalog_rollback(c);
out:
  vt_free(model);
  vt_free(dim);
  return rc;
}
