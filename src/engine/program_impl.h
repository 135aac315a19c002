/* What the files of compile-and-run share: the program's steps and buffers.
 *
 * Compiling runs, in order: fold (shapes and constants), bn and fuse (inference), select (one step per node,
 * with kernels, layouts and reorders), place (who lies where: variables, views, in place), memplan (offsets).
 */
#ifndef VT_ENGINE_PROGRAM_IMPL_H
#define VT_ENGINE_PROGRAM_IMPL_H

#include "engine/engine_priv.h"

enum vt__place {
  VT__ARENA, /* at `offset` of the session's arena */
  VT__CONST, /* bytes of the program or its graph */
  VT__VAR,   /* at `offset` of the session's variables */
  VT__INPUT, /* the caller's tensor number `index` */
  VT__ALIAS, /* the bytes of buffer `alias` */
};

/* One stored copy of a value: layout, dtype and place. */
struct vt__buf {
  const struct vt_value *value;
  enum vt_dtype dtype;
  int block; /* VT_PLAIN, VT_NHWC, 8 or 16 */
  size_t bytes;
  enum vt__place place;
  int index;            /* INPUT: of the graph's inputs */
  int alias;            /* ALIAS: the buffer whose bytes it shares */
  struct vt_tensor own; /* CONST made by compiling: converted or aligned bytes */
  size_t offset;
  int first, last; /* steps that write it first and use it last; of a root: over all its aliases */
  bool keep;       /* read after the run (outputs) */
  bool needed;     /* CONST: some step reads it while running */
  int next;        /* other copies of the same value, -1 ends */
};

enum vt__step_kind { VT__KERNEL, VT__REF, VT__REORDER, VT__COPY };

struct vt__step {
  enum vt__step_kind kind;
  const struct vt_node *node;          /* NULL: reorder, copy */
  const struct vt_kernel_desc *kernel; /* KERNEL, REORDER where the registry has one */
  void *state;
  size_t scratch;
  int nin, nout;
  int *in, *out;   /* buffers; -1: left out */
  bool *packed;    /* KERNEL: inputs that run does not read; NULL: none */
  bool blocked;    /* REF: an element-wise operator running on the blocked bytes as they lie */
  const char *why; /* refusals of the kernels before this one; NULL: none */
};

struct vt__run_assign {
  int var, value; /* buffers */
  bool direct;    /* the value is computed in the variable's bytes: nothing to copy */
};

struct vt_program {
  struct vt_graph *graph; /* own copy, changed by the passes */
  struct vt_arena arena;
  struct vt_compile_opts opts;
  enum vt_precision precision;
  bool rounds; /* bf16 is emulated: f32, rounded (pass_round.c) */
  enum vt_isa isa;
  int block; /* preferred layout */
  int nbufs, cap_bufs, nsteps, cap_steps;
  struct vt__buf *bufs;
  struct vt__step *steps;
  int *primary; /* value id -> first buffer, -1 none; nprimary entries */
  int nprimary;
  int *outputs;                   /* buffers of the graph's outputs */
  struct vt__run_assign *assigns; /* graph->nassigns of them */
  size_t arena_bytes, var_bytes, scratch_bytes, packed_bytes;
  int nvars;
  int *vars;                   /* buffers of variables */
  bool dynamic;                /* shapes depend on data: runs node by node, see dynamic.c */
  struct vt_program *front;    /* dynamic: the nodes of fixed shapes, compiled; NULL: none */
  bool *fixed;                 /* dynamic: per node of the graph, whether it is in front; NULL: none is */
  int *border, nborder;        /* ids of the values that front hands over: its outputs */
  bool quantised;              /* the pass that makes layers of 8-bit numbers is done */
  bool int8;                   /* some layers compute in 8 bits */
  struct vt_buf floats;        /* for --explain: quantised layers that stay in floats, and why; a line each */
  bool later;                  /* kernels are prepared after the walk */
  struct vt__prepare *prepare; /* what is noted for that; NULL once compiled */
  int nprepare, cap_prepare;
};

/* --- passes: on the program's graph ------------------------------------------------------------------------
 */

