/* The orientation tag of an EXIF block: a walk over one TIFF directory that never leaves the block.
 *
 * TIFF 6.0: "II*\0" or "MM\0*", offset of the first directory; there a count (2 bytes) of 12-byte entries:
 * tag (2), type (2), count (4), value or offset (4). Orientation is tag 0x0112, type SHORT (3), count 1. */
#include <string.h>
#include "image/decode.h"

static uint32_t get(const uint8_t *p, int n, bool big)
{
  uint32_t v = 0;
  for (int i = 0; i < n; i++) v |= (uint32_t)p[big ? n - 1 - i : i] << (8 * i);
  return v;
}

int vt__exif_orientation(const uint8_t *data, size_t len)
{
  if (len >= 6 && !memcmp(data, "Exif\0\0", 6)) data += 6, len -= 6;
  if (len < 8) return 1;
  bool big = !memcmp(data, "MM\0*", 4);
  if (!big && memcmp(data, "II*\0", 4) != 0) return 1;
  size_t at = get(data + 4, 4, big);
  if (at > len - 2) return 1;
  size_t entries = get(data + at, 2, big);
  at += 2;
  for (size_t i = 0; i < entries && len - at >= 12; i++, at += 12) {
    const uint8_t *entry = data + at;
    if (get(entry, 2, big) != 0x0112) continue;
    uint32_t value = get(entry + 8, 2, big);
    bool right = get(entry + 2, 2, big) == 3 && get(entry + 4, 4, big) == 1 && value >= 1 && value <= 8;
    return right ? (int)value : 1;
  }
  return 1;
}
