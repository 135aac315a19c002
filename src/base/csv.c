/* CSV reader and writer. */
#include "base/base.h"

#include <errno.h>
#include <string.h>

static int grow_fields(char ***field, int64_t **length, int n)
{
  if (n & (n - 1) && n) return 0; /* grown at powers of two */
  size_t cap = n ? 2 * (size_t)n : 1;
  char **f = vt_reallocarray(*field, cap, sizeof **field);
  if (f) *field = f;
  int64_t *l = vt_reallocarray(*length, cap, sizeof **length);
  if (l) *length = l;
  return f && l ? 0 : VT_ENOMEM;
}

/* Collects bytes in front of the record's text: the stream is locked once a record, not once a byte. */
struct taker {
  struct vt_csv *c;
  int n;
  char bytes[4096];
};

static void flush(struct taker *t)
{
  vt_buf_add(&t->c->text, t->bytes, (size_t)t->n);
  t->n = 0;
}

static inline void take(struct taker *t, int ch)
{
  if (t->n == (int)sizeof t->bytes) flush(t);
  t->bytes[t->n++] = (char)ch;
}

static int end_field(struct taker *t, int64_t *start, bool last, struct vt_err *e)
{
  struct vt_csv *c = t->c;
  flush(t);
  if (last && (int64_t)c->text.len > *start && c->text.data[c->text.len - 1] == '\r') c->text.len--;
  if (c->nfields >= VT_CSV_MAX_FIELDS)
    return vt_fail(e, VT_ELIMIT, "%s: line %lld: more than %d fields", c->path, (long long)c->line,
                   VT_CSV_MAX_FIELDS);
  if (grow_fields(&c->field, &c->length, c->nfields))
    return vt_fail(e, VT_ENOMEM, "%s: out of memory", c->path);
  c->length[c->nfields++] = *start;
  vt_buf_addc(&c->text, 0);
  *start = (int64_t)c->text.len;
  if (c->text.failed) return vt_fail(e, VT_ENOMEM, "%s: out of memory", c->path);
  return 0;
}

static int too_long(const struct taker *t, struct vt_err *e)
{
  if (t->c->text.len + (size_t)t->n <= VT_CSV_MAX_FIELD_BYTES) return 0;
  return vt_fail(e, VT_ELIMIT, "%s: line %lld: a row of more than %d bytes", t->c->path,
                 (long long)t->c->line, VT_CSV_MAX_FIELD_BYTES);
}

/* The inside of a quoted field, up to and with its closing quote. */
static int take_quoted(struct taker *t, struct vt_err *e)
{
  struct vt_csv *c = t->c;
  for (int rc;;) {
    int ch = getc_unlocked(c->f);
    if (ch == EOF && ferror(c->f)) return vt_fail_errno(e, c->path);
    if (ch == EOF) {
      flush(t);
      return vt_fail(e, VT_EFORMAT, "%s: line %lld: a quoted field does not end before the file does",
                     c->path, (long long)c->line);
    }
    if (ch == '"') {
      int next = getc_unlocked(c->f);
      if (next != '"') {
        if (next != EOF) ungetc(next, c->f);
        return 0;
      }
    }
    c->next_line += ch == '\n';
    take(t, ch);
    if ((rc = too_long(t, e))) return rc;
  }
}

/* Reads one raw record into c->text, fields separated by NULs; *n fields with offsets in c->length. Returns
 * 1, 0 at the end, or an error. */
static int read_fields(struct vt_csv *c, struct vt_err *e)
{
  struct taker t = {.c = c};
  int64_t start = 0;
  int rc, ch = getc_unlocked(c->f);
  if (ch == EOF) return ferror(c->f) ? vt_fail_errno(e, c->path) : 0;
  for (;; ch = getc_unlocked(c->f)) {
    if (ch == '"') {
      if ((rc = take_quoted(&t, e))) return rc;
      ch = getc_unlocked(c->f);
    }
    for (; ch != ',' && ch != '\n' && ch != EOF; ch = getc_unlocked(c->f)) {
      if (t.n == (int)sizeof t.bytes && (rc = too_long(&t, e))) return rc;
      take(&t, ch);
    }
    if (ch == EOF && ferror(c->f)) return vt_fail_errno(e, c->path);
    c->next_line += ch == '\n';
    if ((rc = end_field(&t, &start, ch != ',', e)) || (rc = too_long(&t, e))) return rc;
    if (ch != ',') return 1;
  }
}

static int read_record(struct vt_csv *c, struct vt_err *e)
{
  c->text.len = 0;
  c->nfields = 0;
  c->line = c->next_line;
  flockfile(c->f);
  int rc = read_fields(c, e);
  funlockfile(c->f);
  return rc;
}

