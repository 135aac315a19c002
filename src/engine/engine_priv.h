/* What the engine's own files share: private state of a graph, attributes, storage. */
#ifndef VT_ENGINE_PRIV_H
#define VT_ENGINE_PRIV_H

#include "engine/engine.h"

/* Open-addressing tables from strings that live in the graph's arena. */
struct vt__names {
  struct vt_value **slot;
  int cap, n;
};

struct vt__graph_priv {
  int cap_values, cap_nodes, cap_inputs, cap_outputs, cap_assigns, cap_meta, cap_kept, cap_subs;
  struct vt__names names;
  const struct vt_op_desc **ops; /* hash table of the registry's operators; same name: a run of slots */
  int ops_cap;
  struct vt_tensor *kept; /* tensors of attributes: their references */
  int nkept;
  struct vt_graph **subs; /* graphs of attributes: owned */
  int nsubs;
};

/* Storage whose bytes are a mapped file: closed with the last reference. Takes m over (also on failure). */
struct vt_storage *vt__storage_of_map(struct vt_map *m, struct vt_err *e);
void vt__storage_get(struct vt_storage *s);
void vt__storage_put(struct vt_storage *s);
/* Bytes of ours that one tensor alone looks at. */
bool vt__storage_alone(const struct vt_storage *s);

/* Gives back the pages that a tensor in a mapped file lies on; they are read again when touched. */
void vt__tensor_page_out(const struct vt_tensor *t);

/* Alignment of weights in mapped files, see align.c: of one value, of all, of all that are not weights of
 * convolutions and products alone. */
bool vt__tensor_aligned(const struct vt_tensor *t);
/* A copy; the pages of a mapped file are given back on the way. */
int vt__tensor_take(struct vt_tensor *out, const struct vt_tensor *t, struct vt_err *e);
int vt__value_align(struct vt_value *v, struct vt_err *e);
int vt__align_all(struct vt_graph *g, struct vt_err *e);
int vt__align_but_weights(struct vt_graph *g, struct vt_err *e);

/* First failure of building: kept in g->err. Returns code. */
int vt__graph_fail(struct vt_graph *g, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Array growth in the arena (the old array is left behind): element size, count in use. */
void *vt__grow(struct vt_graph *g, void *old, int n, int *cap, size_t size);
/* New value without producer. The name is made unique unless exact is set, where a second one fails. */
struct vt_value *vt__value_new(struct vt_graph *g, const char *name, bool exact);
void vt__value_rename(struct vt_graph *g, struct vt_value *v, const char *name);
bool vt__owns_value(const struct vt_graph *g, const struct vt_value *v);
/* Operator by name in the graph's index. */
const struct vt_op_desc *vt__graph_op(const struct vt_graph *g, const char *domain, const char *name,
                                      int opset);
/* Appends a node with new, unnamed-by-caller (outname NULL) or given output names ("" = left out), and
 * infers. attrs (may be NULL) must already live in the arena. */
struct vt_node *vt__node_append(struct vt_graph *g, const struct vt_op_desc *op, const char *name, int nin,
                                struct vt_value *const *in, int nout, const char *const *outname,
                                void *attrs);
int vt__node_infer(struct vt_node *n, struct vt_err *e);
/* Inputs are of one type where the operator wants that. */
int vt__check_types(const struct vt_node *n, struct vt_err *e);
/* Adopts a sub-graph: freed with g. */
int vt__graph_adopt(struct vt_graph *g, struct vt_graph *sub);
/* Keeps a reference on (or a copy of) t for the graph's life and gives the tensor to store. */
int vt__graph_keep(struct vt_graph *g, const struct vt_tensor *t, struct vt_tensor *kept);
/* A copy in progress. Sub-graphs are copied by a cloning of their own, whose `outer` is that of the graph
 * around. */
struct vt__cloning {
  const struct vt_graph *from;
  struct vt_graph *to;
  struct vt_value **map; /* value id of from -> value of to */
  const struct vt__cloning *outer;
};
int vt__clone_into(struct vt_graph **out, const struct vt_graph *g, const struct vt__cloning *outer,
                   struct vt_value **map, struct vt_err *e);

/* Attributes. All strings and lists go to the graph's arena. */
void *vt__attrs_new(struct vt_graph *g, const struct vt_op_desc *op); /* defaults; NULL when out of memory */
const struct vt_attr_desc *vt__attr_find(const struct vt_op_desc *op, const char *name);
int vt__attrs_parse(struct vt_graph *g, const struct vt_op_desc *op, void *attrs, const char *text,
                    struct vt_err *e);
/* Position of a word in "A|B|C", -1 if absent. */
int vt__choice(const char *choices, const char *word, size_t len);
/* Deep copy between structs of op's schema. Graph attributes are cloned if c is given, else handed over. */
int vt__attrs_copy(struct vt_graph *g, const struct vt_op_desc *op, void *dst, const void *src,
                   const struct vt__cloning *c, struct vt_err *e);
void vt__attr_mark(const struct vt_attr_desc *d, void *attrs);
/* Required attributes are there (seen[i]: given). */
int vt__attrs_check(const struct vt_op_desc *op, const bool *seen, struct vt_err *e);
enum { VT__MAX_ATTRS = 64 };

/* "f32 (2, 3)" of a value for messages; "left out" for NULL. */
void vt__value_print(const struct vt_value *v, char *out, size_t size);

#endif
