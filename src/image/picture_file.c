/* Pictures by the names of their files: some sets name pictures without their endings (iMaterialist of 2020,
 * Pascal VOC's lists, the texts of YOLO). */
#include "image/image.h"

#include <ctype.h>
#include <strings.h>

static const char *const ending[] = {"jpg", "jpeg", "png", "webp", "gif", "heic", "heif", "avif"};

bool vt_picture_named(const char *path)
{
  for (size_t k = 0; k < VT_COUNT(ending); k++)
    if (!strcasecmp(vt_path_ext(path), ending[k])) return true;
  return false;
}

/* dir/name.ENDING, or NULL; b is the caller's. */
static char *find_ending(struct vt_buf *b, const char *path)
{
  for (int capitals = 0; capitals < 2; capitals++)
    for (size_t k = 0; k < VT_COUNT(ending); k++) {
      b->len = 0;
      vt_buf_addf(b, "%s.", path);
      for (const char *p = ending[k]; *p; p++)
        vt_buf_addc(b, (char)(capitals ? toupper((unsigned char)*p) : *p));
      if (b->failed) return NULL;
      if (vt_is_file(b->data)) return b->data;
    }
  return NULL;
}

char *vt_picture_find(const char *dir, const char *name)
{
  struct vt_buf b = {0};
  char *path = vt_path_join(NULL, dir, name);
  if (!path || vt_picture_named(name) || vt_is_file(path)) return path;
  char *found = find_ending(&b, path);
  if (!found) vt_buf_clear(&b);
  if (!found) return path;
  vt_free(path);
  return found;
}
