/* Files and paths. */
#include "base/base.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int vt_file_read(const char *path, size_t limit, char **data, size_t *len, struct vt_err *e)
{
  int rc = 0;
  char *p = NULL;
  *data = NULL;
  *len = 0;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return vt_fail_errno(e, path);
  struct stat st;
  if (fstat(fd, &st)) {
    rc = vt_fail_errno(e, path);
    goto out;
  }
  if (!S_ISREG(st.st_mode)) {
    rc = vt_fail(e, VT_EARG, "%s: not a regular file", path);
    goto out;
  }
  if ((uint64_t)st.st_size > limit) {
    rc = vt_fail(e, VT_ELIMIT, "%s: %lld bytes, more than the limit of %zu", path, (long long)st.st_size,
                 limit);
    goto out;
  }
  p = vt_malloc((size_t)st.st_size + 1);
  if (!p) {
    rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
    goto out;
  }
  size_t n = 0;
  while (n < (size_t)st.st_size) {
    ssize_t got = read(fd, p + n, (size_t)st.st_size - n);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      rc = vt_fail_errno(e, path);
      goto out;
    }
    if (got == 0) break;
    n += (size_t)got;
  }
  p[n] = 0;
  *data = p;
  *len = n;
  p = NULL;
out:
  vt_free(p);
  close(fd);
  return rc;
}

int vt_text_read(const char *path, size_t limit, char **text, size_t *len, struct vt_err *e)
{
  int rc = vt_file_read(path, limit, text, len, e);
  if (rc) return rc;
  const char *zero = memchr(*text, 0, *len);
  if (*len >= 2 && (!memcmp(*text, "\xFF\xFE", 2) || !memcmp(*text, "\xFE\xFF", 2)))
    rc = vt_fail(e, VT_EFORMAT, "%s: text is UTF-16, expected UTF-8", path);
  else if (zero)
    rc = vt_fail(e, VT_EFORMAT, "%s: byte %zu is a zero byte, texts have none", path,
                 (size_t)(zero - *text) + 1);
  if (rc) {
    vt_free(*text);
    *text = NULL;
    *len = 0;
    return rc;
  }
  const size_t mark = vt_utf8_mark(*text, *len);
  *len -= mark;
  memmove(*text, *text + mark, *len + 1);
  return 0;
}

int vt_map_open(struct vt_map *m, const char *path, struct vt_err *e)
{
  int rc = 0;
  *m = (struct vt_map){.data = (const uint8_t *)""};
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return vt_fail_errno(e, path);
  struct stat st;
  if (fstat(fd, &st)) {
    rc = vt_fail_errno(e, path);
  } else if (!S_ISREG(st.st_mode)) {
    rc = vt_fail(e, VT_EARG, "%s: not a regular file", path);
  } else if (st.st_size > 0) {
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
      rc = vt_fail_errno(e, path);
    else
      *m = (struct vt_map){p, (size_t)st.st_size, p};
  }
  close(fd);
  return rc;
}

void vt_map_close(struct vt_map *m)
{
  if (m->base) munmap(m->base, m->len);
  *m = (struct vt_map){.data = (const uint8_t *)""};
}

static int write_all(int fd, const char *data, size_t len)
{
  while (len) {
    ssize_t n = write(fd, data, len);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    data += n;
    len -= (size_t)n;
  }
  return 0;
}

/* Devices and pipes are written to, not replaced. */
static int write_in_place(const char *path, const void *data, size_t len, struct vt_err *e)
{
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  int rc = fd < 0 || write_all(fd, data, len) ? vt_fail_errno(e, path) : 0;
  if (fd >= 0 && close(fd) && !rc) rc = vt_fail_errno(e, path);
  return rc;
}

static int write_whole(const char *path, const void *data, size_t len, bool durable, struct vt_err *e)
{
  int rc = 0, fd = -1;
  struct vt_arena a;
  struct stat st;
  if (!stat(path, &st) && S_ISDIR(st.st_mode))
    return vt_fail(e, VT_EARG, "%s: a folder, expected a file", path);
  if (!stat(path, &st) && !S_ISREG(st.st_mode)) return write_in_place(path, data, len, e);
  vt_arena_init(&a);
  char *tmp = vt_arena_printf(&a, "%s.tmp-%ld", path, (long)getpid()), *dir = vt_path_dir(&a, path);
  if (!tmp || !dir) {
    rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
    goto out;
  }
  fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0 || write_all(fd, data, len) || (durable && fsync(fd))) {
    rc = vt_fail_errno(e, path);
    goto out;
  }
  close(fd);
  fd = -1;
  if (rename(tmp, path)) {
    rc = vt_fail_errno(e, path);
    goto out;
  }
  tmp = NULL;
  if (durable) fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) fsync(fd); /* some file systems refuse to sync folders; the rename itself succeeded */
