/* Masks as text.
 *
 * COCO's compressed string: runs as they stand; from the fourth on, the difference to the run two before. A
 * number is cut into 5-bit pieces, lowest first, in two's complement; each piece is one character, '0' +
 * piece, with 32 added where more pieces follow. The last piece's bit 16 is the sign.
 *
 * iMaterialist's pairs: "start length start length ...", pixels counted from 1, column by column. */
#include <string.h>
#include "mask/runs.h"

int vt_mask_to_coco(const struct vt_mask *m, struct vt_buf *out)
{
  enum { PART = 4096, LONGEST = 8 }; /* characters: gathered; of one number */
  char part[PART], *p = part;
  for (int i = 0; i < m->n; i++) {
    int64_t x = m->runs[i];
    if (i > 2) x -= m->runs[i - 2];
    for (; x < -16 || x > 15; x >>= 5) *p++ = (char)('0' + 32 + (x & 31));
    *p++ = (char)('0' + (x & 31));
    if (p > part + PART - LONGEST) {
      vt_buf_add(out, part, (size_t)(p - part));
      p = part;
    }
  }
  vt_buf_add(out, part, (size_t)(p - part));
  return out->failed ? VT_ENOMEM : 0;
}

int vt_mask_from_runs(struct vt_mask *m, const int64_t *runs, int64_t n, int width, int height,
                      struct vt_err *e)
{
  *m = (struct vt_mask){0};
  int rc = vt__mask_check_size(width, height, e);
  if (rc) return rc;
  const int64_t total = (int64_t)width * height;
  struct vt__runs r = {0};
  int64_t sum = 0;
  for (int64_t i = 0; i < n && !r.failed; sum += runs[i++]) {
    if (runs[i] < 0 || runs[i] > total - sum) {
      rc = vt_fail(e, VT_EFORMAT, "mask runs: run %lld of length %lld leaves the %d x %d picture",
                   (long long)i, (long long)runs[i], width, height);
      goto out;
    }
    vt__runs_push(&r, (uint32_t)runs[i]);
  }
  if (sum != total && !r.failed) {
    rc = vt_fail(e, VT_EFORMAT, "mask runs: they sum to %lld, expected %d x %d = %lld", (long long)sum, width,
                 height, (long long)total);
    goto out;
  }
  return vt__runs_finish(&r, m, width, height, e);
out:
  vt_free(r.v);
  return rc;
}

/* The number at *p; without one false, and *p is where it goes wrong. */
static bool read_pieces(const char **p, int64_t *out)
{
  int64_t x = 0;
  for (int shift = 0; shift <= 35; shift += 5) {
    const int c = (unsigned char)**p - '0';
    if (c < 0 || c > 63) return false;
    ++*p;
    x |= (int64_t)(c & 31) << shift;
    if (c & 32) continue;
    *out = c & 16 ? x - ((int64_t)1 << (shift + 5)) : x;
    return true;
  }
  return false;
}

/* How many there are at most: characters that end one. */
static int64_t count_numbers(const char *s)
{
  int64_t n = 0;
  for (size_t i = 0, len = strlen(s); i < len; i++) n += !(((unsigned char)s[i] - '0') & 32);
  return n;
}

int vt_mask_from_coco(struct vt_mask *m, const char *s, int width, int height, struct vt_err *e)
{
  *m = (struct vt_mask){0};
  int rc = vt__mask_check_size(width, height, e);
  if (rc) return rc;
  const int64_t total = (int64_t)width * height;
  struct vt__runs r = {0};
  int64_t sum = 0;
  const char *p = s;
  vt__runs_reserve(&r, count_numbers(s));
  for (; *p && r.v; r.n++) {
    const unsigned piece = (unsigned)(unsigned char)*p - '0';
    int64_t x;
    if (piece < 32) { /* a number of one character, sign in bit 4: most are */
      x = (int64_t)(piece ^ 16) - 16;
      p++;
    } else if (!read_pieces(&p, &x)) {
      rc = vt_fail(e, VT_EFORMAT, "mask string: bad character or number at position %td", p - s);
      goto out;
    }
    if (r.n > 2) x += r.v[r.n - 2];
    if (x < 0 || x > total - sum) {
      rc = vt_fail(e, VT_EFORMAT, "mask string: run %d of length %lld leaves the %d x %d picture", r.n,
                   (long long)x, width, height);
      goto out;
    }
    sum += x;
    r.v[r.n] = (uint32_t)x;
  }
  if (sum != total && !r.failed) {
    rc = vt_fail(e, VT_EFORMAT, "mask string: runs sum to %lld, expected %d x %d = %lld", (long long)sum,
                 width, height, (long long)total);
    goto out;
  }
  return vt__runs_finish(&r, m, width, height, e);
out:
  vt_free(r.v);
  return rc;
}

/* Digits of v in front of `end`; returns where they start. */
static char *write_number(char *end, uint32_t v)
{
  do *--end = (char)('0' + v % 10);
  while (v /= 10);
  return end;
}

int vt_mask_to_pairs(const struct vt_mask *m, struct vt_buf *out)
{
  uint32_t at = 0;
  char text[24]; /* two numbers of at most ten digits, two blanks */
  bool first = true;
  for (int i = 0; i < m->n; at += m->runs[i++]) {
    if (i % 2 == 0 || !m->runs[i]) continue;
    char *p = text + sizeof text;
    p = write_number(p, m->runs[i]);
    *--p = ' ';
    p = write_number(p, at + 1);
    if (!first) *--p = ' ';
    vt_buf_add(out, p, (size_t)(text + sizeof text - p));
    first = false;
  }
  return out->failed ? VT_ENOMEM : 0;
}

/* Reads a number after blanks; false at the end of the text or at anything else. */
static bool read_number(const char **p, int64_t *out)
{
  const char *s = *p;
  while (*s == ' ') s++;
  if (*s < '0' || *s > '9') return false;
  int64_t v = 0;
  for (; *s >= '0' && *s <= '9'; s++)
    if ((v = v * 10 + (*s - '0')) > UINT32_MAX) return false;
  *p = s;
  *out = v;
  return true;
}

int vt_mask_from_pairs(struct vt_mask *m, const char *s, int width, int height, struct vt_err *e)
{
  *m = (struct vt_mask){0};
  int rc = vt__mask_check_size(width, height, e);
  if (rc) return rc;
  const int64_t total = (int64_t)width * height;
  struct vt__runs r = {0};
  int64_t at = 0, start, length;
  const char *p = s;
  while (read_number(&p, &start)) {
    if (!read_number(&p, &length)) {
      rc = vt_fail(e, VT_EFORMAT, "mask runs: number after %lld is missing at position %td", (long long)start,
                   p - s);
      goto out;
    }
    if (length < 1 || start - 1 < at || start - 1 + length > total) {
      rc = vt_fail(e, VT_EFORMAT,
                   "mask runs: %lld %lld: runs must rise, not overlap and stay within %d x %d = %lld pixels",
                   (long long)start, (long long)length, width, height, (long long)total);
      goto out;
    }
    vt__runs_add(&r, false, (uint32_t)(start - 1 - at));
    vt__runs_add(&r, true, (uint32_t)length);
    at = start - 1 + length;
  }
  p += strspn(p, " \r\n");
  if (*p) {
    rc = vt_fail(e, VT_EFORMAT, "mask runs: not a number at position %td", p - s);
    goto out;
  }
  vt__runs_add(&r, false, (uint32_t)(total - at));
  return vt__runs_finish(&r, m, width, height, e);
out:
  vt_free(r.v);
  return rc;
}
