/* What the convolution kernels share: geometry in oneDNN's words, choice of layouts, weights in two forms.
 *
 * A weight is plain in the graph, (M, C/g, k…) or, transposed, (C, M/g, k…), and packed, in the layout that
 * the primitive asks for. A constant weight is packed once by prepare; another one in every run, into
 * scratch. */
#ifndef VT_BACKEND_ONEDNN_CONV_COMMON_H
#define VT_BACKEND_ONEDNN_CONV_COMMON_H

#include "backend/onednn/dnnl_util.h"

struct vt__conv {
  int wrank;           /* with groups one more than the data's rank */
  dnnl_dims_t wdim;    /* ([g,] m/g, c/g, k…) whichever way the bytes lie */
  bool transposed;     /* the bytes lie as ([g,] c/g, m/g, k…) */
  enum vt_dtype wtype; /* of the bytes */
  dnnl_dims_t stride, dilation, lo, hi;
  enum vt_dtype type; /* of the computation */
  dnnl_memory_desc_t w_any, w_plain, bias;
};
/* From a window (conv direction: `in` large, `out` small), the shapes (N, C, …) of the large and (N, M, …) of
 * the small side, and the dtype of feature maps. transposed: a ConvTranspose, whose small side is its input.
 * False: sizes that oneDNN does not count with. */
bool vt__conv_init(struct vt__conv *c, const struct vt_window *w, int rank, const int64_t *large,
                   const int64_t *small, int64_t group, bool transposed, enum vt_dtype type,
                   enum vt_dtype wtype);

/* A primitive descriptor for the feature maps' descriptors; ctx is the caller's. */
typedef dnnl_primitive_desc_t vt__conv_pd_fn(const void *ctx, const dnnl_memory_desc_t *x,
                                             const dnnl_memory_desc_t *y);
/* Sets the layout of x and y to the pair that oneDNN serves best, the program's own layout winning ties.
 * False: no implementation but the reference one. */
bool vt__conv_layouts(const struct vt_plan_node *n, struct vt_slot *x, struct vt_slot *y,
                      vt__conv_pd_fn *make, const void *ctx);

/* Plain -> packed. `packed` is owned when the weight was constant. */
struct vt__weights {
  struct vt__prim reorder; /* p NULL: same layout */
  dnnl_memory_desc_t plain, md;
  void *packed;
  size_t scratch; /* bytes of the packed form if it is made in every run, else 0 */
};
int vt__weights_init(struct vt__weights *w, const dnnl_memory_desc_t *plain, const dnnl_memory_desc_t *md,
                     const struct vt_slot *slot, int threads, struct vt_err *e);
/* The packed bytes: the constant ones, or given's reordered into scratch. NULL after a failure. */
void *vt__weights_get(const struct vt__weights *w, void *given, void *scratch, struct vt_err *e);
void vt__weights_clear(struct vt__weights *w);

/* A convolution with packed or packable weights, ready to run. */
struct vt__conv_ready {
  dnnl_memory_desc_t x, y, bias;
  struct vt__weights w;
  struct vt__prim conv;
  bool residual; /* y holds it beforehand */
};
/* Takes pd, whose maps lie as r->x and r->y say. scratch: bytes that run needs. */
int vt__conv_ready_init(struct vt__conv_ready *r, dnnl_primitive_desc_t pd, const struct vt__conv *c,
                        const struct vt_slot *w, int threads, size_t *scratch, struct vt_err *e);
/* w: the plain weight where it was not constant. The residual is copied unless it lies in y. */
int vt__conv_ready_run(const struct vt__conv_ready *r, void *scratch, void *x, void *w, void *bias,
                       const void *residual, void *y, struct vt_err *e);
void vt__conv_ready_clear(struct vt__conv_ready *r);

static inline size_t vt__round64(size_t n)
{
  return (n + 63) / 64 * 64;
}

#endif
