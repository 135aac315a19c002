/* results.csv of a fetched folder: read at the start, appended to while pictures come, put in order at the
 * end.
 *
 * A line cut short by a crash is the last one; it is dropped on reading, and its picture fetched again. */
#include "data/fetch_internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char header[] = "id,url,status,reason,bytes,type,width,height,file\n";
enum { ID, URL, STATUS, REASON, BYTES, TYPE, WIDTH, HEIGHT, FILE_NAME, NCOLUMNS };
const char *const vt_fetch_status_name[] = {"missing", "ok", "dead", "failed"};

static void put_row(struct vt_buf *b, const struct vt_fetch_item *item, const struct vt_fetch_result *r)
{
  vt_csv_put(b, item->id, true);
  vt_csv_put(b, item->url, false);
  vt_csv_put(b, vt_fetch_status_name[r->status], false);
  vt_csv_put(b, r->reason ? r->reason : "", false);
  vt_buf_addf(b, ",%lld", (long long)r->bytes);
  vt_csv_put(b, r->type ? r->type : "", false);
  vt_buf_addf(b, ",%d,%d", r->width, r->height);
  vt_csv_put(b, r->file ? r->file : "", false);
  vt_buf_addc(b, '\n');
}

/* A picture counts as there only if its file is, in the size noted. */
static bool still_there(const char *out, const char *file, int64_t bytes)
{
  if (strchr(file, '/') || !*file) return false;
  char *path = vt_path_join(NULL, out, file);
  bool there = path && vt_is_file(path) && vt_file_size(path) == bytes;
  vt_free(path);
  return there;
}

static int take_row(const struct vt_csv *c, const struct vt_fetch_list *l, const char *out,
                    struct vt_fetch_result *result, struct vt_arena *arena, struct vt_err *e)
{
  int64_t i = vt_fetch_list_find(l, c->field[ID]), bytes, width, height;
  if (i < 0 || strcmp(l->item[i].url, c->field[URL])) return 0; /* of another list, or since changed */
  struct vt_fetch_result r = {0};
  if (!vt_parse_i64(c->field[BYTES], &bytes) || !vt_parse_i64(c->field[WIDTH], &width) ||
      !vt_parse_i64(c->field[HEIGHT], &height))
    return 0;
  for (int s = VT_FETCH_OK; s <= VT_FETCH_FAILED; s++)
    if (!strcmp(c->field[STATUS], vt_fetch_status_name[s])) r.status = (enum vt_fetch_status)s;
  if (r.status == VT_FETCH_OK && !still_there(out, c->field[FILE_NAME], bytes)) r.status = VT_FETCH_MISSING;
  r.bytes = bytes;
  r.width = (int)width;
  r.height = (int)height;
  r.reason = vt_arena_strdup(arena, c->field[REASON]);
  r.type = vt_arena_strdup(arena, c->field[TYPE]);
  r.file = vt_arena_strdup(arena, c->field[FILE_NAME]);
  if (!r.reason || !r.type || !r.file) return vt_fail(e, VT_ENOMEM, "%s: out of memory", c->path);
  result[i] = r;
  return 0;
}

/* Cuts what stands after the last line end. */
static int cut_torn_line(const char *path, struct vt_err *e)
{
  struct vt_map m;
  int rc = vt_map_open(&m, path, e);
  if (rc) return rc;
  const uint8_t *end = m.len && m.data ? memrchr(m.data, '\n', m.len) : NULL;
  size_t whole = end ? (size_t)(end - m.data) + 1 : 0;
  bool torn = whole != m.len;
  vt_map_close(&m);
  return torn && truncate(path, (off_t)whole) ? vt_fail_errno(e, path) : 0;
}

