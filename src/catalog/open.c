/* Opening: read-only fall-backs, migrations, and the embedding model that the catalogue belongs to.
 *
 * A WAL catalogue needs its -shm file even for reading. Where that cannot be made, SQLite's immutable mode
 * reads the file as it is; that is right only while no -wal file holds newer pages, so one that does is an
 * error, not ignored. */
#include "catalog/sql.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUSY_MS = 4000 };

const char *const vt__migrations[VT__SCHEMA] = {
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE products(id INTEGER PRIMARY KEY, ext TEXT NOT NULL UNIQUE, title TEXT NOT NULL,"
    " grp INTEGER NOT NULL, predicted INTEGER NOT NULL, text INTEGER NOT NULL);"
    "CREATE TABLE images(id INTEGER PRIMARY KEY, product INTEGER NOT NULL, pos INTEGER NOT NULL, path TEXT "
    "NOT NULL,"
    " hash TEXT NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL);"
    "CREATE INDEX images_product ON images(product, pos);"
    "CREATE TABLE attrs(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
    "CREATE TABLE attr_values(id INTEGER PRIMARY KEY, attr INTEGER NOT NULL, value TEXT NOT NULL,"
    " UNIQUE(attr, value));"
    "CREATE TABLE product_values(product INTEGER NOT NULL, value INTEGER NOT NULL, PRIMARY KEY(product, "
    "value))"
    " WITHOUT ROWID;"
    "CREATE INDEX product_values_value ON product_values(value, product);"
    /* Clustered by group, so that a scan gives each group's rows together. v: dim little-endian floats. */
    "CREATE TABLE vectors(grp INTEGER NOT NULL, image INTEGER NOT NULL, product INTEGER NOT NULL, v BLOB NOT "
    "NULL,"
    " PRIMARY KEY(grp, image)) WITHOUT ROWID;",
    /* Re-embedding collects the new model's vectors beside the old ones. */
    "CREATE TABLE vectors_next(grp INTEGER NOT NULL, image INTEGER NOT NULL, product INTEGER NOT NULL,"
    " v BLOB NOT NULL, PRIMARY KEY(grp, image)) WITHOUT ROWID;"
    "CREATE TABLE reembedded(product INTEGER PRIMARY KEY, grp INTEGER NOT NULL);",
};

int vt__meta_set(struct vt_catalog *c, const char *key, const char *value, struct vt_err *e)
{
  return vt__sql_run(c, SQL_META_SET, e, "tt", key, value);
}

char *vt__meta_get(struct vt_catalog *c, const char *key, struct vt_err *e)
{
  sqlite3_stmt *s = vt__sql(c, SQL_META_GET, e, "t", key);
  int rc = vt__sql_step(c, s, e);
  if (rc < 0) return NULL;
  char *out = vt_strdup(rc == 1 ? (const char *)sqlite3_column_text(s, 0) : "");
  if (s) sqlite3_reset(s);
  if (!out) vt_fail(e, VT_ENOMEM, "%s: out of memory", c->path);
  return out;
}

int vt__model_set(struct vt_catalog *c, const char *model, int dim, struct vt_err *e)
{
  char text[16];
  snprintf(text, sizeof text, "%d", dim);
  int rc = vt__meta_set(c, "embedder", model, e);
  if (!rc) rc = vt__meta_set(c, "dim", text, e);
  if (rc) return rc;
  char *copy = vt_strdup(model);
  if (!copy) return vt_fail(e, VT_ENOMEM, "%s: out of memory", c->path);
  vt_free(c->model);
  c->model = copy;
  c->dim = dim;
  return 0;
}

static int model_get(struct vt_catalog *c, struct vt_err *e)
{
  char *dim = NULL;
  c->model = vt__meta_get(c, "embedder", e);
  if (c->model) dim = vt__meta_get(c, "dim", e);
  if (!dim) return e ? e->code : VT_EIO;
  c->dim = atoi(dim);
  vt_free(dim);
  return 0;
}

static int migrate(struct vt_catalog *c, int64_t version, struct vt_err *e)
{
  char sql[64];
  int rc = vt__sql_exec(c, "BEGIN IMMEDIATE", e);
  if (rc) return rc;
  rc = vt__sql_int(c, "PRAGMA user_version", &version, e); /* another process may have been faster */
  for (; !rc && version < VT__SCHEMA; version++) rc = vt__sql_exec(c, vt__migrations[version], e);
  snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d", VT__APPLICATION_ID,
           VT__SCHEMA);
  if (!rc) rc = vt__sql_exec(c, sql, e);
  if (!rc) rc = vt__sql_exec(c, "COMMIT", e);
  if (rc) sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
  return rc;
}

