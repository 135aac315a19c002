/* Names of fetched files, and whether what came is a picture. */
#include "data/fetch_internal.h"
#include "image/image.h"

#include <ctype.h>
#include <string.h>

void vt__fetch_name(const char *id, char name[VT__FETCH_NAME_BYTES])
{
  enum { KEPT = 70 };
  bool changed = false;
  int n = 0;
  for (const char *s = id; *s; s++) {
    bool fine = isalnum((unsigned char)*s) || *s == '-' || *s == '_' || (*s == '.' && n > 0);
    if (n == KEPT || !fine) changed = true;
    if (n < KEPT) name[n++] = (char)(fine ? *s : '_');
  }
  name[n] = 0;
  if (changed || !n)
    snprintf(name + n, (size_t)(VT__FETCH_NAME_BYTES - n), "-%016llx",
             (unsigned long long)vt_hash64(id, strlen(id)));
}

int vt__fetch_check(const char *path, bool header_only, struct vt_fetch_result *r, struct vt_err *e)
{
  static const char *const name[] = {NULL, "jpeg", "png", "webp", "gif", "heif", "avif"};
  struct vt_image_info info;
  struct vt_image im = {0};
  struct vt_map m;
  int rc = vt_map_open(&m, path, e);
  if (rc) return rc;
  rc = vt_image_probe(&info, m.data, m.len, e);
  if (!rc && !header_only) {
    /* a JPEG is decoded small: every byte is looked at, few pixels are made */
    const struct vt_decode_opts o = {.min_side = 1};
    rc = vt_image_decode(&im, m.data, m.len, &o, &info, e);
  }
  if (!rc) {
    r->type = name[info.format];
    r->width = info.width;
    r->height = info.height;
  }
  vt_image_clear(&im);
  vt_map_close(&m);
  return rc;
}
