/* JSON files of many small things, one thing in memory at a time: each is given as a tree, and its fields are
 * asked for by name and kind, so that the message says which field is wrong. Confined. */
#ifndef VT_DATA_JSON_ITEMS_H
#define VT_DATA_JSON_ITEMS_H

#include "data/json_stream.h"

enum vt__json_kind {
  VT__JSON_NULL,
  VT__JSON_BOOL,
  VT__JSON_NUMBER,
  VT__JSON_STRING,
  VT__JSON_LIST,
  VT__JSON_OBJECT
};

/* Nodes lie in the order of the file: a list's or object's first child follows it. */
struct vt__json_node {
  uint8_t kind;
  int32_t n, next; /* children; the node behind this one and all in it */
  uint32_t key;    /* of a member, in text */
  uint32_t at;     /* of a string, in text */
  double number;   /* NAN: too large */
};
struct vt__json_item {
  const struct vt__json_node *node; // (n)
  int32_t n;
  const char *text;
  const char *key; /* VT__JSON_MEMBERS: its name */
  int64_t index;   /* from 0 */
  int64_t line;    /* where it ends */
};

/* How things lie in a file: the file is one; the elements of a list; the members of an object; one a line. */
enum vt__json_layout { VT__JSON_WHOLE, VT__JSON_ELEMENTS, VT__JSON_MEMBERS, VT__JSON_LINES };

/* Calls `each` for every item; what it returns below 0 is a problem of that item: `l` decides whether reading
 * goes on (vt__labels_problem, file and line put before the message). Counts nothing else. */
typedef int vt__json_item_fn(const struct vt__json_item *it, void *ctx, struct vt_err *e);
int vt__json_items(struct vt_labels *l, const struct vt_labels_opts *o, const char *path,
                   enum vt__json_layout layout, vt__json_item_fn *each, void *ctx, struct vt_err *e);

/* The stream's text is damaged, and e says where. Strict: the error; lenient: a problem like others, since
 * all that came before it stands. */
int vt__json_damage(struct vt_labels *l, const struct vt_labels_opts *o, struct vt_err *e);

/* Members of the object at node `of`; -1 if there is none of that name. */
int32_t vt__json_find(const struct vt__json_item *it, int32_t of, const char *key);
/* Required members; the message names the key. */
int vt__json_whole(const struct vt__json_item *it, int32_t of, const char *key, int64_t lo, int64_t hi,
                   int64_t *out, struct vt_err *e);
int vt__json_number_of(const struct vt__json_item *it, int32_t of, const char *key, double *out,
                       struct vt_err *e);
int vt__json_string_of(const struct vt__json_item *it, int32_t of, const char *key, const char **out,
                       struct vt_err *e);
/* A list of exactly n numbers. */
int vt__json_numbers(const struct vt__json_item *it, int32_t of, const char *key, double *out, int n,
                     struct vt_err *e);
/* Counts the members of `of` that are not among the names as dropped: "WHERE: 'key'". */
void vt__json_drop_others(struct vt_labels *l, const struct vt__json_item *it, int32_t of, const char *where,
                          const char *const *names, int n);

#endif
