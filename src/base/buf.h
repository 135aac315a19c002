/* Growable byte buffer and UTF-8 helpers. Confined. */
#ifndef VT_BASE_BUF_H
#define VT_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vt_buf {
  char *data; /* always NUL-terminated after data[len] once anything was added; NULL while empty */
  size_t len, cap;
  bool failed; /* an allocation failed: later adds do nothing; check once at the end */
};
void vt_buf_init(struct vt_buf *b);
void vt_buf_clear(struct vt_buf *b);
void vt_buf_add(struct vt_buf *b, const void *data, size_t len);
void vt_buf_adds(struct vt_buf *b, const char *s);
void vt_buf_addc(struct vt_buf *b, char c);
void vt_buf_addf(struct vt_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void vt_buf_addv(struct vt_buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Hands the bytes over (free with vt_free) and leaves the buffer empty. NULL if failed or out of memory. */
char *vt_buf_take(struct vt_buf *b, size_t *len);

/* Whether s[0..len) is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool vt_utf8_valid(const char *s, size_t len);
/* Replaces each malformed byte by U+FFFD; returns how many were replaced. Result is appended to `out`. */
size_t vt_utf8_repair(const char *s, size_t len, struct vt_buf *out);
/* How many bytes of UTF-8's byte order mark s[0..len) begins with: 3, or 0 if with none. */
size_t vt_utf8_mark(const char *s, size_t len);
/* Terminal columns of a UTF-8 string (wcwidth; malformed bytes count 1). */
size_t vt_utf8_width(const char *s);

/* Strict number parsing: the whole string, finite, in range; false otherwise. */
bool vt_parse_i64(const char *s, int64_t *out);
bool vt_parse_f64(const char *s, double *out);

#endif
