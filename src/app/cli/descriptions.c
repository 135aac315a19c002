/* label_descriptions.json beside tables of masks. */
#include "app/cli/descriptions.h"

#include <string.h>

enum { MOST_BYTES = 64 << 20 };

/* vt_free. */
static char *beside(const char *table)
{
  char *folder = vt_path_dir(NULL, table),
       *path = folder ? vt_path_join(NULL, folder, "label_descriptions.json") : NULL;
  vt_free(folder);
  return path;
}

static int compare(const struct vt_label_list *list, const struct vt_label_list *there, const char *path,
                   struct vt_err *e)
{
  for (int i = 0; i < list->n; i++) {
    int k = 0;
    while (k < there->n && there->v[k].id != list->v[i].id) k++;
    if (k == there->n || strcmp(there->v[k].name, list->v[i].name) != 0)
      return vt_fail(e, VT_ESTATE,
                     "%s names other classes (%lld is '%.60s' here); write to a folder without it", path,
                     (long long)list->v[i].id, list->v[i].name);
  }
  return 0;
}

/* The table is read once more, with the names that lie there. */
static int check_names(const struct vt_descriptions *d, const char *path, struct vt_err *e)
{
  struct vt_labels there;
  const struct vt_labels_opts o = {.lenient = true, .no_shapes = true, .keep_bad = true, .extra = path};
  int rc = vt_labels_init(&there, e);
  if (rc) return rc;
  rc = d->format->read(&there, d->table, &o, e);
  if (!rc) rc = compare(&d->l->classes, &there.classes, path, e);
  if (!rc) rc = compare(&d->l->attributes, &there.attributes, path, e);
  vt_labels_clear(&there);
  return rc;
}

int vt_descriptions_check(const struct vt_descriptions *d, struct vt_err *e)
{
  if (!strcmp(d->out, "-")) return 0;
  char *path = beside(d->out), *own = beside(d->table);
  int rc = path && own ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc && vt_is_file(path) && (d->o->extra || strcmp(path, own) != 0)) rc = check_names(d, path, e);
  vt_free(path);
  vt_free(own);
  return rc;
}

int vt_descriptions_copy(const struct vt_descriptions *d, struct vt_err *e)
{
  if (!vt_is_file(d->out)) return 0; /* a pipe */
  char *to = beside(d->out), *from = d->o->extra ? vt_strdup(d->o->extra) : beside(d->table), *text = NULL;
  size_t n;
  int rc = to && from ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
  if (!rc && !vt_is_file(to) && vt_is_file(from)) {
    rc = vt_file_read(from, MOST_BYTES, &text, &n, e);
    if (!rc) rc = vt_file_write_atomic(to, text, n, e);
  }
  vt_free(text);
  vt_free(from);
  vt_free(to);
  return rc;
}

int vt_descriptions_none(const char *table, struct vt_err *e)
{
  char *path = beside(table);
  int rc = !path ? vt_fail(e, VT_ENOMEM, "out of memory")
           : vt_is_file(path)
               ? vt_fail(e, VT_ESTATE, "%s lies there already; draw into a folder without it", path)
               : 0;
  vt_free(path);
  return rc;
}
