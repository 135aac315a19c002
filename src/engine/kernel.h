/* Accelerated kernels: one descriptor per operator family, in backend/.
 *
 * Feature maps (rank 4: N, C, H, W) may lie in a blocked layout: (N, ceil(C/b), H, W, b), b channels
 * innermost, the channels beyond C being zero. b = 0 is plain row-major NCHW; b = VT_NHWC (b = C, unpadded)
 * is channels-last. A program prefers one b for all its feature maps (8 on AVX2, 16 on AVX-512, NHWC with AMX
 * or where measured better). Everything that is not a rank-4 feature map is plain.
 *
 * Which dtypes: with precision VT_PREC_BF16 the out slots come in with the dtype that the policy wants (bf16
 * for feature maps, f32 for borders, losses, statistics); a kernel may set another. If no kernel accepts a
 * node at bf16, all are asked again with precision VT_PREC_F32 and f32 slots. A constant whose slot asks for
 * another dtype or layout is converted once at compile time; slot.constant itself always points to the plain
 * value in the graph's dtype.
 *
 * accepts says whether the kernel can serve a node and in which layouts; the program then places reorders
 * where neighbours disagree. prepare packs constant weights once (shared by all threads, immutable). run
 * computes. */
#ifndef VT_ENGINE_KERNEL_H
#define VT_ENGINE_KERNEL_H

#include "engine/op.h"

enum { VT_MAX_IN = 64, VT_MAX_OUT = 16, VT_PLAIN = 0, VT_NHWC = -1 };

enum vt_precision { VT_PREC_F32, VT_PREC_BF16, VT_PREC_INT8, VT_PREC_AUTO };

struct vt_slot {
  bool used; /* false: left out */
  enum vt_dtype dtype;
  int rank;
  int64_t dim[VT_MAX_RANK];
  int block;                        /* VT_PLAIN, VT_NHWC, 8 or 16 */
  const struct vt_tensor *constant; /* known value (plain layout) or NULL */
  bool packed; /* set by accepts: prepare keeps its own copy of this constant; run gets NULL for it and the
                  program may drop the bytes */
};

struct vt_plan_node {
  const struct vt_node *node; /* NULL for "ai.vitrine:Reorder" */
  int nin, nout;
  struct vt_slot in[VT_MAX_IN], out[VT_MAX_OUT];
  int block; /* the program's preferred layout of feature maps */
  enum vt_isa isa;
  enum vt_precision precision;
  int threads;
  bool training;
};

struct vt_run_args {
  const struct vt_node *node;
  void *const *in; /* bytes of each input, in the slots' layout and dtype; NULL = left out */
  void *const *out;
  void *scratch; /* as many bytes as prepare asked for, 64-byte aligned; per session */
  uint64_t seed;
};

struct vt_kernel_desc {
  const char *name; /* "onednn conv" */
  const char *op;   /* "Conv" or "ai.vitrine:ConvFused" */
  /* 1: serves this node; sets slots' block and dtype to what it wants (they come in as the values lie at
   * present, with outputs as inferred in plain layout). 0: does not, and writes the reason. Immutable. */
  int (*accepts)(struct vt_plan_node *n, char *reason, size_t reason_size);
  /* Makes the immutable state shared by sessions (packed weights, primitives) and says how much scratch run
   * needs. Called once, with final slots. Failing with anything but VT_ENOMEM counts as a refusal: the next
   * kernel is asked. */
  int (*prepare)(const struct vt_plan_node *n, void **state, size_t *scratch, struct vt_err *e);
  /* Synchronised: many threads may run one state with different args. out[i] may be the very bytes of the
   * input that the operator's descriptor names (VT_INPLACE0, inplace[i]) where both slots agree in shape,
   * dtype and layout. */
  int (*run)(const void *state, const struct vt_run_args *a, struct vt_err *e);
  void (*release)(void *state);
};

/* Reorder between layouts and dtypes of one tensor: the program uses the registry's kernel named op
 * "ai.vitrine:Reorder" (one input, one output, slots tell everything) and falls back to plain loops. */

#endif
