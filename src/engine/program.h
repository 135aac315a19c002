/* Programs and sessions.
 *
 * A program is a graph compiled for given input shapes, precision and mode: passes (constant folding,
 * batch-norm folding, fusion, layout assignment), kernels chosen, weights packed, one arena planned by
 * lifetime. Immutable, shared by threads. A session is its mutable memory: confined to one thread at a time.
 */
#ifndef VT_ENGINE_PROGRAM_H
#define VT_ENGINE_PROGRAM_H

#include "engine/graph.h"
#include "engine/kernel.h"

struct vt_program;
struct vt_session;

struct vt_shape {
  int rank;
  int64_t dim[VT_MAX_RANK];
};

struct vt_compile_opts {
  enum vt_precision precision; /* AUTO: best for this CPU (F32 below AVX512_BF16) */
  int threads;                 /* 0 = vt_threads() */
  bool training;               /* keep variables mutable; no folding of them */
  bool reference;              /* reference kernels, plain layout, no passes: the oracle */
  bool no_fuse;                /* accelerated kernels but no fusion: for tests */
  int block;                   /* 0 = choose; else force VT_NHWC, 8 or 16 */
};

/* input_shapes: one per graph input, in order; NULL where the graph's own shapes are complete. The graph is
 * borrowed during the call only (the program keeps its own copy; tensor bytes are shared). */
int vt_program_compile(struct vt_program **out, const struct vt_graph *g, const struct vt_shape *input_shapes,
                       const struct vt_compile_opts *opts, struct vt_err *e);
/* For a graph that will only be used for inference: what does not depend on input shapes is done once, in
 * place. Variables become constants, and batch norms go into the convolutions before them. */
int vt_graph_freeze(struct vt_graph *g, struct vt_err *e);
void vt_program_free(struct vt_program *p); /* after its sessions */

int vt_program_ninputs(const struct vt_program *p);
int vt_program_noutputs(const struct vt_program *p);
const struct vt_value *vt_program_input(const struct vt_program *p, int i);
const struct vt_value *vt_program_output(const struct vt_program *p, int i);
enum vt_precision vt_program_precision(const struct vt_program *p); /* the one chosen */

struct vt_program_stats {
  int64_t macs, weight_bytes, packed_bytes, arena_bytes;
  int nsteps, nreorders,
      nreference; /* steps in all, reorders among them, steps served by reference kernels */
};
void vt_program_get_stats(const struct vt_program *p, struct vt_program_stats *s);
/* One line per step: operator, kernel, why the ones before it refused, shapes, layouts, arena offset. */
void vt_program_explain(const struct vt_program *p, struct vt_buf *out);

int vt_session_new(struct vt_session **out, const struct vt_program *p, struct vt_err *e);
void vt_session_free(struct vt_session *s);

/* Runs once. in: one tensor per graph input, plain layout, of the compiled shape and the graph's dtype (f32
 * stays f32 at the border whatever the precision). out[i]: views on session memory, valid until the next run
 * or free. */
int vt_session_run(struct vt_session *s, const struct vt_tensor *in, struct vt_tensor *out, struct vt_err *e);

/* Variables (training programs), by graph name: the present value as a plain f32 view (get), or set from a
 * tensor of the same shape. Valid between runs. */
int vt_session_get(struct vt_session *s, const char *variable, struct vt_tensor *view, struct vt_err *e);
int vt_session_set(struct vt_session *s, const char *variable, const struct vt_tensor *t, struct vt_err *e);
/* Seed of random operators for the next run; advances by itself with each run. */
void vt_session_seed(struct vt_session *s, uint64_t seed);

/* One graph on inputs whose shapes may change from run to run: compiles for the shapes at hand, whatever the
 * graph says of its inputs, and keeps the programs of the last few. Confined. The graph is borrowed during
 * new only. out[i] gets bytes of its own: vt_tensor_clear. */
struct vt_eval;
int vt_eval_new(struct vt_eval **out, const struct vt_graph *g, const struct vt_compile_opts *opts,
                struct vt_err *e);
int vt_eval_run(struct vt_eval *v, const struct vt_tensor *in, struct vt_tensor *out, uint64_t seed,
                struct vt_err *e);
void vt_eval_free(struct vt_eval *v);

/* Per-step times of the runs since profiling was switched on: text table, and Chrome trace JSON. */
void vt_session_profile(struct vt_session *s, bool on);
void vt_session_profile_table(const struct vt_session *s, struct vt_buf *out);
void vt_session_profile_trace(const struct vt_session *s, struct vt_buf *out);

#endif
