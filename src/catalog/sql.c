/* Prepared statements, and SQLite's errors as messages for people. */
#include "catalog/sql.h"
#include <stdarg.h>
#include <string.h>

static const char *const texts[SQL_COUNT] = {
#define X(name, sql) (sql),
    VT_SQL_TABLE(X)
#undef X
};

int vt__sql_fail(struct vt_catalog *c, int rc, struct vt_err *e)
{
  int code = rc == -1 ? sqlite3_extended_errcode(c->db) : rc;
  const char *said = c->db ? sqlite3_errmsg(c->db) : sqlite3_errstr(code);
  switch (code & 0xff) {
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return vt_fail(e, VT_EBUSY, "%s: the catalogue is locked by another process; try again when it is done",
                   c->path);
  case SQLITE_FULL:
    return vt_fail(e, VT_EIO,
                   "%s: the disk is full; what was acknowledged is kept, the same command goes on from there",
                   c->path);
  case SQLITE_READONLY:
  case SQLITE_PERM:
    return vt_fail(e, VT_EREADONLY,
                   "%s: the catalogue or its folder cannot be written: it can be searched, not changed",
                   c->path);
  case SQLITE_NOTADB: return vt_fail(e, VT_EFORMAT, "%s: not a vitrine catalogue", c->path);
  case SQLITE_CORRUPT: return vt_fail(e, VT_EFORMAT, "%s: the catalogue is damaged (%s)", c->path, said);
  case SQLITE_NOMEM: return vt_fail(e, VT_ENOMEM, "%s: out of memory", c->path);
  case SQLITE_TOOBIG: return vt_fail(e, VT_ELIMIT, "%s: a text is too long for the catalogue", c->path);
  default: return vt_fail(e, VT_EIO, "%s: %s", c->path, said);
  }
}

int vt__sql_exec(struct vt_catalog *c, const char *sql, struct vt_err *e)
{
  return sqlite3_exec(c->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : vt__sql_fail(c, -1, e);
}

static int bind(sqlite3_stmt *s, const char *types, va_list ap)
{
  int rc = SQLITE_OK;
  for (int i = 1; types[i - 1] && rc == SQLITE_OK; i++) {
    switch (types[i - 1]) {
    case 'i': rc = sqlite3_bind_int64(s, i, va_arg(ap, int64_t)); break;
    case 't': rc = sqlite3_bind_text(s, i, va_arg(ap, const char *), -1, SQLITE_STATIC); break;
    case 'b': {
      const void *p = va_arg(ap, const void *);
      rc = sqlite3_bind_blob(s, i, p, va_arg(ap, int), SQLITE_STATIC);
      break;
    }
    default: rc = sqlite3_bind_null(s, i);
    }
  }
  return rc;
}

static sqlite3_stmt *prepare(struct vt_catalog *c, enum vt__sql which, struct vt_err *e, const char *types,
                             va_list ap)
{
  if (!c->st[which] &&
      sqlite3_prepare_v3(c->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, &c->st[which], NULL)) {
    vt__sql_fail(c, -1, e);
    return NULL;
  }
  sqlite3_reset(c->st[which]);
  if (bind(c->st[which], types, ap) == SQLITE_OK) return c->st[which];
  vt__sql_fail(c, -1, e);
  return NULL;
}

sqlite3_stmt *vt__sql(struct vt_catalog *c, enum vt__sql which, struct vt_err *e, const char *types, ...)
{
  va_list ap;
  va_start(ap, types);
  sqlite3_stmt *s = prepare(c, which, e, types, ap);
  va_end(ap);
  return s;
}

int vt__sql_step(struct vt_catalog *c, sqlite3_stmt *s, struct vt_err *e)
{
  if (!s) return e ? e->code : VT_EIO;
  int rc = sqlite3_step(s);
  if (rc == SQLITE_ROW) return 1;
  int out = rc == SQLITE_DONE ? 0 : vt__sql_fail(c, -1, e);
  sqlite3_reset(s);
  return out;
}

int vt__sql_run(struct vt_catalog *c, enum vt__sql which, struct vt_err *e, const char *types, ...)
{
  va_list ap;
  va_start(ap, types);
  sqlite3_stmt *s = prepare(c, which, e, types, ap);
  va_end(ap);
  int rc = vt__sql_step(c, s, e);
  if (s) sqlite3_reset(s);
  return rc < 0 ? rc : 0;
}

int vt__sql_int(struct vt_catalog *c, const char *sql, int64_t *out, struct vt_err *e)
{
  sqlite3_stmt *s = NULL;
  *out = 0;
  int rc = 0;
  if (sqlite3_prepare_v2(c->db, sql, -1, &s, NULL) != SQLITE_OK) return vt__sql_fail(c, -1, e);
  int got = sqlite3_step(s);
  if (got == SQLITE_ROW)
    *out = sqlite3_column_int64(s, 0);
  else if (got != SQLITE_DONE)
    rc = vt__sql_fail(c, -1, e);
  sqlite3_finalize(s);
  return rc;
}
