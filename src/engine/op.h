/* The descriptor of an operator: schema, shape inference, reference kernel, gradient rule and test cases.
 *
 * One `const struct vt_op_desc vt_op_NAME` per file of ops/, one line OP(name) in ops/ops.list. The generic
 * test walks the table: adding an operator adds its tests. */
#ifndef VT_ENGINE_OP_H
#define VT_ENGINE_OP_H

#include "engine/graph.h"

enum { VT_VARIADIC = 255 };

enum vt_attr_type {
  VT_ATTR_INT,     /* int64_t */
  VT_ATTR_FLOAT,   /* float */
  VT_ATTR_STRING,  /* const char * (never NULL once filled; default "" ) */
  VT_ATTR_ENUM,    /* int: position in `choices` ("NOTSET|SAME_UPPER|…"); an ONNX string attribute */
  VT_ATTR_INTS,    /* struct vt_ints */
  VT_ATTR_FLOATS,  /* struct vt_floats */
  VT_ATTR_STRINGS, /* struct vt_strings */
  VT_ATTR_TENSOR,  /* struct vt_tensor */
  VT_ATTR_GRAPH,   /* struct vt_graph * */
};
struct vt_ints {
  int n;
  const int64_t *v;
};
struct vt_floats {
  int n;
  const float *v;
};
struct vt_attr_desc {
  const char *name;
  enum vt_attr_type type;
  size_t offset;
  bool required;
  int64_t i;           /* default of INT and ENUM */
  float f;             /* default of FLOAT */
  const char *s;       /* default of STRING */
  const char *choices; /* ENUM */
  size_t present; /* offset of a bool set when the attribute was given; 0 = none wanted (so never the first
                     field) */
};

/* One case of the generic test. attrs as in vt_emit. inputs: one word per input:
 *   dtype[d0,d1,…]          normal random values (integers: 0..9)
 *   dtype[…]:lo..hi         uniform in the range
 *   dtype[…]={v,v,…}        these values          -  left-out optional input
 * e.g. "f32[2,3,5,7] f32[4,3,3,3] -". Inputs given by values are constants of the graph, others graph inputs.
 */
struct vt_op_case {
  const char *name, *attrs, *inputs;
  int nout; /* outputs asked for; 0 = 1 */
  uint32_t
      nograd; /* bit i: do not check the gradient of input i (kinks, integers are skipped by themselves) */
  float tol;  /* relative tolerance of backend against reference in f32; 0 = 1e-4 */
};

enum vt_op_trait {
  VT_ELEMENTWISE =
      1u << 0, /* output i depends on element i of equally shaped inputs only: any layout will do */
  VT_BROADCASTS = 1u << 1, /* NumPy broadcasting over its inputs */
  VT_INPLACE0 = 1u << 2,   /* output 0 may share the bytes of input 0 */
  VT_VIEW = 1u << 3,   /* output 0 is input 0's bytes under another shape (Reshape, Flatten, Squeeze, …) */
  VT_RANDOM = 1u << 4, /* draws random numbers: never folded */
  VT_STATEFUL_INPUTS = 1u << 5, /* outputs are meant to be assigned to inputs; see vt_op_desc.inplace */
  VT_SHAPE_DATA = 1u << 6,      /* infer reads constant inputs' values (Reshape, Slice, Resize, …) */
};

/* Shape inference. The node's inputs may have unknown rank (-1), dims (-1) or dtype; infer sets what follows
 * from what is known on n->out[i] (dtype, rank, dim) and fails (VT_ESHAPE, naming node, input and both
 * shapes) on contradictions. Constant inputs are read from in[i]->init. */
typedef int vt_infer_fn(struct vt_node *n, struct vt_err *e);

/* Reference kernel. All tensors plain row-major; in[i] NULL = left out; out tensors are allocated to the
 * inferred shape. Operators whose output shape depends on data get out[i]->data == NULL and call
 * vt_tensor_init themselves. It computes in f32 (or the integers' own type); f16 and bf16 inputs arrive
 * converted. Immutable. */
struct vt_ref_call {
  const struct vt_node *node;
  const void *attrs;
  int nin, nout;
  const struct vt_tensor *const *in;
  struct vt_tensor *const *out;
  uint64_t seed; /* for VT_RANDOM: differs for each node and run */
};
typedef int vt_ref_fn(const struct vt_ref_call *c, struct vt_err *e);

/* Gradient rule: dy[i] is the gradient of output i (NULL where none flows); it emits nodes and sets dx[i] for
 * the inputs it has one for. It never runs numbers. `need[i]`: whether anybody wants dx[i]. */
typedef int vt_grad_fn(struct vt_graph *g, const struct vt_node *n, struct vt_value *const *dy,
                       const bool *need, struct vt_value **dx, struct vt_err *e);

/* What positions along one axis of input `in` a position along an axis of the outputs looks at, weights and
 * padding aside: output position i + out_step looks at positions in_step further than position i does, and
 * positions 0 .. out_step - 1 look from first[i] to last[i], which may lie outside the input. Read by the
 * analysis of receptive fields (receptive.h), with static shapes. */
enum { VT_REACH_MAX = 64 };
struct vt_reach {
  bool whole;  /* depends on the whole axis (or is not known better): the rest is not set */
  bool uneven; /* besides: on where the axis ends, so that a part of the input gives other results */
  int axis;    /* of the outputs */
  int64_t in_step, out_step;
  int64_t first[VT_REACH_MAX], last[VT_REACH_MAX];
};
typedef int vt_reach_fn(const struct vt_node *n, int in, int axis, struct vt_reach *r, struct vt_err *e);

struct vt_op_desc {
  const char *name, *domain; /* domain "" = ONNX's default; ours is "ai.vitrine" */
  int since, until;          /* opset range, inclusive; until 0 = open */
  const char *doc;           /* one sentence and the formula */
  const struct vt_attr_desc *attr;
  int nattr;
  size_t attrs_size;
  uint8_t min_in, max_in, min_out, max_out; /* VT_VARIADIC: no bound */
  uint32_t traits;
  int8_t inplace[8];  /* output i may be computed in the buffer of input inplace[i]-1; 0 = not */
  vt_infer_fn *infer; /* required */
  vt_ref_fn *ref;     /* required */
  vt_grad_fn *grad;   /* NULL: not differentiable */
  int64_t (*macs)(const struct vt_node *n); /* multiply-adds; NULL = 0 */
  vt_reach_fn *reach; /* NULL: element by element or a view where the traits say so, else the whole input */
  const struct vt_op_case *cases; /* required, at least one */
  int ncases;
};

#endif
