/* Graphs with the semantics of ONNX operators.
 *
 * A graph owns an arena in which its nodes, values, names and attributes live; pointers stay valid until
 * vt_graph_free. Nodes are kept in topological order. Confined while it is built, immutable once compiled.
 *
 * Building is sticky: the first failure is kept in the graph, later vt_emit calls return NULL at once, and
 * vt_graph_status reports it. So builders read like the formula and check once at the end. */
#ifndef VT_ENGINE_GRAPH_H
#define VT_ENGINE_GRAPH_H

#include "engine/tensor.h"

struct vt_op_desc;
struct vt_graph;
struct vt_node;

/* Where operators (and kernels, see kernel.h) come from: given at start, borrowed for ever. */
struct vt_registry {
  const struct vt_op_desc *const *ops;
  int nops;
  const struct vt_kernel_desc *const
      *kernels; /* first acceptance wins; the reference comes by itself, last */
  int nkernels;
};

struct vt_value {
  int id; /* position in graph->values */
  const char *name;
  enum vt_dtype dtype;               /* VT_UNDEFINED: not known yet */
  int rank;                          /* -1: not known yet */
  int64_t dim[VT_MAX_RANK];          /* -1: not known yet */
  const char *dim_name[VT_MAX_RANK]; /* symbolic names of graph inputs' dimensions, NULL: none */
  struct vt_node *producer;          /* NULL: graph input, constant or variable */
  int output_index;                  /* of the producer */
  struct vt_tensor init;             /* constants and variables: the bytes; else data == NULL */
  bool is_constant;                  /* value known at compile time: may be folded and packed */
  bool is_variable;  /* weight or state: starts as init, lives in the session, changed by assignments */
  bool is_trainable; /* a variable that the optimiser should move */
  bool is_input, is_output;
};

struct vt_node {
  int id;
  const char *name;
  const struct vt_op_desc *op;
  void *attrs; /* struct of op->attrs_size bytes, filled by the schema; NULL if the operator has none */
  int nin, nout;
  struct vt_value **in;  /* NULL entries: optional input left out */
  struct vt_value **out; /* NULL entries: optional output left out */
};

struct vt_assign {
  struct vt_value *variable, *value; /* after each run, variable := value */
};

struct vt_meta {
  const char *key, *value;
};

struct vt_graph {
  struct vt_arena arena;
  const struct vt_registry *registry;
  const char *name, *doc;
  int opset; /* of the default domain; default 17 */
  int nvalues, nnodes, ninputs, noutputs, nassigns, nmeta;
  struct vt_value **values;
  struct vt_node **nodes;
  struct vt_value **inputs, **outputs;
  struct vt_assign *assigns;
  struct vt_meta *meta;
  struct vt_err err;      /* first failure of building */
  struct vt_graph *outer; /* sub-graphs of control flow: the graph whose values may be read */
  /* capacities, mapped files and name tables: private to engine/ */
  struct vt__graph_priv *priv;
};

int vt_graph_new(struct vt_graph **out, const struct vt_registry *r, const char *name, struct vt_err *e);
void vt_graph_free(struct vt_graph *g);
int vt_graph_status(const struct vt_graph *g, struct vt_err *e); /* 0, or the first failure of building */
/* Deep copy (tensor bytes are shared). map, if not NULL, gets value id -> new value. */
int vt_graph_clone(struct vt_graph **out, const struct vt_graph *g, struct vt_value **map, struct vt_err *e);

/* dims < 0 are dynamic. */
struct vt_value *vt_graph_input(struct vt_graph *g, const char *name, enum vt_dtype t, int rank,
                                const int64_t *dim);
void vt_graph_output(struct vt_graph *g, struct vt_value *v, const char *name /* NULL keeps its name */);
/* Takes a reference on t's storage; a tensor without storage is copied. Names are made unique by a suffix. */
struct vt_value *vt_graph_constant(struct vt_graph *g, const char *name, const struct vt_tensor *t);
struct vt_value *vt_graph_variable(struct vt_graph *g, const char *name, const struct vt_tensor *t,
                                   bool trainable);
