/* JPEG through libturbojpeg: progressive, grey, CMYK and YCCK; reduced size by scaled decoding.
 *
 * The markers before the first scan are walked here: size and channels (SOFn), EXIF (APP1) and the profile
 * (APP2, in numbered pieces, ICC.1:2010 annex B.4). libjpeg only warns about damaged data; warnings are
 * errors here, except for stray bytes between segments, which many cameras write and which cost no pixel.
 * Since libjpeg keeps the first warning's text only, such a file is decoded again from a copy without them;
 * bytes that are left over at the end of the last scan are seen when all pixels have been read. */
#include <string.h>
#include <turbojpeg.h>
#include "image/decode.h"

enum { MAX_ICC_PIECES = 255 };

struct markers {
  int width, height, channels; /* of the frame header; 0 = none seen */
  int orientation;
  const uint8_t *icc[MAX_ICC_PIECES + 1]; /* by piece number, borrowed */
  size_t icc_len[MAX_ICC_PIECES + 1];
};

static void read_segment(struct markers *m, int marker, const uint8_t *p, size_t len)
{
  bool frame = marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
  if (frame && len >= 6) {
    m->height = p[1] << 8 | p[2];
    m->width = p[3] << 8 | p[4];
    m->channels = p[5];
  } else if (marker == 0xE1 && len >= 6 && !memcmp(p, "Exif\0\0", 6)) {
    m->orientation = vt__exif_orientation(p, len);
  } else if (marker == 0xE2 && len > 14 && !memcmp(p, "ICC_PROFILE\0", 12)) {
    m->icc[p[12]] = p + 14;
    m->icc_len[p[12]] = len - 14;
  }
}

enum { RST0 = 0xD0, SOI = 0xD8, EOI, SOS };

/* Where the first marker, 0xFF and neither 0 nor 0xFF, from `at` on stands; len: there is none. */
static size_t next_marker(const uint8_t *data, size_t len, size_t at)
{
  for (; at + 2 <= len; at++)
    if (data[at] == 0xFF && data[at + 1] != 0xFF && data[at + 1] != 0) return at;
  return len;
}

/* Where the segment of the marker at `at` ends: 0xFF, marker and, but for some, length (2, itself included)
 * and content. 0: beyond the end. */
static size_t segment_end(const uint8_t *data, size_t len, size_t at)
{
  const int marker = data[at + 1];
  if (marker == 1 || (marker >= RST0 && marker <= EOI)) return at + 2;
  if (at + 4 > len) return 0;
  const size_t n = (size_t)data[at + 2] << 8 | data[at + 3];
  return n < 2 || n > len - at - 2 ? 0 : at + 2 + n;
}

/* The segments up to the first scan or the end. */
static void walk_markers(struct markers *m, const uint8_t *data, size_t len)
{
  *m = (struct markers){.orientation = 1};
  for (size_t at = next_marker(data, len, 2), end; at < len; at = next_marker(data, len, end)) {
    const int marker = data[at + 1];
    end = segment_end(data, len, at);
    if (!end || marker == SOS || marker == EOI) return;
    if (end - at > 4) read_segment(m, marker, data + at + 4, end - at - 4);
  }
}

/* All segments, a scan's with what it codes, and nothing that stands between them. Returns the bytes copied.
 */
static size_t copy_segments(uint8_t *to, const uint8_t *data, size_t len)
{
  size_t n = 0;
  for (size_t at = 0, end; at < len; at = next_marker(data, len, end)) {
    const int marker = data[at + 1];
    end = marker == EOI ? len : segment_end(data, len, at);
    if (!end) end = len;
    if (marker == SOS) {
      end = next_marker(data, len, end);
      while (end < len && data[end + 1] >= RST0 && data[end + 1] < SOI) end = next_marker(data, len, end + 2);
    }
    memcpy(to + n, data + at, end - at);
    n += end - at;
  }
  return n;
}