out:
  if (fd >= 0) close(fd);
  if (rc && tmp) unlink(tmp);
  vt_arena_clear(&a);
  return rc;
}

int vt_file_write_atomic(const char *path, const void *data, size_t len, struct vt_err *e)
{
  return write_whole(path, data, len, true, e);
}

int vt_file_write(const char *path, const void *data, size_t len, struct vt_err *e)
{
  return write_whole(path, data, len, false, e);
}

int vt_mkdirs(const char *path, struct vt_err *e)
{
  char *p = vt_strdup(path);
  if (!p) return vt_fail(e, VT_ENOMEM, "%s: out of memory", path);
  int rc = 0;
  for (char *s = p + 1; !rc && *p; s++) {
    if (*s && *s != '/') continue;
    char c = *s;
    *s = 0;
    if (mkdir(p, 0777) && errno != EEXIST) rc = vt_fail_errno(e, p);
    *s = c;
    if (!c) break;
  }
  if (!rc && *path && !vt_is_dir(path)) rc = vt_fail(e, VT_EIO, "%s: exists and is not a folder", path);
  vt_free(p);
  return rc;
}

bool vt_is_dir(const char *path)
{
  struct stat st;
  return !stat(path, &st) && S_ISDIR(st.st_mode);
}

bool vt_is_file(const char *path)
{
  struct stat st;
  return !stat(path, &st) && S_ISREG(st.st_mode);
}

int64_t vt_file_size(const char *path)
{
  struct stat st;
  return stat(path, &st) ? -1 : (int64_t)st.st_size;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
  return strcmp((*a)->d_name, (*b)->d_name);
}

static int not_dots(const struct dirent *d)
{
  return strcmp(d->d_name, ".") && strcmp(d->d_name, "..");
}

static int walk(const char *dir, const char *rel, vt_walk_fn *each, void *ctx, int depth, struct vt_err *e)
{
  struct dirent **list = NULL;
  if (depth > 64) return vt_fail(e, VT_ELIMIT, "%s: more than 64 folders deep", dir);
  int n = scandir(dir, &list, not_dots, by_name), rc = 0;
  if (n < 0) return vt_fail_errno(e, dir);
  for (int i = 0; i < n; i++) {
    if (!rc) {
      struct vt_arena a;
      vt_arena_init(&a);
      char *path = vt_path_join(&a, dir, list[i]->d_name);
      char *below = *rel ? vt_path_join(&a, rel, list[i]->d_name) : list[i]->d_name;
      struct stat ln, st;
      if (!path || !below)
        rc = vt_fail(e, VT_ENOMEM, "%s: out of memory", dir);
      else if (!lstat(path, &ln) && !stat(path, &st)) {
        if (S_ISDIR(ln.st_mode))
          rc = walk(path, below, each, ctx, depth + 1, e);
        else if (S_ISREG(st.st_mode))
          rc = each(path, below, ctx, e);
      }
      vt_arena_clear(&a);
    }
    free(list[i]);
  }
  free(list);
  return rc;
}

int vt_walk(const char *dir, vt_walk_fn *each, void *ctx, struct vt_err *e)
{
  return walk(dir, "", each, ctx, 0, e);
}

static char *text(struct vt_arena *a, const char *s, size_t n, const char *tail)
{
  size_t m = strlen(tail);
  char *p = a ? vt_arena_alloc(a, n + m + 1) : vt_malloc(n + m + 1);
  if (p) {
    memcpy(p, s, n);
    memcpy(p + n, tail, m);
    p[n + m] = 0;
  }
  return p;
}

char *vt_path_join(struct vt_arena *a, const char *dir, const char *name)
{
  size_t n = strlen(dir);
  if (!n || name[0] == '/') return text(a, "", 0, name);
  if (dir[n - 1] == '/') return text(a, dir, n, name);
  char *with_slash = text(a, dir, n, "/");
  if (!with_slash) return NULL;
  char *p = text(a, with_slash, n + 1, name);
  if (!a) vt_free(with_slash);
  return p;
}

const char *vt_path_base(const char *path)
{
  const char *s = strrchr(path, '/');
  return s ? s + 1 : path;
}

const char *vt_path_ext(const char *path)
{
  const char *base = vt_path_base(path), *dot = strrchr(base, '.');
  return dot && dot != base ? dot + 1 : "";
}

char *vt_path_dir(struct vt_arena *a, const char *p)
{
  const char *s = strrchr(p, '/');
  if (!s) return text(a, ".", 1, "");
  return s == p ? text(a, "/", 1, "") : text(a, p, (size_t)(s - p), "");
}

char *vt_path_stem(struct vt_arena *a, const char *p)
{
  const char *base = vt_path_base(p), *dot = strrchr(base, '.');
  return text(a, base, dot && dot != base ? (size_t)(dot - base) : strlen(base), "");
}

const char *vt_data_dir(void)
{
  const char *d = getenv("VITRINE_DATA");
  return d && *d ? d : NULL;
}
