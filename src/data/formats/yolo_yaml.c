/* data.yaml of a YOLO set, as Ultralytics' tools have it:
 *
 *   train: images/train        folder, a text with a picture a line, or a list of such; val, test likewise
 *   kpt_shape: [17, 3]         key points of each object, and numbers of each
 *   nc: 2                      how many classes names has
 *   names: [hat, bag]          or {0: hat, 1: bag}, in lines
 *
 * Only texts are of use here: what lies in folders says its split by their names. Other keys are read over.
 */
#include "data/formats/yolo.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

enum { MAX_BYTES = 1 << 24, MAX_CLASSES = 1000000 };

struct reader {
  struct vt__yolo_reader *set;
  struct vt__yolo_about *y; /* the set's */
  yaml_document_t *d;
  const char *path;
  int64_t classes; /* as nc says; -1: it says nothing */
};

static int fault(const struct reader *r, const yaml_node_t *n, const char *what, struct vt_err *e)
{
  return vt_fail(e, VT_EFORMAT, "%s:%zu: %s", r->path, n->start_mark.line + 1, what);
}

/* NULL: it is no text. */
static const char *text_of(const yaml_node_t *n)
{
  if (!n || n->type != YAML_SCALAR_NODE || memchr(n->data.scalar.value, 0, n->data.scalar.length))
    return NULL;
  return (const char *)n->data.scalar.value;
}

static bool whole(const yaml_node_t *n, int64_t most, int64_t *out)
{
  const char *text = text_of(n);
  return text && vt_parse_i64(text, out) && *out >= 0 && *out <= most;
}

static int add_name(struct reader *r, int64_t id, const yaml_node_t *n, struct vt_err *e)
{
  const char *name = text_of(n);
  if (!name) return fault(r, n, "the name of a class is no text", e);
  const int32_t p = vt__labels_add_class(r->set->l, false, id, name, "", e);
  return p < 0 ? vt_fail_in(e, p, "%s:%zu", r->path, n->start_mark.line + 1) : 0;
}

static int read_names(struct reader *r, const yaml_node_t *n, struct vt_err *e)
{
  int rc = 0;
  if (r->y->named) return fault(r, n, "names stand twice", e);
  r->y->named = true;
  if (n->type == YAML_SEQUENCE_NODE) {
    const yaml_node_item_t *i = n->data.sequence.items.start;
    for (int64_t id = 0; i < n->data.sequence.items.top && !rc; i++, id++)
      rc = id > MAX_CLASSES ? fault(r, n, "more than 1000000 names", e)
                            : add_name(r, id, yaml_document_get_node(r->d, *i), e);
    return rc;
  }
  if (n->type != YAML_MAPPING_NODE) return fault(r, n, "names are no list", e);
  for (const yaml_node_pair_t *k = n->data.mapping.pairs.start; k < n->data.mapping.pairs.top && !rc; k++) {
    const yaml_node_t *key = yaml_document_get_node(r->d, k->key);
    int64_t id;
    rc = whole(key, MAX_CLASSES, &id) ? add_name(r, id, yaml_document_get_node(r->d, k->value), e)
                                      : fault(r, key, "the number of a class is none", e);
  }
  return rc;
}

/* Where the pictures of a split are: texts are kept. */
static int read_place(struct reader *r, const yaml_node_t *n, uint8_t split, struct vt_err *e)
{
  if (n->type == YAML_SEQUENCE_NODE) {
    int rc = 0;
    for (const yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top && !rc;
         i++) {
      const yaml_node_t *one = yaml_document_get_node(r->d, *i);
      rc = one->type == YAML_SCALAR_NODE ? read_place(r, one, split, e) : fault(r, one, "expected a path", e);
    }
    return rc;
  }
  const char *path = text_of(n);
  if (!path) return fault(r, n, "expected a path or a list of paths", e);
  if (strcmp(vt_path_ext(path), "txt") != 0) return 0;
  if (!strncmp(path, "./", 2)) path += 2;
  if (!vt__plain_path(path)) {
    fault(r, n, "this list of pictures is not in the set's folder", e);
    return vt__labels_problem(r->set->l, r->set->o, e);
  }
  int rc = vt__yolo_add_list(r->y, path, split, e);
  return rc ? vt_fail_in(e, rc, "%s:%zu", r->path, n->start_mark.line + 1) : 0;
}

static int read_points(struct reader *r, const yaml_node_t *n, struct vt_err *e)
{
  int64_t points = 0, numbers = 0;
  const yaml_node_item_t *i = n->type == YAML_SEQUENCE_NODE ? n->data.sequence.items.start : NULL;
  if (!i || n->data.sequence.items.top - i != 2 ||
      !whole(yaml_document_get_node(r->d, i[0]), VT__MAX_POINTS, &points) ||
      !whole(yaml_document_get_node(r->d, i[1]), 3, &numbers) || numbers < 2)
    return fault(r, n, "kpt_shape is no [points, 2 or 3]", e);
  r->y->points = (int)points;
  r->y->numbers = (int)numbers;
  return 0;
}

/* One key of the file. Of those that other tools need for themselves nothing is said. */
static int read_key(struct reader *r, const char *key, const yaml_node_t *v, struct vt_err *e)
{
  static const char *const others[] = {"path", "download", "roboflow"};
  char what[100];
  uint8_t split;
  if (!strcmp(key, "names")) return read_names(r, v, e);
  if (!strcmp(key, "kpt_shape")) return read_points(r, v, e);
  if (!strcmp(key, "nc"))
    return whole(v, MAX_CLASSES, &r->classes) ? 0 : fault(r, v, "nc is no number of classes", e);
  if (vt__split_word(key, &split)) return read_place(r, v, split, e);
  for (size_t k = 0; k < VT_COUNT(others); k++)
    if (!strcmp(key, others[k])) return 0;
  snprintf(what, sizeof what, "data.yaml: '%.60s'", key);
  vt_loss_add(&r->set->l->dropped, 1, what);
  return 0;
}

static int read_root(struct reader *r, const yaml_node_t *root, struct vt_err *e)
{
  int rc = 0;
  if (!root) return 0;
  if (root->type != YAML_MAPPING_NODE) return fault(r, root, "no keys with values", e);
  for (const yaml_node_pair_t *k = root->data.mapping.pairs.start; k < root->data.mapping.pairs.top && !rc;
       k++) {
    const yaml_node_t *v = yaml_document_get_node(r->d, k->value),
                      *name = yaml_document_get_node(r->d, k->key);
    const char *key = text_of(name), *value = text_of(v);
    if (!key) rc = fault(r, name, "a key that is no text", e);
    if (key &&
        !(value && (!*value || !strcmp(value, "null") || !strcmp(value, "~")))) /* "test:", and no more */
      rc = read_key(r, key, v, e);
  }
  const int named = r->set->l->classes.n;
  if (!rc && r->y->named && r->classes >= 0 && r->classes != named)
    rc = vt_fail(e, VT_EFORMAT, "%s: nc says %lld classes, names has %d", r->path, (long long)r->classes,
                 named);
  return rc;
}

int vt__yolo_read_yaml(struct vt__yolo_reader *set, const char *path, struct vt_err *e)
{
  yaml_document_t d;
  int rc = vt_yaml_read(&d, path, MAX_BYTES, e);
  if (rc) return rc;
  struct reader r = {set, &set->about, &d, path, -1};
  rc = read_root(&r, yaml_document_get_root_node(&d), e);
  yaml_document_delete(&d);
  return rc;
}
