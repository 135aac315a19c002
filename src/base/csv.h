/* CSV (RFC 4180, plus: a byte-order mark is skipped, LF or CRLF, quotes may span lines). Streaming, confined.
 */
#ifndef VT_BASE_CSV_H
#define VT_BASE_CSV_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "base/buf.h"
#include "base/err.h"

enum { VT_CSV_MAX_FIELDS = 4096, VT_CSV_MAX_FIELD_BYTES = 64 << 20 };

struct vt_csv {
  const char *path;
  FILE *f;
  int64_t line;      /* of the row last read, 1-based: for messages */
  int64_t next_line; /* where the next row starts */
  int nfields;
  char **field;    /* fields of the row last read, NUL-terminated; valid until the next call */
  int64_t *length; /* their lengths in bytes */
  int ncolumns;    /* of the header */
  char **column;
  struct vt_buf text;
  int64_t repaired;  /* bytes of bad UTF-8 replaced so far */
  bool lenient_utf8; /* default false: bad UTF-8 is an error that names the line */
};
/* Opens the file ("-" = stdin) and reads the header row. */
int vt_csv_open(struct vt_csv *c, const char *path, struct vt_err *e);
/* The same of an open file, taken over also after a failure; `path` is its name in messages. */
int vt_csv_take(struct vt_csv *c, FILE *f, const char *path, struct vt_err *e);
/* 1 = a row was read, 0 = end, negative = error. A row whose field count differs from the header's is an
 * error unless it is a blank line, which is skipped; after such an error the next call goes on with the next
 * row. */
int vt_csv_next(struct vt_csv *c, struct vt_err *e);
/* Column number by header name, -1 if absent; or VT_ENOENT naming the file and the columns it does have. */
int vt_csv_find(const struct vt_csv *c, const char *name);
int vt_csv_need(const struct vt_csv *c, const char *name, int *column, struct vt_err *e);
void vt_csv_close(struct vt_csv *c);

/* Appends one field, quoted where needed, with a comma before it unless `first`. */
void vt_csv_put(struct vt_buf *b, const char *field, bool first);

#endif