/* In inference variables are constants at their initial values, and assignments are dropped. */
void vt__freeze(struct vt_graph *g);
int vt__pass_shapes(struct vt_program *p, const struct vt_shape *shapes, struct vt_err *e);
/* Infers node by node and folds what is constant. Sets p->dynamic where a shape stays unknown. */
int vt__pass_fold(struct vt_program *p, struct vt_err *e);
int vt__pass_simplify(struct vt_program *p, struct vt_err *e); /* Identity, Dropout, same-type Cast */
int vt__pass_rewrite(struct vt_program *p, struct vt_err *e);  /* idioms of several nodes into one */
int vt__pass_pad(struct vt_graph *g, struct vt_err *e);        /* of these, Pad into the node behind it */
int vt__pass_norm_relu(struct vt_program *p, struct vt_err *e);
int vt__pass_batch_norm(struct vt_graph *g, struct vt_err *e);
int vt__pass_fuse(struct vt_program *p, struct vt_err *e);
int vt__pass_gate(struct vt_program *p, struct vt_err *e);
int vt__pass_round(struct vt_program *p, struct vt_err *e);
bool vt__may_int8(const struct vt_program *p);              /* whether layers of 8-bit numbers are wanted */
int vt__pass_quant(struct vt_program *p, struct vt_err *e); /* layers of 8-bit numbers */
/* Of that pass: QuantizeLinear or DequantizeLinear of one scale above zero and a zero point of 8 bits;
 * nanoseconds saved by convolutions in 8 bits; maps quantised and dequantised at once are cut to the range
 * instead. */
bool vt__quant_simple(const struct vt_node *n);
double vt__quant_gain(const struct vt_program *p);
int vt__quant_drop_pairs(struct vt_program *p, struct vt_err *e);
int vt__pass_train(struct vt_program *p, struct vt_err *e); /* fusion in training */
int vt__pass_dead(struct vt_program *p, struct vt_err *e);

/* Uses of every value: by nodes, outputs and assignments. nvalues counts, from vt_malloc. */
int *vt__count_uses(const struct vt_graph *g, struct vt_err *e);

/* Gives back the numbers of constants that passes have replaced. 0, or VT_ENOMEM. */
int vt__drop_unused(struct vt_graph *g, struct vt_err *e);
bool vt__op_is(const struct vt_node *n, const char *name); /* "Conv", "ai.vitrine:ConvFused" */
bool vt__value_known(const struct vt_value *v);            /* dtype, rank and dims */
bool vt__value_const(const struct vt_value *v);            /* constant with its bytes here */
/* Attributes by name, whatever the struct. */
float vt__attr_float(const struct vt_node *n, const char *name, float missing);
int64_t vt__attr_int(const struct vt_node *n, const char *name, int64_t missing);
/* A node outside the graph's list, to be put in the place of another; its outputs do not know it yet. */
struct vt_node *vt__node_make(struct vt_graph *g, const struct vt_op_desc *op, const struct vt_node *at,
                              int nin, struct vt_value *const *in, int nout, struct vt_value *const *out,
                              struct vt_err *e);
/* Sets the attributes that both operators have. */
void vt__attrs_by_name(struct vt_node *to, const struct vt_node *from);
/* Whether a kernel serves the node; why, if not NULL: the last refusal. */
bool vt__kernel_takes(const struct vt_program *p, const struct vt_node *n, char *why, size_t size);
/* An activation as the attributes activation, alpha and beta of ConvFused and ConvInt8 mean it. */
struct vt__activation {
  const char *word; /* NULL: none */
  float alpha, beta;
};
bool vt__activation_of(const struct vt_node *n, struct vt__activation *a); /* false: not one that they have */
int vt__set_activation(struct vt_node *n, const struct vt__activation *a, struct vt_err *e);

/* --- selection and layouts ---------------------------------------------------------------------------------
 */

int vt__select(struct vt_program *p, struct vt_err *e);
/* Preparing by threads: notes the newest step; prepares all that was noted: 0, an error, or 1 where a kernel
 * refused; forgets the notes. */
int vt__prepare_later(struct vt_program *p, const struct vt_plan_node *pn, struct vt_err *e);
int vt__prepare_all(struct vt_program *p, struct vt_err *e);
/* The kernel's prepare, if it has one; packed weights of a mapped file leave the memory of the process. */
int vt__prepare_now(const struct vt_kernel_desc *k, const struct vt_plan_node *pn, void **state,
                    size_t *scratch, struct vt_err *e);
void vt__prepare_clear(struct vt_program *p);
/* Drops steps and buffers. */
void vt__program_reset(struct vt_program *p);
bool vt__kernel_serves(const struct vt_kernel_desc *k, const struct vt_op_desc *op);
/* Slots of a node as its values lie at present. */
void vt__plan_node(const struct vt_program *p, const struct vt_node *n, enum vt_precision prec,
                   struct vt_plan_node *pn);
/* Normalisations over classes, losses, gradients of weights: f32 whatever the precision. */
bool vt__stays_f32(const struct vt_op_desc *op);
/* The dtype in which the precision policy keeps a node's output. */
enum vt_dtype vt__policy(const struct vt_program *p, const struct vt_node *n, const struct vt_value *v,
                         enum vt_precision prec);