/* Is this ours, and of a version that we know? Creates or migrates where allowed. */
static int check_schema(struct vt_catalog *c, enum vt_catalog_mode mode, struct vt_err *e)
{
  int64_t app, version, tables;
  int rc = vt__sql_int(c, "PRAGMA application_id", &app, e);
  if (!rc) rc = vt__sql_int(c, "PRAGMA user_version", &version, e);
  if (!rc) rc = vt__sql_int(c, "SELECT count(*) FROM sqlite_master", &tables, e);
  if (rc) return rc;
  bool blank = tables == 0 && app == 0;
  if (blank ? mode != VT_CATALOG_CREATE : app != VT__APPLICATION_ID)
    return vt_fail(e, VT_EFORMAT, "%s: not a vitrine catalogue%s", c->path,
                   blank ? " (the file is empty); 'vitrine index' makes one" : "");
  if (version > VT__SCHEMA)
    return vt_fail(e, VT_EUNSUPPORTED, "%s: made by a newer vitrine (schema %lld, this one knows up to %d)",
                   c->path, (long long)version, VT__SCHEMA);
  if (mode == VT_CATALOG_READ) return 0;
  if (blank && (rc = vt__sql_exec(c, "PRAGMA page_size = 8192", e))) return rc;
  if ((rc = vt__sql_exec(c, "PRAGMA journal_mode = WAL", e))) return rc;
  if (version < VT__SCHEMA) return migrate(c, version, e);
  /* Fail now rather than after the first batch was embedded. */
  rc = vt__sql_exec(c, "BEGIN IMMEDIATE", e);
  return rc ? rc : vt__sql_exec(c, "ROLLBACK", e);
}

/* "file:" URI of a path, for immutable=1. */
static char *uri(const char *path, const char *query)
{
  struct vt_buf b;
  vt_buf_init(&b);
  vt_buf_adds(&b, "file:");
  for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
    if (*p == '%' || *p == '?' || *p == '#' || *p < 0x21 || *p > 0x7e)
      vt_buf_addf(&b, "%%%02X", *p);
    else
      vt_buf_addc(&b, (char)*p);
  }
  vt_buf_adds(&b, query);
  return vt_buf_take(&b, NULL);
}

