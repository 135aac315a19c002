/* Files and paths. All functions are synchronised (no shared state) unless said otherwise. */
#ifndef VT_BASE_FILE_H
#define VT_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/alloc.h"
#include "base/err.h"

/* Reads a whole file, at most `limit` bytes (VT_ELIMIT beyond). *data is NUL-terminated after *len bytes;
 * free with vt_free. Fails with VT_EARG on folders and devices. */
int vt_file_read(const char *path, size_t limit, char **data, size_t *len, struct vt_err *e);

/* The same for a text: UTF-8's byte order mark is left out, and UTF-16, which begins with its own, is an
 * error that says so; so is a zero byte, behind which strings would end. Whether it is UTF-8 is not looked
 * at. */
int vt_text_read(const char *path, size_t limit, char **text, size_t *len, struct vt_err *e);

/* Maps a file read-only. An empty file maps to data = "", len = 0. */
struct vt_map {
  const uint8_t *data;
  size_t len;
  void *base;
};
int vt_map_open(struct vt_map *m, const char *path, struct vt_err *e);
void vt_map_close(struct vt_map *m);

/* Writes path.tmp-PID, fsyncs, renames over path, fsyncs the folder: after return the new content survives a
 * crash, and at any moment path holds either the old or the new content whole. */
int vt_file_write_atomic(const char *path, const void *data, size_t len, struct vt_err *e);
/* The same without waiting for the disk, for one of many files that can be made again: whoever opens it sees
 * the old or the new content whole, but a power cut may lose either. */
int vt_file_write(const char *path, const void *data, size_t len, struct vt_err *e);

int vt_mkdirs(const char *path, struct vt_err *e); /* mkdir -p */
bool vt_is_dir(const char *path);
bool vt_is_file(const char *path);
int64_t vt_file_size(const char *path); /* -1 if it cannot be seen */

/* Calls `each` for every regular file below `dir`, in byte order of the relative path; `rel` is relative to
 * dir. Symbolic links to files are followed, to folders not. `each` returning non-zero stops with that value.
 */
typedef int vt_walk_fn(const char *path, const char *rel, void *ctx, struct vt_err *e);
int vt_walk(const char *dir, vt_walk_fn *each, void *ctx, struct vt_err *e);

/* dir/name; name alone if it is absolute or dir is empty. In the arena, or malloc'd (vt_free) if a is NULL.
 */
char *vt_path_join(struct vt_arena *a, const char *dir, const char *name);
const char *vt_path_base(const char *path); /* after the last slash; borrows */
const char *vt_path_ext(const char *path);  /* after the last dot of the base name, "" if none; borrows */
char *vt_path_dir(struct vt_arena *a, const char *p); /* "." if there is no slash; malloc'd if a is NULL */
char *vt_path_stem(struct vt_arena *a,
                   const char *p); /* base name without extension; malloc'd if a is NULL */

/* The folder of real data ($VITRINE_DATA) or NULL. */
const char *vt_data_dir(void);

#endif
