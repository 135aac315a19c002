/* Private to catalog/: the handle, prepared statements and the translation of SQLite's errors. */
#ifndef VT_CATALOG_SQL_H
#define VT_CATALOG_SQL_H

#include <sqlite3.h>
#include "catalog/catalog.h"

/* name, SQL: prepared when first used, kept until close. */
#define VT_SQL_TABLE(X)                                                                                      \
  X(META_GET, "SELECT value FROM meta WHERE key = ?1")                                                       \
  X(META_SET, "INSERT INTO meta(key, value) VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET value = ?2")       \
  X(PRODUCT_FIND, "SELECT id, ext, title, grp, predicted, text FROM products WHERE ext = ?1")                \
  X(PRODUCT_GET, "SELECT id, ext, title, grp, predicted, text FROM products WHERE id = ?1")                  \
  X(PRODUCT_ADD, "INSERT INTO products(ext, title, grp, predicted, text) VALUES(?1, ?2, ?3, ?4, ?5)")        \
  X(PRODUCT_SET, "UPDATE products SET title = ?2, grp = ?3, predicted = ?4, text = ?5 WHERE id = ?1")        \
  X(PRODUCT_DEL, "DELETE FROM products WHERE id = ?1")                                                       \
  X(PRODUCT_IDS, "SELECT id FROM products ORDER BY id")                                                      \
  X(IMAGES_GET, "SELECT id, path, hash, size, mtime FROM images WHERE product = ?1 ORDER BY pos")            \
  X(IMAGE_ADD, "INSERT INTO images(product, pos, path, hash, size, mtime) VALUES(?1, ?2, ?3, ?4, ?5, ?6)")   \
  X(IMAGE_SET, "UPDATE images SET pos = ?2, hash = ?3, size = ?4, mtime = ?5 WHERE id = ?1")                 \
  X(IMAGE_TOUCH, "UPDATE images SET size = ?2, mtime = ?3 WHERE id = ?1")                                    \
  X(IMAGE_DEL, "DELETE FROM images WHERE id = ?1")                                                           \
  X(VECTOR_ADD, "INSERT OR REPLACE INTO vectors(grp, image, product, v) VALUES(?1, ?2, ?3, ?4)")             \
  X(VECTOR_DEL, "DELETE FROM vectors WHERE grp = ?1 AND image = ?2")                                         \
  X(VECTOR_MOVE, "UPDATE vectors SET grp = ?3 WHERE grp = ?1 AND image = ?2")                                \
  X(ATTR_FIND, "SELECT id FROM attrs WHERE name = ?1")                                                       \
  X(ATTR_ADD, "INSERT INTO attrs(name) VALUES(?1)")                                                          \
  X(VALUE_FIND, "SELECT id FROM attr_values WHERE attr = ?1 AND value = ?2")                                 \
  X(VALUE_ADD, "INSERT INTO attr_values(attr, value) VALUES(?1, ?2)")                                        \
  X(HAS_ADD, "INSERT OR IGNORE INTO product_values(product, value) VALUES(?1, ?2)")                          \
  X(HAS_CLEAR, "DELETE FROM product_values WHERE product = ?1")                                              \
  X(HAS_GET, "SELECT a.name, w.value FROM product_values h JOIN attr_values w ON w.id = h.value "            \
             "JOIN attrs a ON a.id = w.attr WHERE h.product = ?1 ORDER BY a.id, w.id")                       \
  X(HAS_VALUE, "SELECT product FROM product_values WHERE value = ?1")                                        \
  X(NEXT_TODO, "SELECT id, ext, title, grp, predicted, text FROM products WHERE id > ?1 AND id NOT IN "      \
               "(SELECT product FROM reembedded) ORDER BY id LIMIT 1")                                       \
  X(NEXT_DONE, "INSERT OR IGNORE INTO reembedded(product, grp) VALUES(?1, ?2)")                              \
  X(NEXT_ADD, "INSERT OR REPLACE INTO vectors_next(grp, image, product, v) VALUES(?1, ?2, ?3, ?4)")

enum vt__sql {
#define X(name, sql) SQL_##name,
  VT_SQL_TABLE(X)
#undef X
      SQL_COUNT
};

struct vt_catalog {
  char *path;
  sqlite3 *db;
  bool writable, immutable;
  sqlite3_stmt *st[SQL_COUNT];
  char *model;
  int dim;
  uint64_t *mark; /* bitmap by product row, for sweeps */
  int64_t nmark;
};

/* Schema 1 .. VT__SCHEMA: vt__migrations[i] brings version i to i + 1. */
enum { VT__SCHEMA = 2, VT__APPLICATION_ID = 0x76747231 /* "vtr1" */ };
extern const char *const vt__migrations[VT__SCHEMA];

/* Records what SQLite says about `rc` (or about the handle if rc is -1), naming the catalogue. */
int vt__sql_fail(struct vt_catalog *c, int rc, struct vt_err *e);
int vt__sql_exec(struct vt_catalog *c, const char *sql, struct vt_err *e);
/* The statement, reset, with its arguments bound by `types`: i int64_t, t text, b blob (pointer, int), n
 * null. NULL after a failure. */
sqlite3_stmt *vt__sql(struct vt_catalog *c, enum vt__sql which, struct vt_err *e, const char *types, ...);
/* Steps: 1 row, 0 done, negative error. A statement that is done is reset. */
int vt__sql_step(struct vt_catalog *c, sqlite3_stmt *s, struct vt_err *e);
/* Binds, runs to the end, resets. */
int vt__sql_run(struct vt_catalog *c, enum vt__sql which, struct vt_err *e, const char *types, ...);
int vt__sql_int(struct vt_catalog *c, const char *sql, int64_t *out, struct vt_err *e);

int vt__meta_set(struct vt_catalog *c, const char *key, const char *value, struct vt_err *e);
/* Text in the arena, or "" if absent; NULL after a failure. */
char *vt__meta_get(struct vt_catalog *c, const char *key, struct vt_err *e); /* vt_free */
/* New products make a half-done re-embedding stale: it will start anew. */
int vt__reembed_forget(struct vt_catalog *c, struct vt_err *e);
int vt__model_set(struct vt_catalog *c, const char *model, int dim, struct vt_err *e);
/* The product of a stepped PRODUCT_* statement, then its images (and attributes). */
int vt__product_read(struct vt_catalog *c, sqlite3_stmt *s, bool with_attrs, struct vt_arena *a,
                     struct vt_product *p, struct vt_err *e);

#endif