/* Turns offsets into pointers and lengths; checks or repairs UTF-8. */
static int finish_record(struct vt_csv *c, struct vt_err *e)
{
  if (!vt_utf8_valid(c->text.data, c->text.len)) {
    if (!c->lenient_utf8)
      return vt_fail(e, VT_EFORMAT, "%s: line %lld: text is not valid UTF-8", c->path, (long long)c->line);
    struct vt_buf fixed;
    vt_buf_init(&fixed);
    for (int i = 0; i < c->nfields; i++) {
      const char *s = c->text.data + c->length[i];
      c->length[i] = (int64_t)fixed.len;
      c->repaired += (int64_t)vt_utf8_repair(s, strlen(s), &fixed);
      vt_buf_addc(&fixed, 0);
    }
    if (fixed.failed) {
      vt_buf_clear(&fixed);
      return vt_fail(e, VT_ENOMEM, "%s: out of memory", c->path);
    }
    vt_buf_clear(&c->text);
    c->text = fixed;
  }
  for (int i = 0; i < c->nfields; i++) {
    c->field[i] = c->text.data + c->length[i];
    int64_t end = i + 1 < c->nfields ? c->length[i + 1] : (int64_t)c->text.len;
    c->length[i] = end - c->length[i] - 1;
    if (memchr(c->field[i], 0, (size_t)c->length[i]))
      return vt_fail(e, VT_EFORMAT, "%s: line %lld: a zero byte in field %d", c->path, (long long)c->line,
                     i + 1);
  }
  return 0;
}

int vt_csv_open(struct vt_csv *c, const char *path, struct vt_err *e)
{
  *c = (struct vt_csv){.path = path};
  if (!strcmp(path, "-")) return vt_csv_take(c, stdin, path, e);
  FILE *f = fopen(path, "re");
  if (!f) return vt_fail_errno(e, path);
  if (!vt_is_dir(path)) return vt_csv_take(c, f, path, e);
  fclose(f);
  return vt_fail(e, VT_EARG, "%s: a folder, expected a CSV file", path);
}

int vt_csv_take(struct vt_csv *c, FILE *f, const char *path, struct vt_err *e)
{
  *c = (struct vt_csv){.path = path, .f = f, .next_line = 1};
  int rc = read_record(c, e);
  if (rc == 0) rc = vt_fail(e, VT_EFORMAT, "%s: empty, expected a header row", path);
  if (rc > 0) {
    const size_t mark = c->nfields ? vt_utf8_mark(c->text.data, c->text.len) : 0;
    memmove(c->text.data, c->text.data + mark, c->text.len - mark);
    c->text.len -= mark;
    for (int i = 1; i < c->nfields; i++) c->length[i] -= mark;
    rc = finish_record(c, e);
  }
  if (!rc) {
    c->column = vt_calloc((size_t)c->nfields, sizeof *c->column);
    for (int i = 0; c->column && i < c->nfields; i++, c->ncolumns++)
      if (!(c->column[i] = vt_strdup(c->field[i]))) break;
    if (c->ncolumns < c->nfields) rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
  }
  if (rc) vt_csv_close(c);
  return rc;
}

int vt_csv_next(struct vt_csv *c, struct vt_err *e)
{
  for (;;) {
    int rc = read_record(c, e);
    if (rc <= 0) return rc;
    if (c->nfields == 1 && c->text.len == 1 && c->ncolumns > 1) continue; /* blank line */
    if ((rc = finish_record(c, e))) return rc;
    if (c->nfields != c->ncolumns)
      return vt_fail(e, VT_EFORMAT, "%s: line %lld: %d fields, the header has %d", c->path,
                     (long long)c->line, c->nfields, c->ncolumns);
    return 1;
  }
}

int vt_csv_find(const struct vt_csv *c, const char *name)
{
  for (int i = 0; i < c->ncolumns; i++)
    if (!strcmp(c->column[i], name)) return i;
  return -1;
}

int vt_csv_need(const struct vt_csv *c, const char *name, int *column, struct vt_err *e)
{
  *column = vt_csv_find(c, name);
  for (int i = *column + 1; *column >= 0 && i < c->ncolumns; i++)
    if (!strcmp(c->column[i], name))
      return vt_fail(e, VT_EFORMAT, "%s: column '%s' stands twice", c->path, name);
  if (*column >= 0) return 0;
  struct vt_buf b;
  vt_buf_init(&b);
  for (int i = 0; i < c->ncolumns && b.len < 400; i++) vt_buf_addf(&b, "%s%s", i ? ", " : "", c->column[i]);
  int rc = vt_fail(e, VT_ENOENT, "%s: no column '%s'; it has %s", c->path, name, b.data ? b.data : "none");
  vt_buf_clear(&b);
  return rc;
}

void vt_csv_close(struct vt_csv *c)
{
  if (c->f && c->f != stdin) fclose(c->f);
  for (int i = 0; c->column && i < c->ncolumns; i++) vt_free(c->column[i]);
  vt_free(c->column);
  vt_free(c->field);
  vt_free(c->length);
  vt_buf_clear(&c->text);
  *c = (struct vt_csv){0};
}

void vt_csv_put(struct vt_buf *b, const char *field, bool first)
{
  if (!first) vt_buf_addc(b, ',');
  if (!strpbrk(field, ",\"\r\n")) {
    vt_buf_adds(b, field);
    return;
  }
  vt_buf_addc(b, '"');
  for (; *field; field++) {
    if (*field == '"') vt_buf_addc(b, '"');
    vt_buf_addc(b, *field);
  }
  vt_buf_addc(b, '"');
}
