/* What describes a YOLO set: the first of these files that names classes, and --descriptions before them.
 *
 *   data.yaml                           Ultralytics, Roboflow (yolo_yaml.c)
 *   obj.data                            Darknet, CVAT: lines "train = data/train.txt",
 *                                       "names = data/obj.names"
 *   classes.txt, also in labels, train  LabelImg, Label Studio: a name a line
 *   obj.names                           Darknet
 *   _darknet.labels, also in train      Roboflow
 *
 * Where neither of the first two names lists of pictures, train.txt, val.txt, valid.txt and test.txt of the
 * set's folder are such.
 *
 * The paths of obj.data are meant from where Darknet is started: what lies in the set's folder under the last
 * part of one is taken, too. */
#include "data/formats/yolo.h"

#include <string.h>

enum { MAX_DATA = 1 << 20 };

typedef int read_fn(struct vt__yolo_reader *set, const char *root, const char *path, struct vt_err *e);

int vt__yolo_add_list(struct vt__yolo_about *a, const char *path, uint8_t split, struct vt_err *e)
{
  if (a->nlists == VT_COUNT(a->list)) return vt_fail(e, VT_ELIMIT, "more than 12 lists of pictures");
  struct vt__yolo_list *list = &a->list[a->nlists++];
  *list = (struct vt__yolo_list){vt_arena_strdup(&a->arena, path), split};
  return list->path ? 0 : vt_fail(e, VT_ENOMEM, "out of memory");
}

static int read_yaml(struct vt__yolo_reader *set, const char *root, const char *path, struct vt_err *e)
{
  return vt__yolo_read_yaml(set, path, e);
}

static int read_names(struct vt__yolo_reader *set, const char *root, const char *path, struct vt_err *e)
{
  set->about.named = true;
  return vt__labels_read_names(set->l, path, e);
}

/* ---- obj.data ---- */

/* The part of a path of obj.data that lies in the set's folder; NULL: it leaves the folder. */
static const char *in_set(const char *root, const char *path)
{
  if (!strncmp(path, "./", 2)) path += 2;
  if (!vt__plain_path(path)) path = vt_path_base(path);
  char *full = vt_path_join(NULL, root, path);
  const bool is = full && vt_is_file(full);
  vt_free(full);
  path = is ? path : vt_path_base(path);
  return vt__plain_path(path) ? path : NULL;
}

/* What stands around the text is cut off. */
static char *trim(char *s)
{
  s += strspn(s, " \t");
  size_t n = strlen(s);
  while (n && strchr(" \t\r", s[n - 1])) s[--n] = 0;
  return s;
}

static int read_key(struct vt__yolo_reader *set, const char *root, const char *key, char *value,
                    int64_t *classes, struct vt_err *e)
{
  for (char *p = value; (p = strchr(p, '\\'));) *p = '/'; /* written on Windows */
  uint8_t split;
  const bool names = !strcmp(key, "names"), list = vt__split_word(key, &split);
  if (!strcmp(key, "classes"))
    return vt_parse_i64(value, classes) && *classes >= 0
               ? 0
               : vt_fail(e, VT_EFORMAT, "classes: '%.40s' is no number of classes", value);
  if (!names && !list) return 0; /* backup, eval, …: Darknet's own */
  const char *path = in_set(root, value);
  if (!path) return vt_fail(e, VT_EFORMAT, "%s: '%.200s' is no path of a file", key, value);
  if (list && strcmp(vt_path_ext(path), "txt") != 0) return 0; /* a folder */
  if (list) return vt__yolo_add_list(&set->about, path, split, e);
  if (set->about.named) return vt_fail(e, VT_EFORMAT, "names stand twice");
  char *full = vt_path_join(NULL, root, path);
  int rc = full ? read_names(set, root, full, e) : vt_fail(e, VT_ENOMEM, "out of memory");
  vt_free(full);
  return rc;
}

static int read_data(struct vt__yolo_reader *set, const char *root, const char *path, struct vt_err *e)
{
  char *text, *rest;
  size_t len;
  int64_t number = 1, classes = -1;
  int rc = vt_text_read(path, MAX_DATA, &text, &len, e);
  if (rc) return rc;
  if (!vt_utf8_valid(text, len)) rc = vt_fail(e, VT_EFORMAT, "%s: text is not valid UTF-8", path);
  rest = text;
  for (char *line; !rc && (line = strsep(&rest, "\n")); number++) {
    char *equals = strchr(line, '=');
    line = trim(line);
    if (!*line || *line == '#' || *line == ';') continue;
    if (equals) *equals = 0;
    rc = equals ? read_key(set, root, trim(line), trim(equals + 1), &classes, e)
                : vt_fail(e, VT_EFORMAT, "'%.40s': expected a key, = and a value", line);
    if (rc) vt_fail_in(e, rc, "%s: line %lld", path, (long long)number);
  }
  vt_free(text);
  if (!rc && set->about.named && classes >= 0 && classes != set->l->classes.n)
    rc = vt_fail(e, VT_EFORMAT, "%s: classes says %lld, names has %d", path, (long long)classes,
                 set->l->classes.n);
  return rc;
}

/* ---- all ---- */

static read_fn *reader_of(const char *path)
{
  const char *ending = vt_path_ext(path);
  return !strcmp(ending, "yaml") || !strcmp(ending, "yml") ? read_yaml
         : !strcmp(ending, "data")                         ? read_data
                                                           : read_names;
}

/* Lists that nothing names. */
static int find_lists(struct vt__yolo_reader *set, const char *root, struct vt_err *e)
{
  static const struct {
    const char *file;
    uint8_t split;
  } lists[] = {{"train.txt", VT_SPLIT_TRAIN},
               {"val.txt", VT_SPLIT_VAL},
               {"valid.txt", VT_SPLIT_VAL},
               {"test.txt", VT_SPLIT_TEST}};
  int rc = 0;
  for (size_t k = 0; k < VT_COUNT(lists) && !rc; k++) {
    char *path = vt_path_join(NULL, root, lists[k].file);
    if (!path) return vt_fail(e, VT_ENOMEM, "out of memory");
    if (vt_is_file(path)) rc = vt__yolo_add_list(&set->about, lists[k].file, lists[k].split, e);
    vt_free(path);
  }
  return rc;
}

int vt__yolo_describe(struct vt__yolo_reader *set, const char *root, struct vt_err *e)
{
  static const char *const files[] = {
      "data.yaml",         "obj.data",  "classes.txt",     "labels/classes.txt",
      "train/classes.txt", "obj.names", "_darknet.labels", "train/_darknet.labels"};
  const char *extra = set->o->extra;
  int rc = extra ? reader_of(extra)(set, root, extra, e) : 0;
  if (set->about.named) set->names = extra;
  for (size_t k = 0; k < VT_COUNT(files) && !rc && !set->about.named; k++) {
    if (extra && reader_of(files[k]) != read_names) continue; /* what is given stands in its place */
    char *path = vt_path_join(NULL, root, files[k]);
    if (!path) return vt_fail(e, VT_ENOMEM, "out of memory");
    if (vt_is_file(path)) rc = reader_of(path)(set, root, path, e);
    if (set->about.named) set->names = files[k];
    vt_free(path);
  }
  return rc || set->about.nlists ? rc : find_lists(set, root, e);
}
