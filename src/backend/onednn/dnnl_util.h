/* oneDNN behind a few small helpers: everything that depends on its version (2.x, C API) stays in this
 * folder.
 *
 * One CPU engine per process; one stream per thread, made on first use. Primitives are immutable and shared:
 * they keep no scratchpad of their own (user-managed mode), run gets it from the session's scratch.
 * Descriptors of memory are values. */
#ifndef VT_BACKEND_ONEDNN_DNNL_UTIL_H
#define VT_BACKEND_ONEDNN_DNNL_UTIL_H

#include <dnnl.h>
#include "backend/kernel_util.h"

/* NULL: the library gave none (then every kernel that needs it refuses). Synchronised. */
dnnl_engine_t vt__dnnl_engine(void);
int vt__dnnl_fail(struct vt_err *e, dnnl_status_t s, const char *what);

/* Memory descriptor of a slot in its layout; false: a dtype or rank that oneDNN does not have. */
bool vt__md_slot(dnnl_memory_desc_t *md, const struct vt_slot *s);
/* Row-major, or any layout. rank 0 becomes one dimension of 1. */
bool vt__md_plain(dnnl_memory_desc_t *md, enum vt_dtype t, int rank, const int64_t *dim);
bool vt__md_any(dnnl_memory_desc_t *md, enum vt_dtype t, int rank, const int64_t *dim);
bool vt__md_equal(const dnnl_memory_desc_t *a, const dnnl_memory_desc_t *b);
size_t vt__md_bytes(const dnnl_memory_desc_t *md);

enum { VT__MAX_POST = 2 };
struct vt__post {
  enum vt_act act; /* VT_ACT_NONE with sum: dst += ; else activation */
  bool sum;
  float alpha, beta;
};
/* False: an activation that oneDNN does not have. */
bool vt__act_alg(enum vt_act act, float alpha, float beta, dnnl_alg_kind_t *alg, float *scale, float *a,
                 float *b);

/* A primitive descriptor from an operation descriptor, with user scratchpad and post-operations; NULL: not to
 * be had. hint: the forward primitive's, for gradients. Destroy with dnnl_primitive_desc_destroy. */
dnnl_primitive_desc_t vt__pd(const void *op_desc, int npost, const struct vt__post *post,
                             dnnl_primitive_desc_t hint);
enum { VT__SCORE_REF, VT__SCORE_GEMM, VT__SCORE_JIT };
int vt__pd_score(dnnl_primitive_desc_t pd); /* how good the implementation is */
dnnl_memory_desc_t vt__pd_md(dnnl_primitive_desc_t pd, dnnl_query_t what);

struct vt__prim {
  dnnl_primitive_t p;
  dnnl_memory_desc_t pad; /* of the scratchpad */
  size_t scratch;         /* bytes, multiple of 64 */
};
/* Takes pd (destroys it, also on failure). threads: what run will have. */
int vt__prim_init(struct vt__prim *p, dnnl_primitive_desc_t pd, int threads, struct vt_err *e);
void vt__prim_clear(struct vt__prim *p);
int vt__prim_reorder(struct vt__prim *p, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to,
                     int threads, struct vt_err *e);
dnnl_primitive_desc_t vt__pd_reorder(const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to);
struct vt__arg {
  int id; /* DNNL_ARG_… */
  const dnnl_memory_desc_t *md;
  void *data; /* NULL: the argument is left out */
};
int vt__prim_run(const struct vt__prim *p, void *scratch, int n, const struct vt__arg *args,
                 struct vt_err *e);

/* Kernels that are one primitive from their first input to their output: prepare calls vt__unary_prepare with
 * what makes the primitive's descriptor (NULL: oneDNN has none); run and release are these. */
typedef dnnl_primitive_desc_t vt__unary_pd_fn(const struct vt_plan_node *n, const dnnl_memory_desc_t *x,
                                              const dnnl_memory_desc_t *y);
int vt__unary_prepare(const struct vt_plan_node *n, vt__unary_pd_fn *make, void **state, size_t *scratch,
                      struct vt_err *e);
int vt__unary_run(const void *state, const struct vt_run_args *a, struct vt_err *e);
void vt__unary_release(void *state);

#endif