int vt__jpeg_probe(struct vt_image_info *info, const uint8_t *data, size_t len, struct vt_err *e)
{
  struct markers m;
  walk_markers(&m, data, len);
  if (!m.channels) return vt_fail(e, VT_EFORMAT, "no frame header before the pixels or the end of the file");
  info->file_width = m.width;
  info->file_height = m.height;
  info->orientation = m.orientation;
  return 0;
}

static int join_icc(struct vt__raw *r, const struct markers *m, struct vt_err *e)
{
  size_t total = 0, at = 0;
  int n = 0;
  while (n < MAX_ICC_PIECES && m->icc[n + 1]) total += m->icc_len[++n];
  if (!n) return 0;
  r->icc = vt_malloc(total);
  if (!r->icc) return vt_fail(e, VT_ENOMEM, "out of memory for a profile of %zu bytes", total);
  r->icc_len = total;
  for (int i = 1; i <= n; at += m->icc_len[i++]) memcpy(r->icc + at, m->icc[i], m->icc_len[i]);
  return 0;
}

/* The smallest of 1, 1/2, 1/4, 1/8 that leaves both sides at min_side or more. */
static int choose_shift(int width, int height, int min_side)
{
  int shift = 0;
  if (min_side < 1) return 0;
  while (shift < 3 && (VT_MIN(width, height) + (2 << shift) - 1) >> (shift + 1) >= min_side) shift++;
  return shift;
}

static int run(tjhandle tj, struct vt_image *im, const uint8_t *data, size_t len, int format, int flags)
{
  return tjDecompress2(tj, data, (unsigned long)len, im->px, im->width, (int)im->stride, im->height, format,
                       flags | TJFLAG_LIMITSCANS);
}

static bool warned_of(tjhandle tj, const char *text)
{
  return tjGetErrorCode(tj) == TJERR_WARNING && strstr(tjGetErrorStr2(tj), text);
}

static int decompress(tjhandle tj, struct vt_image *im, const uint8_t *data, size_t len, int format,
                      struct vt_err *e)
{
  static const char stray[] = "extraneous bytes before marker",
                    last[] = "extraneous bytes before marker 0xd9";
  uint8_t *copy = NULL;
  int rc = run(tj, im, data, len, format, TJFLAG_STOPONWARNING);
  if (rc && warned_of(tj, stray) && !warned_of(tj, last)) {
    copy = vt_malloc(len);
    if (!copy) return vt_fail(e, VT_ENOMEM, "out of memory for a copy of %zu bytes", len);
    len = copy_segments(copy, data, len);
    data = copy;
    rc = run(tj, im, data, len, format, TJFLAG_STOPONWARNING);
  }
  if (rc && warned_of(tj, last)) rc = run(tj, im, data, len, format, 0) && !warned_of(tj, last);
  vt_free(copy);
  return rc ? vt_fail(e, VT_EFORMAT, "truncated or damaged: %s", tjGetErrorStr2(tj)) : 0;
}

int vt__jpeg_decode(struct vt__raw *r, const uint8_t *data, size_t len, const struct vt_decode_opts *o,
                    const struct vt_image_info *info, struct vt_err *e)
{
  struct markers m;
  walk_markers(&m, data, len);
  r->cmyk = m.channels == 4;
  r->grey = m.channels == 1;
  int shift = choose_shift(m.width, m.height, o->min_side), round = (1 << shift) - 1;
  int rc = vt_image_init(&r->im, (m.width + round) >> shift, (m.height + round) >> shift, r->cmyk ? 4 : 3, e);
  if (rc) return rc;
  tjhandle tj = tjInitDecompress();
  if (!tj) return vt_fail(e, VT_ENOMEM, "out of memory for the decoder");
  rc = decompress(tj, &r->im, data, len, r->cmyk ? TJPF_CMYK : TJPF_RGB, e);
  tjDestroy(tj);
  return rc ? rc : join_icc(r, &m, e);
}
