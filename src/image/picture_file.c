/* Pictures by the names of their files: some sets name pictures without their endings (iMaterialist of 2020,
 * Pascal VOC's lists, the texts of YOLO), or come from systems that do not tell A.JPG from a.jpg and part
 * folders by backslashes. */
#include "image/image.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char *const ending[] = {"jpg", "jpeg", "png", "webp", "gif", "heic", "heif", "avif"};

bool vt_picture_named(const char *path)
{
  for (size_t k = 0; k < VT_COUNT(ending); k++)
    if (!strcasecmp(vt_path_ext(path), ending[k])) return true;
  return false;
}

/* The file of this path, or of one that differs from it in the ending; NULL: there is none. vt_free. */
static char *find_ending(const char *path)
{
  struct vt_buf b = {0};
  const char *own = vt_picture_named(path) ? vt_path_ext(path) : NULL;
  const int stem = own ? (int)(own - path) - 1 : (int)strlen(path);
  if (vt_is_file(path)) return vt_strdup(path);
  for (int capitals = 0; capitals < 2; capitals++)
    for (size_t k = 0; k < (own ? 1 : VT_COUNT(ending)); k++) {
      b.len = 0;
      vt_buf_addf(&b, "%.*s.", stem, path);
      for (const char *p = own ? own : ending[k]; *p; p++)
        vt_buf_addc(&b, (char)(capitals ? toupper((unsigned char)*p) : tolower((unsigned char)*p)));
      if (!b.failed && vt_is_file(b.data)) return b.data;
    }
  vt_buf_clear(&b);
  return NULL;
}

char *vt_picture_find(const char *dir, const char *name)
{
  char *path = vt_path_join(NULL, dir, name), *found = path ? find_ending(path) : NULL;
  char *other = !found && strchr(name, '\\') ? vt_path_join(NULL, dir, name) : NULL;
  if (other) {
    for (char *p = other + strlen(other) - strlen(name); *p; p++)
      if (*p == '\\') *p = '/';
    found = find_ending(other);
    vt_free(other);
  }
  if (!found) return path;
  vt_free(path);
  return found;
}
