/* What the files of the ONNX writer share. The graph holds nodes, which hold attributes, which may hold
 * graphs. */
#ifndef VT_ENGINE_ONNX_WRITE_PRIV_H
#define VT_ENGINE_ONNX_WRITE_PRIV_H

#include "engine/onnx_priv.h"
#include "engine/proto_put.h"

/* A graph being written. Of a sub-graph's inputs, the last `captures` are values of the graph around it,
 * which a file calls by their outer names. */
struct vt__onnx_scope {
  const struct vt_graph *g;
  const struct vt__onnx_scope *up; /* NULL: the model's own graph */
  const struct vt_node *node;      /* of `up`, which holds this graph */
  int captures, depth;
};

struct vt__onnx_writer {
  struct vt_buf out;
  bool f16;
  int opset; /* of the default domain */
  const char *path;
  struct vt_err *e;
};

/* GraphProto's fields into b (onnx_write.c). */
int vt__onnx_put_graph(struct vt__onnx_writer *w, struct vt_buf *b, const struct vt__onnx_scope *s);

/* A NodeProto, with what its attributes became in this opset beside it (onnx_write_node.c). */
int vt__onnx_put_node(struct vt__onnx_writer *w, struct vt_buf *b, const struct vt__onnx_scope *s,
                      const struct vt_node *n);
/* A name that no graph around uses, for a value of a sub-graph: files know one space of names. */
void vt__onnx_local_name(const struct vt__onnx_scope *s, const struct vt_value *v, struct vt_buf *out);
/* The name that a file calls v by in graph s, which may be that of a graph around. */
void vt__onnx_put_name(struct vt_buf *b, int field, const struct vt__onnx_scope *s, const struct vt_value *v);

/* TensorProto (onnx_write_tensor.c). align: the bytes are to start at a multiple of 64 of b, which is the
 * file; else b is a part of it. */
void vt__onnx_put_tensor(struct vt_buf *b, int field, const char *name, const struct vt_tensor *t,
                         bool align);
/* The initializers of g that are read: read[v] for value number v. f16: those that may be are stored so,
 * under another name, and put_casts writes the nodes that give them their names back. */
int vt__onnx_put_initializers(struct vt__onnx_writer *w, struct vt_buf *b, const struct vt__onnx_scope *s,
                              const uint8_t *read, bool f16);
void vt__onnx_put_casts(struct vt_buf *b, const struct vt_graph *g, const uint8_t *read);

#endif
