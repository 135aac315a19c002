/* Folders: every file below is a product whose id is its path relative to the folder. Hidden files and what
 * lies in hidden folders are left out. */
#include <stdlib.h>
#include <string.h>
#include "app/ingest_internal.h"

struct folder_source {
  struct vt__ingest *g;
  const char *root;
};

/* "women/red-dress_01.jpg" is shown as "red-dress 01". */
static char *title_of(struct vt_arena *a, const char *rel)
{
  char *t = vt_path_stem(a, rel);
  for (char *p = t; p && *p; p++)
    if (*p == '_') *p = ' ';
  return t;
}

int vt__ingest_file(struct vt__ingest *g, const char *path, const char *id, struct vt_err *e)
{
  if (!vt_utf8_valid(path, strlen(path)) || !vt_utf8_valid(id, strlen(id))) {
    struct vt_buf b;
    vt_buf_init(&b);
    vt_utf8_repair(path, strlen(path), &b);
    int rc = vt__ingest_failed(g, b.data ? b.data : "?", "the file's name is not valid UTF-8", e);
    vt_buf_clear(&b);
    return rc;
  }
  struct vt_arena *a = vt__ingest_arena(g, e);
  if (!a) return VT_ENOMEM;
  struct vt__job job = {.group = VT__GROUP_PREDICT, .nimages = 1};
  char *absolute = realpath(path, NULL);
  job.id = job.origin = vt_arena_strdup(a, id);
  job.title = title_of(a, id);
  job.images = vt_arena_alloc(a, sizeof *job.images);
  if (job.images) job.images->path = vt_arena_strdup(a, absolute ? absolute : path);
  free(absolute);
  if (!job.id || !job.title || !job.images || !job.images->path)
    return vt_fail(e, VT_ENOMEM, "indexing: out of memory");
  job.text = vt_hash64(job.title, strlen(job.title));
  return vt__ingest_submit(g, &job, e);
}

static int each(const char *path, const char *rel, void *ctx, struct vt_err *e)
{
  struct folder_source *s = ctx;
  if (rel[0] == '.' || strstr(rel, "/.")) return 0;
  return vt__ingest_file(s->g, path, rel, e);
}

int vt__ingest_folder(struct vt__ingest *g, const char *path, struct vt_err *e)
{
  struct folder_source s = {g, path};
  int rc = vt_walk(path, each, &s, e);
  return rc ? rc : vt__ingest_flush(g, e);
}
