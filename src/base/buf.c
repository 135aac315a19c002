/* Growable byte buffer, UTF-8, strict numbers. */
#include "base/base.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

void vt_buf_init(struct vt_buf *b)
{
  *b = (struct vt_buf){0};
}

void vt_buf_clear(struct vt_buf *b)
{
  vt_free(b->data);
  vt_buf_init(b);
}

static bool reserve(struct vt_buf *b, size_t more)
{
  if (b->failed) return false;
  if (b->cap - b->len > more) return true;
  size_t want = b->len + more + 1, cap = b->cap ? b->cap : 128;
  if (want < more) return !(b->failed = true);
  while (cap < want) cap = cap > SIZE_MAX / 2 ? want : cap * 2;
  char *p = vt_realloc(b->data, cap);
  if (!p) return !(b->failed = true);
  b->data = p;
  b->cap = cap;
  return true;
}

void vt_buf_add(struct vt_buf *b, const void *data, size_t len)
{
  if (!reserve(b, len)) return;
  if (len) memcpy(b->data + b->len, data, len);
  b->len += len;
  b->data[b->len] = 0;
}

void vt_buf_adds(struct vt_buf *b, const char *s)
{
  vt_buf_add(b, s, strlen(s));
}

void vt_buf_addc(struct vt_buf *b, char c)
{
  vt_buf_add(b, &c, 1);
}

void vt_buf_addv(struct vt_buf *b, const char *fmt, va_list ap)
{
  va_list again;
  va_copy(again, ap);
  const size_t room = b->data && !b->failed ? b->cap - b->len : 0;
  const int n = vsnprintf(room ? b->data + b->len : NULL, room, fmt, ap);
  if (n >= 0 && (size_t)n < room)
    b->len += (size_t)n;
  else if (n >= 0 && reserve(b, (size_t)n)) {
    vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
    b->len += (size_t)n;
  } else if (room)
    b->data[b->len] = 0;
  va_end(again);
}

void vt_buf_addf(struct vt_buf *b, const char *fmt, ...)
{
  va_list ap;
  va_start(ap, fmt);
  vt_buf_addv(b, fmt, ap);
  va_end(ap);
}

char *vt_buf_take(struct vt_buf *b, size_t *len)
{
  vt_buf_add(b, "", 0);
  char *p = b->failed ? NULL : b->data;
  if (len) *len = p ? b->len : 0;
  if (!p) vt_free(b->data);
  vt_buf_init(b);
  return p;
}

/* Length of the well-formed sequence at s (1..4), or 0. Table 3-7 of the Unicode standard. */
static size_t utf8_step(const unsigned char *s, size_t n)
{
  if (s[0] < 0x80) return 1;
  size_t len = s[0] >= 0xC2 && s[0] <= 0xDF   ? 2
               : (s[0] & 0xF0) == 0xE0        ? 3
               : s[0] >= 0xF0 && s[0] <= 0xF4 ? 4
                                              : 0;
  if (!len || len > n) return 0;
  for (size_t i = 1; i < len; i++)
    if ((s[i] & 0xC0) != 0x80) return 0;
  if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F)) return 0;
  if ((s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F)) return 0;
  return len;
}

bool vt_utf8_valid(const char *s, size_t len)
{
  for (size_t i = 0, step; i < len; i += step) {
    uint64_t eight;
    for (; i + 8 <= len; i += 8) { /* most text is ASCII */
      memcpy(&eight, s + i, 8);
      if (eight & 0x8080808080808080u) break;
    }
    if (i == len) break;
    if (!(step = utf8_step((const unsigned char *)s + i, len - i))) return false;
  }
  return true;
}

size_t vt_utf8_repair(const char *s, size_t len, struct vt_buf *out)
{
  size_t replaced = 0;
  for (size_t i = 0; i < len;) {
    size_t step = utf8_step((const unsigned char *)s + i, len - i);
    if (step)
      vt_buf_add(out, s + i, step);
    else
      vt_buf_adds(out, "\xEF\xBF\xBD");
    replaced += !step;
    i += step ? step : 1;
  }
  return replaced;
}

size_t vt_utf8_mark(const char *s, size_t len)
{
  return len >= 3 && !memcmp(s, "\xEF\xBB\xBF", 3) ? 3 : 0;
}

size_t vt_utf8_width(const char *s)
{
  size_t width = 0, len = strlen(s);
  for (size_t i = 0; i < len;) {
    const unsigned char *p = (const unsigned char *)s + i;
    size_t step = utf8_step(p, len - i);
    uint32_t c = step == 2   ? (p[0] & 31u) << 6 | (p[1] & 63u)
                 : step == 3 ? (p[0] & 15u) << 12 | (p[1] & 63u) << 6 | (p[2] & 63u)
                 : step == 4 ? (p[0] & 7u) << 18 | (p[1] & 63u) << 12 | (p[2] & 63u) << 6 | (p[3] & 63u)
                             : p[0];
    int w = step ? wcwidth((wchar_t)c) : 1;
    width += w > 0 ? (size_t)w : step > 1;
    i += step ? step : 1;
  }
  return width;
}

bool vt_parse_i64(const char *s, int64_t *out)
{
  char *end;
  errno = 0;
  long long v = strtoll(s, &end, 10);
  if (errno || end == s || *end || *s == ' ' || *s == '\t') return false;
  *out = v;
  return true;
}

bool vt_parse_f64(const char *s, double *out)
{
  char *end;
  errno = 0;
  double v = strtod(s, &end);
  if (end == s || *end || !isfinite(v) || *s == ' ' || *s == '\t') return false;
  *out = v;
  return true;
}