void vt_graph_assign(struct vt_graph *g, struct vt_value *variable, struct vt_value *value);
struct vt_value *vt_graph_scalar(struct vt_graph *g, float v);               /* f32 constant of rank 0 */
struct vt_value *vt_graph_ints(struct vt_graph *g, int n, const int64_t *v); /* i64 constant of rank 1 */
struct vt_value *vt_graph_find(const struct vt_graph *g, const char *name);  /* NULL if absent */
void vt_graph_set_meta(struct vt_graph *g, const char *key, const char *value);
const char *vt_graph_meta(const struct vt_graph *g, const char *key); /* NULL if absent */

/* Appends a node and infers its outputs. op is "Name" or "domain:Name" ("ai.vitrine:ConvGradInput"). attrs is
 * printf text: "kernel_shape=[3,3] auto_pad=SAME_UPPER epsilon=1e-5" (words, numbers, [lists], 'quoted
 * strings'); "" for none; tensor and graph attributes need vt_emit_attrs. NULL entries of `in` are left-out
 * optional inputs. out gets nout values. Returns out[0], or NULL after a failure. */
struct vt_value *vt_emit_n(struct vt_graph *g, const char *op, int nin, struct vt_value *const *in, int nout,
                           struct vt_value **out, const char *attrs, ...)
    __attribute__((format(printf, 7, 8)));
#define VT_ARRAY_(...) ((struct vt_value *const[]){__VA_ARGS__})
#define VT_IN(...)     (int)(sizeof(VT_ARRAY_(__VA_ARGS__)) / sizeof(struct vt_value *)), VT_ARRAY_(__VA_ARGS__)
/* One output: y = vt_emit(g, "Conv", VT_IN(x, w, b), "strides=[%d,%d]", s, s); */
#define vt_emit(g, op, in, ...) vt_emit_n(g, op, in, 1, &(struct vt_value *){NULL}, __VA_ARGS__)

/* Generic form with ready attributes (a struct of the schema's type, copied; NULL: defaults) instead of text.
 * Tensors are shared, sub-graphs change hands. */
struct vt_value *vt_emit_attrs(struct vt_graph *g, const struct vt_op_desc *op, int nin,
                               struct vt_value *const *in, int nout, struct vt_value **out,
                               const void *attrs);
const struct vt_op_desc *vt_registry_find(const struct vt_registry *r, const char *domain, const char *name,
                                          int opset);

/* Infers every value again, in order, from the inputs' present shapes. */
int vt_graph_infer(struct vt_graph *g, struct vt_err *e);
/* Multiply-adds of one node with known shapes; 0 where the operator states none. */
int64_t vt_node_macs(const struct vt_node *n);

/* ONNX. Weights are taken by reference from the mapped file, which the graph keeps. All unknown operators are
 * named at once. Limits: file 2^31 bytes, 2^20 nodes. */
int vt_onnx_load(struct vt_graph **out, const struct vt_registry *r, const char *path, struct vt_err *e);
/* The same for a graph that will only be compiled for running: large weights stay in the file wherever they
 * lie, so that the bytes of a value's init may be unaligned for their type. */
int vt_onnx_load_mapped(struct vt_graph **out, const struct vt_registry *r, const char *path,
                        struct vt_err *e);
struct vt_onnx_save_opts {
  bool weights_f16; /* store f32 initializers of 16 elements or more as f16 followed by Cast: half the file */
};
int vt_onnx_save(const struct vt_graph *g, const char *path, const struct vt_onnx_save_opts *o,
                 struct vt_err *e);
/* One TensorProto file (.pb), as in the ONNX backend tests. */
int vt_onnx_tensor_read(struct vt_tensor *t, const char *path, struct vt_err *e);

/* Reverse-mode differentiation as a graph transform: appends to g the nodes that compute d loss / d wrt[i]
 * and gives them in grad[i] (NULL where loss does not depend on wrt[i]). loss is a scalar. */
int vt_autodiff(struct vt_graph *g, struct vt_value *loss, int nwrt, struct vt_value *const *wrt,
                struct vt_value **grad, struct vt_err *e);

#endif
