/* Formats that are folders. */
#include "data/formats/folder.h"

#include <stdio.h>
#include <string.h>

#include "data/labels_map.h"
#include "image/image.h"

int vt__folder_make(const char *root, const char *sub, struct vt_err *e)
{
  char *path = vt_path_join(NULL, root, sub);
  int rc = path ? vt_mkdirs(path, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  vt_free(path);
  return rc;
}

int vt__folder_write(const char *root, const char *name, struct vt_buf *b, struct vt_err *e)
{
  if (vt_interrupted()) return vt_fail(e, VT_EINTERRUPTED, "%s: interrupted", root);
  char *path = vt_path_join(NULL, root, name);
  int rc = path && !b->failed ? vt_file_write(path, b->len ? b->data : "", b->len, e)
                              : vt_fail(e, VT_ENOMEM, "out of memory");
  vt_free(path);
  vt_buf_clear(b);
  return rc;
}

int vt__folder_png(const char *root, const char *sub, const char *name, const struct vt_image *im,
                   struct vt_err *e)
{
  if (vt_interrupted()) return vt_fail(e, VT_EINTERRUPTED, "%s: interrupted", root);
  struct vt_buf path = {0};
  vt_buf_addf(&path, "%s/%s/%s.png", root, sub, name);
  int rc = path.failed ? vt_fail(e, VT_ENOMEM, "out of memory") : vt_image_write(im, path.data, 0, e);
  vt_buf_clear(&path);
  return rc;
}

bool vt__plain_path(const char *path)
{
  for (const char *p = path;; p++) {
    if (*p == '.' || *p == '/' || !*p) return false;
    p += strcspn(p, "/");
    if (!*p) return true;
  }
}

/* Whether the name was free; now it is taken. Negative: out of memory. */
static int enter(struct vt__names *n, const char *name)
{
  const uint64_t key = vt_hash64(name, strlen(name));
  if (!n->taken && vt__map_new(&n->taken)) return VT_ENOMEM;
  if (vt__map_find(n->taken, key, NULL, NULL, NULL) >= 0) return 0;
  return vt__map_put(n->taken, key, 0) ? VT_ENOMEM : 1;
}

/* sub/STEM and the ending; odd: characters that become _, besides control characters. */
static const char *take(struct vt__names *n, const struct vt_label_image *im, const char *odd,
                        const char *sub, const char *ending, struct vt_err *e)
{
  enum { LONGEST = 160 };
  char stem[LONGEST + 1];
  struct vt_buf name = {0};
  const char *dot = strrchr(im->file, '.'), *slash = strrchr(im->file, '/');
  size_t len = dot && (!slash || dot > slash) ? (size_t)(dot - im->file) : strlen(im->file);
  len = VT_MIN(len, (size_t)LONGEST);
  while (len && (im->file[len] & 0xc0) == 0x80) len--; /* not within a letter */
  memcpy(stem, im->file, len);
  stem[len] = 0;
  for (char *p = stem; *p; p++)
    if (strchr(odd, *p) || (unsigned char)*p < 32) *p = '_';
  if (*stem == '.') *stem = '_'; /* no hidden file */
  int entered = 0;
  for (int again = !len; !entered; again++) {
    name.len = 0;
    vt_buf_addf(&name, "%s%s", sub, stem);
    if (again) vt_buf_addf(&name, "-%lld", (long long)im->id);
    if (again > 1) vt_buf_addf(&name, "-%d", again);
    vt_buf_adds(&name, ending);
    entered = name.failed ? VT_ENOMEM : enter(n, name.data);
  }
  const char *kept = entered > 0 ? vt_arena_strdup(&n->arena, name.data) : NULL;
  vt_buf_clear(&name);
  if (!kept) vt_fail(e, VT_ENOMEM, "out of memory");
  return kept;
}

const char *vt__names_take(struct vt__names *n, const struct vt_label_image *im, struct vt_err *e)
{
  return take(n, im, "/\\:*?\"<>| ", "", "", e);
}

const char *vt__names_take_in(struct vt__names *n, const struct vt_label_image *im, const char *sub,
                              const char *ending, struct vt_err *e)
{
  return take(n, im, "/\\:*?\"<>| ", sub, ending, e);
}

int vt__names_keep(struct vt__names *n, const char *path, bool *kept, struct vt_err *e)
{
  const int rc = enter(n, path);
  *kept = rc > 0;
  return rc < 0 ? vt_fail(e, rc, "out of memory") : 0;
}

const char *vt__names_take_path(struct vt__names *n, const struct vt_label_image *im, struct vt_err *e)
{
  const bool plain = vt__plain_path(im->file) && strlen(im->file) < 160;
  return take(n, im, plain ? "\\:*?\"<>|" : "/\\:*?\"<>|", "", "", e);
}

void vt__names_clear(struct vt__names *n)
{
  vt__map_free(n->taken);
  vt_arena_clear(&n->arena);
  *n = (struct vt__names){0};
}

int vt__probe_file(const char *path, int *width, int *height, struct vt_err *e)
{
  struct vt_image_info info;
  int rc = vt_image_probe_file(&info, path, e);
  if (rc) return rc;
  *width = info.width;
  *height = info.height;
  return 0;
}

/* path: vt_free; NULL on failure. */
static int find(const char *dir, const char *stem, char *file, size_t size, char **path, struct vt_err *e)
{
  *path = vt_picture_find(dir, stem);
  if (!*path) return vt_fail(e, VT_ENOMEM, "out of memory");
  if (!vt_is_file(*path)) {
    vt_free(*path);
    *path = NULL;
    return vt_fail(e, VT_ENOENT, "%s: no picture '%s' there (.jpg, .png, .webp, …)", dir, stem);
  }
  const size_t n = strlen(*path), k = strlen(stem);
  if (n >= k && !strcmp(*path + n - k, stem))
    snprintf(file, size, "%s", stem);
  else
    snprintf(file, size, "%s.%s", stem, vt_path_ext(*path));
  return 0;
}

int vt__folder_name(const char *images, const char *stem, char *file, size_t size, struct vt_err *e)
{
  struct vt_err why = {0};
  char *path;
  if (!images) return 0;
  const int rc = find(images, stem, file, size, &path, &why);
  if (!rc) vt_free(path);
  if (rc && rc != VT_ENOENT) return vt_fail(e, rc, "%s", why.msg);
  return !rc;
}

int vt__folder_probe(const char *dir, const char *stem, char *file, size_t size, int *width, int *height,
                     struct vt_err *e)
{
  char *path;
  int rc = find(dir, stem, file, size, &path, e);
  if (!rc) rc = vt__probe_file(path, width, height, e);
  vt_free(path);
  return rc;
}