static int read_old(struct vt__journal *j, const struct vt_fetch_list *l, const char *out,
                    struct vt_fetch_result *result, struct vt_arena *arena, struct vt_err *e)
{
  struct vt_csv c;
  int rc = cut_torn_line(j->path, e), got = 0;
  if (rc || !vt_file_size(j->path)) return rc;
  if ((rc = vt_csv_open(&c, j->path, e))) return rc;
  if (c.ncolumns != NCOLUMNS || strcmp(c.column[ID], "id") || strcmp(c.column[FILE_NAME], "file"))
    rc = vt_fail(e, VT_EFORMAT, "%s: is no table of fetched pictures; expected the columns %.*s", j->path,
                 (int)sizeof header - 2, header);
  while (!rc && (got = vt_csv_next(&c, e)) > 0) rc = take_row(&c, l, out, result, arena, e);
  vt_csv_close(&c);
  return rc ? rc : VT_MIN(got, 0);
}

int vt__journal_open(struct vt__journal *j, const struct vt_fetch_list *l, const char *out,
                     struct vt_fetch_result *result, struct vt_arena *arena, struct vt_err *e)
{
  *j = (struct vt__journal){.path = vt_path_join(NULL, out, "results.csv"), .out = out};
  if (!j->path) return vt_fail(e, VT_ENOMEM, "out of memory");
  int rc = vt_is_file(j->path) ? read_old(j, l, out, result, arena, e) : 0;
  if (rc) return rc;
  bool fresh = vt_file_size(j->path) <= 0;
  if (!(j->f = fopen(j->path, "ab"))) return vt_fail_errno(e, j->path);
  if (fresh && (fputs(header, j->f) < 0 || fflush(j->f))) return vt_fail_errno(e, j->path);
  return 0;
}

int vt__journal_add(struct vt__journal *j, const struct vt_fetch_item *item, const struct vt_fetch_result *r,
                    struct vt_err *e)
{
  struct vt_buf b = {0};
  put_row(&b, item, r);
  int rc = b.failed                                                  ? vt_fail(e, VT_ENOMEM, "out of memory")
           : fwrite(b.data, 1, b.len, j->f) != b.len || fflush(j->f) ? vt_fail_errno(e, j->path)
                                                                     : 0;
  vt_buf_clear(&b);
  return rc;
}

/* The file of an address that another one has taken the place of. */
static void remove_old(const struct vt__journal *j, const char *file, const struct vt_fetch_result *r)
{
  if (strchr(file, '/') || !*file || !strcmp(file, r->file)) return;
  char *path = vt_path_join(NULL, j->out, file);
  if (path && vt_is_file(path)) unlink(path);
  vt_free(path);
}

/* Rows of addresses that the present list does not have stay as they are, but for those replaced. */
static int add_others(const struct vt__journal *j, const struct vt_fetch_list *l,
                      const struct vt_fetch_result *result, struct vt_buf *b, struct vt_err *e)
{
  struct vt_csv c;
  int rc = vt_csv_open(&c, j->path, e), got = 0;
  if (rc) return rc;
  while ((got = vt_csv_next(&c, e)) > 0) {
    int64_t i = vt_fetch_list_find(l, c.field[ID]);
    if (i >= 0 && !strcmp(l->item[i].url, c.field[URL])) continue;
    if (i >= 0 && result[i].status == VT_FETCH_OK) {
      remove_old(j, c.field[FILE_NAME], &result[i]);
      continue;
    }
    for (int k = 0; k < c.nfields; k++) vt_csv_put(b, c.field[k], k == 0);
    vt_buf_addc(b, '\n');
  }
  vt_csv_close(&c);
  return got;
}

int vt__journal_finish(struct vt__journal *j, const struct vt_fetch_list *l,
                       const struct vt_fetch_result *result, struct vt_err *e)
{
  struct vt_buf b = {0};
  int rc = 0;
  if (!j->f) goto out;
  vt_buf_adds(&b, header);
  for (int64_t i = 0; i < l->n; i++)
    if (result[i].status != VT_FETCH_MISSING) put_row(&b, &l->item[i], &result[i]);
  rc = add_others(j, l, result, &b, e);
  if (!rc && b.failed) rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", j->path);
  if (!rc) rc = vt_file_write_atomic(j->path, b.data, b.len, e);
out:
  vt_buf_clear(&b);
  vt__journal_close(j);
  return rc;
}

void vt__journal_close(struct vt__journal *j)
{
  if (j->f) fclose(j->f);
  vt_free(j->path);
  *j = (struct vt__journal){0};
}
