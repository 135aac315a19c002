/* The ONNX reader's files among themselves. */
#ifndef VT_ENGINE_ONNX_READ_H
#define VT_ENGINE_ONNX_READ_H

#include "engine/onnx_priv.h"

/* A (sub-)graph. outer: whose values it may read, or NULL. */
int vt__onnx_graph(struct vt__onnx_reader *r, const Onnx__GraphProto *p, struct vt_graph *outer,
                   struct vt_graph **out, struct vt_err *e);
/* Attributes of a node, in the graph's arena; NULL where its operator has none. */
int vt__onnx_attrs(struct vt__onnx_reader *r, struct vt_graph *g, const struct vt__onnx_node *n, void **attrs,
                   struct vt_err *e);
/* Makes what the node's sub-graphs read from outside inputs of theirs and of the node, which has `own` inputs
 * of its own at least (left-out ones count). */
int vt__onnx_close_over(struct vt_graph *g, struct vt__onnx_node *n, int own, void *attrs, struct vt_err *e);
/* The node ai.onnx.preview.training:Gradient, in whose place its result's nodes are emitted. */
bool vt__onnx_is_gradient(const Onnx__NodeProto *p);
int vt__onnx_gradient(struct vt_graph *g, const Onnx__NodeProto *p, struct vt_err *e);
/* Node numbers in topological order (the file's own order wherever that is one), in the file's arena. A cycle
 * is an error that names its nodes. */
int vt__onnx_order(struct vt__onnx_file *f, const Onnx__GraphProto *p, int **order, struct vt_err *e);

#endif
