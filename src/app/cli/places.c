/* What a verb reads and what it writes: files are compared by device and inode, those that are not there yet
 * by the nearest folder above them that is, and the rest of the path. */
#include "app/cli/places.h"
#include "image/image.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct known {
  const struct vt_place *place;
  dev_t device;
  ino_t inode;
  char *rest; /* below that folder, "" for what is there; NULL: compared with nothing */
};

/* "a//./b/" as "a/b", in place. */
static void plain(char *path)
{
  char *to = path;
  for (const char *s = path; *s;) {
    const size_t n = strcspn(s, "/");
    if (n && (n != 1 || *s != '.')) {
      if (to > path) *to++ = '/';
      memmove(to, s, n);
      to += n;
    }
    s += n + (s[n] == '/');
  }
  *to = 0;
}

static int know(struct known *k, const struct vt_place *p, struct vt_err *e)
{
  struct stat st;
  *k = (struct known){.place = p};
  if (!p->path || !strcmp(p->path, "-")) return 0;
  size_t n = strlen(p->path);
  char *path = vt_strdup(p->path);
  if (!path) return vt_fail(e, VT_ENOMEM, "out of memory");
  while (stat(n ? path : *p->path == '/' ? "/" : ".", &st) && n) {
    while (n && path[n - 1] == '/') n--;
    while (n && path[n - 1] != '/') n--;
    path[n] = 0;
  }
  vt_free(path);
  if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) return 0;
  k->device = st.st_dev;
  k->inode = st.st_ino;
  k->rest = vt_strdup(p->path + n);
  if (!k->rest) return vt_fail(e, VT_ENOMEM, "out of memory");
  plain(k->rest);
  return 0;
}

static bool writes(const struct vt_place *p)
{
  return p->kind >= VT_WRITES;
}

static int compare(const struct known *a, const struct known *b)
{
  if (a->device != b->device) return a->device < b->device ? -1 : 1;
  if (a->inode != b->inode) return a->inode < b->inode ? -1 : 1;
  return strcmp(a->rest, b->rest);
}

/* What is written comes first of all that are one. */
static int by_file(const void *a, const void *b)
{
  const struct known *x = a, *y = b;
  if (!x->rest || !y->rest) return !x->rest - !y->rest;
  const int c = compare(x, y);
  if (c || writes(x->place) != writes(y->place)) return c ? c : writes(y->place) - writes(x->place);
  return x->place < y->place ? -1 : 1;
}

static int check_clashes(struct known *k, int n, struct vt_err *e)
{
  qsort(k, (size_t)n, sizeof *k, by_file);
  for (int i = 1; i < n && k[i].rest; i++) {
    const struct vt_place *out = k[i - 1].place, *other = k[i].place;
    if (!writes(out) || compare(&k[i - 1], &k[i])) continue;
    return vt_fail(e, VT_EUSAGE, "%s %s and %s %s are one: it would be %s", out->name, out->path, other->name,
                   other->path, writes(other) ? "written twice" : "written over while it is read");
  }
  return 0;
}

/* Files that are there already, below a folder that is read. */
static int check_below(const struct vt_place *in, const struct vt_place *place, int n, struct vt_err *e)
{
  char *folder = realpath(in->path, NULL);
  int rc = 0;
  for (int i = 0; folder && i < n && !rc; i++) {
    const struct vt_place *out = &place[i];
    char *file = writes(out) && out->path && vt_is_file(out->path) ? realpath(out->path, NULL) : NULL;
    const size_t length = strlen(folder);
    if (file && !strncmp(file, folder, length) && file[length] == '/' &&
        (in->kind == VT_READS || vt_picture_named(file)))
      rc = vt_fail(e, VT_EUSAGE, "%s %s is %s in %s %s", out->name, out->path,
                   in->kind == VT_READS ? "a file" : "a picture", in->name, in->path);
    free(file);
  }
  free(folder);
  return rc;
}

static int check_written(const struct vt_place *p, struct vt_err *e)
{
  if (p->kind == VT_WRITES)
    return vt_is_dir(p->path) ? vt_fail(e, VT_EARG, "%s: a folder, expected a file", p->path) : 0;
  DIR *d = opendir(p->path);
  if (!d)
    return errno == ENOTDIR && vt_is_file(p->path)
               ? vt_fail(e, VT_EARG, "%s: a file, expected a folder", p->path)
               : 0;
  int entries = 0;
  for (const struct dirent *f; (f = readdir(d));)
    entries += strcmp(f->d_name, ".") != 0 && strcmp(f->d_name, "..") != 0;
  closedir(d);
  return entries ? vt_fail(e, VT_ESTATE,
                           "%s: there is something in this folder; expected a new or an empty one", p->path)
                 : 0;
}

int vt_places_check(const struct vt_place *place, int n, struct vt_err *e)
{
  struct known *k = vt_calloc((size_t)n + 1, sizeof *k);
  int rc = k ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  for (int i = 0; i < n && !rc; i++) rc = know(&k[i], &place[i], e);
  if (!rc) rc = check_clashes(k, n, e);
  for (int i = 0; k && i < n; i++) vt_free(k[i].rest);
  vt_free(k);
  for (int i = 0; i < n && !rc; i++) {
    const struct vt_place *p = &place[i];
    if (!p->path || !strcmp(p->path, "-")) continue;
    if (writes(p))
      rc = check_written(p, e);
    else if (p->kind != VT_READS && !vt_is_dir(p->path))
      rc = vt_fail(e, VT_ENOENT, "%s: no such folder (%s)", p->path, p->name);
    else if (p->kind != VT_READS_FOLDER && vt_is_dir(p->path))
      rc = check_below(p, place, n, e);
  }
  return rc;
}

enum vt_place_kind vt_place_of(const struct vt_format *f)
{
  return f->beside && strcmp(f->beside, ".") != 0 ? VT_WRITES : VT_WRITES_FOLDER;
}
