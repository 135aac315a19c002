/* Numbers and strings of text formats.
 *
 * A decimal of at most 19 digits whose integer of digits is below 2^53 and whose power of ten is within 10^22
 * has both exactly as doubles, so one division or product rounds correctly (Clinger, "How to Read Floating
 * Point Numbers Accurately", 1990); all others go to strtod. */
#include "data/labels_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                               1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static bool slow_number(const char *s, size_t n, double *out)
{
  char text[400], *end;
  if (n >= sizeof text) return false;
  memcpy(text, s, n);
  text[n] = 0;
  if (strspn(text, "0123456789+-.eE") != n) return false; /* no hexadecimal, no nan, no blanks */
  *out = strtod(text, &end);
  return end == text + n && n && isfinite(*out);
}

bool vt__number(const char *s, size_t n, double *out)
{
  const char *p = s, *end = s + n;
  bool minus = p < end && *p == '-';
  uint64_t digits = 0;
  int count = 0, after = 0;
  p += minus;
  for (; p < end && *p >= '0' && *p <= '9'; p++, count++) digits = digits * 10 + (uint64_t)(*p - '0');
  if (p < end && *p == '.')
    for (p++; p < end && *p >= '0' && *p <= '9'; p++, count++, after++)
      digits = digits * 10 + (uint64_t)(*p - '0');
  if (p != end || count < 1 || count > 18 || digits >> 53) return slow_number(s, n, out);
  double v = (double)digits / power[after];
  *out = minus ? -v : v;
  return true;
}

void vt__json_string(struct vt_buf *b, const char *s)
{
  vt_buf_addc(b, '"');
  for (; *s; s++) {
    if (*s == '"' || *s == '\\') vt_buf_addc(b, '\\');
    if ((unsigned char)*s < 32)
      vt_buf_addf(b, "\\u%04x", *s);
    else
      vt_buf_addc(b, *s);
  }
  vt_buf_addc(b, '"');
}

void vt__json_number(struct vt_buf *b, double v)
{
  char text[40];
  for (int digits = 6; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, v);
    if (strtod(text, NULL) == v) break;
  }
  vt_buf_adds(b, text);
}
