/* What the ONNX reader's and writer's files share. */
#ifndef VT_ENGINE_ONNX_PRIV_H
#define VT_ENGINE_ONNX_PRIV_H

#include "engine/engine_priv.h"
#include "engine/onnx.pb-c.h"

/* Versions that the writer states, and the range of the default domain's that the reader takes. */
enum {
  VT__ONNX_IR = 8,
  VT__ONNX_OPSET = 17,
  VT__ONNX_OPSET_LATER = 19,
  VT__ONNX_OPSET_MIN = 1,
  VT__ONNX_OPSET_MAX = 21
};
#define VT__DOMAIN "ai.vitrine"
/* Metadata that carry what ONNX has no place for: names of initializers that are variables, one per line. */
#define VT__META_TRAINABLE "ai.vitrine.trainable"
#define VT__META_STATE     "ai.vitrine.state"

/* A mapped file being read, and the structure that protobuf-c made of it. */
struct vt__onnx_file {
  const char *path;
  struct vt_storage *storage; /* holds the mapping */
  const uint8_t *data;
  size_t len;
  struct vt_arena arena; /* protobuf-c's messages */
  size_t budget;         /* bytes that protobuf-c may still take */
  bool mapped;           /* large weights stay where they are, whatever their address */
  struct vt__onnx_external *external;
};

/* A file beside the model that holds weights; in the arena of the model's. */
struct vt__onnx_external {
  const char *location;
  struct vt_storage *storage;
  const uint8_t *data;
  size_t len;
  struct vt__onnx_external *next;
};

/* The bytes of a tensor as the skeleton states them: TensorProto.raw_data holds this struct. */
struct vt__onnx_span {
  uint64_t offset, len;
};

/* Maps path and unpacks it as a message of type d; the message's bytes live in f->arena. raw_data fields (and
 * packed float_data, double_data) hold a vt__onnx_span into the file. */
int vt__onnx_open(struct vt__onnx_file *f, const char *path, const ProtobufCMessageDescriptor *d,
                  ProtobufCMessage **out, struct vt_err *e);
void vt__onnx_close(struct vt__onnx_file *f);

/* Copy of a message without the bytes of tensors, checked: nesting, lengths, wire types. */
int vt__onnx_skeleton(const struct vt__onnx_file *f, const ProtobufCMessageDescriptor *d, struct vt_buf *out,
                      struct vt_err *e);

/* A tensor of the file: a view that shares the mapping if its bytes are aligned, else a copy. what: for
 * messages. */
int vt__onnx_tensor(struct vt__onnx_file *f, const Onnx__TensorProto *p, const char *what,
                    struct vt_tensor *t, struct vt_err *e);

struct vt__onnx_reader {
  struct vt__onnx_file *file;
  const struct vt_registry *registry;
  int opset;                     /* of the default domain, in the file */
  const char *trainable, *state; /* names of variables, one per line; or NULL */
};

/* A node on its way in: what upgrades may change before it is appended. */
enum { VT__ONNX_MAX_IO = 1024 };
struct vt__onnx_node {
  const Onnx__NodeProto *p;
  const char *op, *domain;
  const struct vt_op_desc *desc;
  int nin, nout;
  struct vt_value **in; /* room for 4 more than the file's */
  const char **outname;
  uint64_t done;                          /* attribute i of p has been dealt with */
  const char *set_name[4], *set_value[4]; /* attributes to set besides, as text */
  int nset;
  const char *ints_name; /* likewise one list of integers, or NULL */
  struct vt_ints ints;
};
/* Whether version `opset` of an operator is read by rewriting it; gives the operator's present name. */
bool vt__onnx_upgrades(const char *op, int opset, const char **present);
/* Rewrites n to the opset that graphs are built in. May emit nodes before it; 1: it emitted the node itself.
 */
int vt__onnx_upgrade(const struct vt__onnx_reader *r, struct vt_graph *g, struct vt__onnx_node *n,
                     struct vt_err *e);

const Onnx__AttributeProto *vt__onnx_attr(const struct vt__onnx_node *n,
                                          const char *name); /* marks it done */

/* What a file of g states: the writer's usual opset, or the later one where an operator needs it. */
int vt__onnx_opset_of(const struct vt_graph *g);

#endif