static int open_db(struct vt_catalog *c, const char *name, int flags, struct vt_err *e)
{
  sqlite3_close_v2(c->db);
  c->db = NULL;
  int rc = sqlite3_open_v2(name, &c->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
  if (rc != SQLITE_OK) return vt__sql_fail(c, rc, e);
  sqlite3_busy_timeout(c->db, BUSY_MS);
  rc = vt__sql_exec(c, "PRAGMA synchronous = FULL; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY", e);
  int64_t tables;
  return rc ? rc : vt__sql_int(c, "SELECT count(*) FROM sqlite_master", &tables, e);
}

static bool folder_writable(const char *path)
{
  char *dir = vt_path_dir(NULL, path);
  bool yes = dir && access(dir, W_OK) == 0;
  vt_free(dir);
  return yes;
}

static int open_for_reading(struct vt_catalog *c, struct vt_err *e)
{
  /* A read-write connection tidies the WAL away when it is the last one; a read-only one leaves it lying. */
  if (access(c->path, W_OK) == 0 && folder_writable(c->path)) {
    int rc = open_db(c, c->path, SQLITE_OPEN_READWRITE, e);
    return rc ? rc : vt__sql_exec(c, "PRAGMA query_only = 1; PRAGMA mmap_size = 1073741824", e);
  }
  struct vt_err first = {0};
  int rc = open_db(c, c->path, SQLITE_OPEN_READONLY, &first);
  if (!rc) return 0;
  struct stat wal;
  char *name = vt_malloc(strlen(c->path) + 5);
  if (!name) return vt_fail(e, VT_ENOMEM, "%s: out of memory", c->path);
  sprintf(name, "%s-wal", c->path);
  bool newer = stat(name, &wal) == 0 && wal.st_size > 0;
  vt_free(name);
  if (rc == VT_EFORMAT || rc == VT_EBUSY) return vt_fail(e, rc, "%s", first.msg);
  if (newer)
    return vt_fail(e, VT_EREADONLY,
                   "%s: %s-wal holds changes that cannot be read in a folder without write permission",
                   c->path, c->path);
  if (!(name = uri(c->path, "?immutable=1"))) return vt_fail(e, VT_ENOMEM, "%s: out of memory", c->path);
  rc = open_db(c, name, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, e);
  vt_free(name);
  c->immutable = rc == 0;
  return rc;
}

static int open_for_writing(struct vt_catalog *c, bool exists, struct vt_err *e)
{
  if ((exists && access(c->path, W_OK)) || !folder_writable(c->path)) {
    if (errno == ENOENT) return vt_fail(e, VT_ENOENT, "%s: its folder does not exist", c->path);
    return vt__sql_fail(c, SQLITE_READONLY, e);
  }
  return open_db(c, c->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, e);
}

int vt_catalog_open(struct vt_catalog **out, const char *path, enum vt_catalog_mode mode, struct vt_err *e)
{
  struct vt_err local;
  if (!e) e = &local;
  *out = NULL;
  struct stat st;
  bool exists = stat(path, &st) == 0;
  if (exists && !S_ISREG(st.st_mode))
    return vt_fail(e, VT_EARG, "%s: %s, not a catalogue", path,
                   S_ISDIR(st.st_mode) ? "a folder" : "not a file");
  if (!exists && mode != VT_CATALOG_CREATE)
    return vt_fail(e, VT_ENOENT, "%s: no such catalogue; 'vitrine index -c %s FOLDER|FILE.csv' makes one",
                   path, path);
  struct vt_catalog *c = vt_calloc(1, sizeof *c);
  if (!c || !(c->path = vt_strdup(path))) {
    vt_free(c);
    return vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
  }
  c->writable = mode != VT_CATALOG_READ;
  int rc = c->writable ? open_for_writing(c, exists, e) : open_for_reading(c, e);
  if (!rc) rc = check_schema(c, mode, e);
  if (!rc) rc = model_get(c, e);
  if (rc) {
    vt_catalog_close(c);
    return rc;
  }
  *out = c;
  return 0;
}

void vt_catalog_close(struct vt_catalog *c)
{
  if (!c) return;
  for (int i = 0; i < SQL_COUNT; i++) sqlite3_finalize(c->st[i]);
  sqlite3_close_v2(c->db);
  vt_free(c->mark);
  vt_free(c->model);
  vt_free(c->path);
  vt_free(c);
}

const char *vt_catalog_model(const struct vt_catalog *c)
{
  return c->model;
}

int vt_catalog_dim(const struct vt_catalog *c)
{
  return c->dim;
}

int vt_catalog_check_model(struct vt_catalog *c, const char *model, int dim, struct vt_err *e)
{
  if (!strcmp(c->model, model) && c->dim == dim) return 0;
  if (*c->model)
    return vt_fail(e, VT_ESTATE,
                   "%s: its vectors were made with another embedding model (%s, this one is %s); "
                   "'vitrine index -c %s --reembed' makes them anew",
                   c->path, c->model, model, c->path);
  if (!c->writable) return 0;
  int rc = vt_catalog_begin(c, e);
  if (rc) return rc;
  rc = vt__model_set(c, model, dim, e);
  if (!rc) return vt_catalog_commit(c, e);
  vt_catalog_rollback(c);
  return rc;
}

int vt_catalog_count(struct vt_catalog *c, struct vt_catalog_counts *n, struct vt_err *e)
{
  int rc = vt__sql_int(c, "SELECT count(*) FROM products", &n->products, e);
  if (!rc) rc = vt__sql_int(c, "SELECT count(*) FROM images", &n->images, e);
  return rc ? rc : vt__sql_int(c, "SELECT count(*) FROM attrs", &n->attributes, e);
}
