/* Lines of a text: what is beyond the limit is read over and never kept. */
#include "data/lines.h"

int vt__lines_next(struct vt__lines *s, struct vt_err *e)
{
  enum { LOOK_UP = 1 << 20 };
  bool zero = false;
  int64_t n = 0;
  int c;
  s->b.len = 0;
  for (; (c = getc_unlocked(s->f)) != EOF && c != '\n'; n++) {
    zero |= !c;
    if (s->b.len <= s->limit) vt_buf_addc(&s->b, (char)c);
    if (n % LOOK_UP == 0 && vt_interrupted()) return vt_fail(e, VT_EINTERRUPTED, "%s: interrupted", s->path);
  }
  if (ferror(s->f)) return vt_fail_errno(e, s->path);
  if (c == EOF && !n) return 0;
  s->number++;
  s->len = s->b.len;
  vt_buf_addc(&s->b, 0);
  if (s->b.failed) return vt_fail(e, VT_ENOMEM, "%s: out of memory", s->path);
  if (s->len > s->limit) return vt_fail(e, VT_EFORMAT, "too long: over %zu bytes", s->limit);
  if (zero) return vt_fail(e, VT_EFORMAT, "a zero byte");
  const size_t mark = s->number == 1 ? vt_utf8_mark(s->b.data, s->len) : 0;
  s->text = s->b.data + mark;
  s->len -= mark;
  return 1;
}

void vt__lines_clear(struct vt__lines *s)
{
  vt_buf_clear(&s->b);
}
