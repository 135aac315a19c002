/* Formats that are folders: making them, naming files by pictures, writing and finding files. */
#ifndef VT_DATA_FORMATS_FOLDER_H
#define VT_DATA_FORMATS_FOLDER_H

#include "data/labels_internal.h"

int vt__folder_make(const char *root, const char *sub, struct vt_err *e); /* root/sub, with parents */
/* root/name from the buffer, which is emptied. This and vt__folder_png: VT_EINTERRUPTED when the program is
 * asked to stop. */
int vt__folder_write(const char *root, const char *name, struct vt_buf *b, struct vt_err *e);
int vt__folder_png(const char *root, const char *sub, const char *name, const struct vt_image *im,
                   struct vt_err *e);

/* One file name for each picture: the stem of its own, slashes and odd characters made _, and its id behind
 * it where that was taken already, with a further number where that was, too. NULL: out of memory. */
struct vt__names {
  struct vt_arena arena;
  struct vt__map *taken;
};
const char *vt__names_take(struct vt__names *n, const struct vt_label_image *im, struct vt_err *e);
/* Likewise with the picture's own folders before it, and blanks kept, where its path is plain: files beside
 * pictures.
 */
const char *vt__names_take_path(struct vt__names *n, const struct vt_label_image *im, struct vt_err *e);
/* Paths of files: sub, such a name and the ending (".png"); each is taken once. */
const char *vt__names_take_in(struct vt__names *n, const struct vt_label_image *im, const char *sub,
                              const char *ending, struct vt_err *e);
/* Takes the path as it is; *kept: it was free. */
int vt__names_keep(struct vt__names *n, const char *path, bool *kept, struct vt_err *e);
void vt__names_clear(struct vt__names *n);

/* Whether a path stays below the folder that it starts from: not absolute, no part empty or beginning with a
 * dot.
 */
bool vt__plain_path(const char *path);
/* The picture `stem` with any usual ending in images, a folder or NULL: its name with the ending into file,
 * and 1; or 0 and file as it was, where there is none. */
int vt__folder_name(const char *images, const char *stem, char *file, size_t size, struct vt_err *e);
/* The same with its size; VT_ENOENT where there is none. */
int vt__folder_probe(const char *dir, const char *stem, char *file, size_t size, int *width, int *height,
                     struct vt_err *e);
int vt__probe_file(const char *path, int *width, int *height, struct vt_err *e);

#endif