int vt__buf_add(struct vt_program *p, const struct vt_value *v, enum vt_dtype dtype, int block,
                struct vt_err *e);
struct vt__step *vt__step_add(struct vt_program *p, enum vt__step_kind kind, int nin, int nout,
                              struct vt_err *e);
/* The copy of a value in this dtype and layout: found, or made by a reorder step (negative on failure). */
int vt__copy_of(struct vt_program *p, int buf, enum vt_dtype dtype, int block, struct vt_err *e);
size_t vt__stored_bytes(const struct vt_value *v, enum vt_dtype dtype, int block);
/* The plain loops behind reorder steps: any layout and dtype to any other. Single-threaded over n < 2, else
 * OpenMP. */
void vt__reorder(const struct vt_value *shape, const void *in, enum vt_dtype from, int block_in, void *out,
                 enum vt_dtype to, int block_out);

/* --- memory ------------------------------------------------------------------------------------------------
 */

int vt__place(struct vt_program *p, struct vt_err *e);
int vt__align_needed(struct vt_program *p, struct vt_err *e); /* constants that steps read while running */
static inline int vt__root(const struct vt_program *p, int b)
{
  while (p->bufs[b].place == VT__ALIAS) b = p->bufs[b].alias;
  return b;
}

struct vt__life {
  size_t bytes, offset;
  int first, last; /* steps, inclusive */
};
/* Chooses offsets (64-byte aligned) so that no two of overlapping lifetimes overlap in memory. */
int vt__memplan(struct vt__life *v, int n, size_t *total, struct vt_err *e);

/* --- reference steps ---------------------------------------------------------------------------------------
 */

size_t vt__ref_scratch(const struct vt_program *p, const struct vt__step *s);
/* Shapes and dtypes of the step's tensors; nin inputs, then nout outputs. The data of those that are
 * converted is in scratch; the others' comes from the caller. half[i]: converted. */
void vt__ref_tensors(const struct vt_program *p, const struct vt__step *s, void *scratch, struct vt_tensor *t,
                     enum vt_dtype *half);
/* tensors by pointer (NULL: left out), bytes: where the buffers lie. */
int vt__ref_run(const struct vt__step *s, struct vt_tensor *const *t, const enum vt_dtype *half,
                void *const *bytes, uint64_t seed, struct vt_err *e);
/* Evaluates one node on tensors, outside any program; out[] are made (vt_tensor_clear them). */
int vt__ref_eval(const struct vt_node *n, const struct vt_tensor *const *in, struct vt_tensor *out,
                 uint64_t seed, struct vt_err *e);
uint64_t vt__node_seed(uint64_t seed, const struct vt_node *n);

/* --- shapes that depend on data
 * ----------------------------------------------------------------------------- */

int vt__front(struct vt_program *p, struct vt_err *e); /* makes p->front, see front.c */
struct vt__dynamic;
int vt__dynamic_new(struct vt__dynamic **out, const struct vt_program *p, struct vt_err *e);
void vt__dynamic_free(struct vt__dynamic *d);
int vt__dynamic_run(struct vt__dynamic *d, const struct vt_tensor *in, struct vt_tensor *out, uint64_t seed,
                    struct vt_err *e);

/* --- profile -----------------------------------------------------------------------------------------------
 */

struct vt__event {
  int step;
  double start, seconds;
};
struct vt__profile {
  bool on;
  double *total, *least; /* per step, seconds */
  int64_t runs;
  struct vt__event *event;
  int nevents, cap_events;
};
void vt__profile_step(struct vt__profile *f, int step, double start, double end);
const char *vt__step_op(const struct vt__step *s);
const char *vt__step_kernel(const struct vt__step *s);
void vt__layout_print(int block, enum vt_dtype dtype, char *out, size_t size);

struct vt_session {
  const struct vt_program *p;
  uint8_t *arena, *vars, *scratch;
  void **ptr;                 /* per buffer */
  void ***args;               /* per step: nin inputs, then nout outputs */
  struct vt__ref_args {       /* of REF steps: nin inputs, then nout outputs */
    struct vt_tensor *t, **p; /* p: NULL where left out */
    enum vt_dtype *half;
  } * ref;
  struct vt__patch {
    void **arg;
    struct vt_tensor *tensor; /* NULL: none, or it is converted */
    int input;
  } * patch; /* places where the caller's input pointers go */
  int npatch;
  void *memory; /* all the small arrays */
  uint64_t seed, runs;
  struct vt__dynamic *dynamic; /* NULL: the program has fixed shapes */
  struct vt__profile profile;
};

#endif
