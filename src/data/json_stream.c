/* JSON as a stream of events. yajl checks grammar and UTF-8; depth is limited here. */
#include "data/json_stream.h"

#include <string.h>
#include <yajl/yajl_parse.h>

enum { CHUNK = 1 << 18, MAX_DEPTH = 64 };

struct stream {
  const struct vt__json_events *events;
  void *ctx;
  struct vt_err *e;
  int rc, depth;
};

static int result(struct stream *s, int rc)
{
  s->rc = rc;
  return rc == 0;
}

static int on_null(void *c)
{
  struct stream *s = c;
  return result(s, s->events->literal(s->ctx, -1, s->e));
}

static int on_boolean(void *c, int value)
{
  struct stream *s = c;
  return result(s, s->events->literal(s->ctx, value != 0, s->e));
}

static int on_number(void *c, const char *text, size_t n)
{
  struct stream *s = c;
  return result(s, s->events->number(s->ctx, text, n, s->e));
}

static int on_string(void *c, const unsigned char *text, size_t n)
{
  struct stream *s = c;
  return result(s, s->events->string(s->ctx, (const char *)text, n, s->e));
}

static int on_key(void *c, const unsigned char *text, size_t n)
{
  struct stream *s = c;
  return result(s, s->events->key(s->ctx, (const char *)text, n, s->e));
}

static int open_any(struct stream *s, bool array)
{
  if (++s->depth > MAX_DEPTH)
    return result(s, vt_fail(s->e, VT_ELIMIT, "more than %d brackets inside each other", MAX_DEPTH));
  return result(s, s->events->open(s->ctx, array, s->e));
}

static int close_any(struct stream *s, bool array)
{
  s->depth--;
  return result(s, s->events->close(s->ctx, array, s->e));
}

static int on_start_map(void *c)
{
  return open_any(c, false);
}
static int on_end_map(void *c)
{
  return close_any(c, false);
}
static int on_start_array(void *c)
{
  return open_any(c, true);
}
static int on_end_array(void *c)
{
  return close_any(c, true);
}

static const yajl_callbacks calls = {on_null,    on_boolean,     NULL,         NULL,
                                     on_number,  on_string,      on_start_map, on_key,
                                     on_end_map, on_start_array, on_end_array};

/* What stands before byte `at` of a text and just behind it, in one line. */
static void excerpt(char *out, size_t size, const char *text, size_t n, size_t at)
{
  size_t k = 0;
  for (size_t i = at > 24 ? at - 24 : 0; i < VT_MIN(n, at + 8) && k + 1 < size; i++)
    if (text[i] >= 32 && text[i] < 127) out[k++] = text[i];
  out[k] = 0;
}

/* yajl's own words for what is wrong, cut to one line, and where in the text that it was given. */
static int syntax_error(yajl_handle h, const char *text, size_t n, struct vt_err *e)
{
  char near[40] = "";
  unsigned char *words = yajl_get_error(h, 0, NULL, 0);
  int len = words ? (int)strcspn((const char *)words, "\n") : 0;
  if (n) excerpt(near, sizeof near, text, n, VT_MIN(n, yajl_get_bytes_consumed(h)));
  int rc = vt_fail(e, VT_EFORMAT, "%.*s%s%s%s", len, words ? (const char *)words : "",
                   *near ? " (near '" : "", near, *near ? "')" : "");
  if (words) yajl_free_error(h, words);
  return rc;
}

static void count_lines(struct vt__json_place *p, size_t upto)
{
  for (; p->counted < upto; p->counted++) p->line += p->chunk[p->counted] == '\n';
}

int64_t vt__json_line(struct vt__json_place *p)
{
  if (p->chunk) count_lines(p, yajl_get_bytes_consumed(p->handle));
  return p->line;
}

static int fault(struct vt__json_place *p, struct stream *s, const char *path, size_t n)
{
  const size_t at = n ? VT_MIN(n, yajl_get_bytes_consumed(p->handle)) : 0;
  if (n) count_lines(p, at);
  if (!p->damaged) return vt_fail_in(s->e, s->rc, "%s: line %lld", path, (long long)p->line);
  int rc = syntax_error(p->handle, p->chunk, n, s->e);
  return vt_fail_in(s->e, rc, "%s: line %lld, byte %lld", path, (long long)p->line,
                    (long long)p->before + (int64_t)at);
}

static int read_chunks(FILE *f, struct vt__json_place *p, struct stream *s, const char *path, char *chunk)
{
  for (bool first = true;; first = false) {
    size_t n = fread(chunk, 1, CHUNK, f);
    if (ferror(f)) return vt_fail_errno(s->e, path);
    const size_t mark = first ? vt_utf8_mark(chunk, n) : 0;
    n -= mark;
    p->before += (int64_t)mark;
    p->chunk = n ? chunk + mark : NULL;
    p->counted = 0;
    yajl_status st =
        n ? yajl_parse(p->handle, (const unsigned char *)p->chunk, n) : yajl_complete_parse(p->handle);
    if (st != yajl_status_ok) {
      p->damaged = st != yajl_status_client_canceled;
      return fault(p, s, path, n);
    }
    if (!n) return 0;
    count_lines(p, n);
    p->before += (int64_t)n;
    if (vt_interrupted()) return vt_fail(s->e, VT_EINTERRUPTED, "%s: interrupted", path);
  }
}

int vt__json_stream(const char *path, const struct vt__json_events *events, void *ctx,
                    struct vt__json_place *p, struct vt_err *e)
{
  struct vt_err own = {0};
  struct stream s = {events, ctx, e ? e : &own, 0, 0};
  bool is_stdin = !strcmp(path, "-");
  if (!is_stdin && vt_is_dir(path)) return vt_fail(e, VT_EARG, "%s: a folder, expected a JSON file", path);
  FILE *f = is_stdin ? stdin : fopen(path, "re");
  if (!f) return vt_fail_errno(e, path);
  char *chunk = vt_malloc(CHUNK);
  yajl_handle h = yajl_alloc(&calls, NULL, &s);
  *p = (struct vt__json_place){.handle = h, .line = 1};
  int rc = chunk && h ? read_chunks(f, p, &s, path, chunk) : vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
  if (h) yajl_free(h);
  vt_free(chunk);
  if (!is_stdin) fclose(f);
  return rc;
}

int vt__json_text(const char *text, size_t n, const struct vt__json_events *events, void *ctx,
                  struct vt_err *e)
{
  struct vt_err own = {0};
  struct stream s = {events, ctx, e ? e : &own, 0, 0};
  yajl_handle h = yajl_alloc(&calls, NULL, &s);
  if (!h) return vt_fail(e, VT_ENOMEM, "out of memory");
  yajl_status st = yajl_parse(h, (const unsigned char *)text, n);
  if (st == yajl_status_ok) st = yajl_complete_parse(h);
  int rc = st == yajl_status_ok                ? 0
           : st == yajl_status_client_canceled ? s.rc
                                               : syntax_error(h, text, n, s.e);
  yajl_free(h);
  return rc;
}
