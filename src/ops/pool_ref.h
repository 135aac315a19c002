/* What the pooling operators share. Private to ops/. */
#ifndef VT_OPS_POOL_REF_H
#define VT_OPS_POOL_REF_H

#include "ops/util.h"

#define VT__POOL_ROWS                                                                                        \
  VT_A_ENUM(struct vt_pool_attrs, auto_pad, VT_AUTO_PAD_CHOICES, VT_PAD_NOTSET),                             \
      {.name = "kernel_shape",                                                                               \
       .type = VT_ATTR_INTS,                                                                                 \
       .offset = offsetof(struct vt_pool_attrs, kernel_shape),                                               \
       .required = true},                                                                                    \
      VT_A_INTS(struct vt_pool_attrs, pads), VT_A_INTS(struct vt_pool_attrs, strides),                       \
      VT_A_INTS(struct vt_pool_attrs, dilations), VT_A_INT(struct vt_pool_attrs, ceil_mode, 0)

/* Shape of output 0 (and 1, i64, if asked for) from input 0. */
int vt__pool_infer(struct vt_node *n, struct vt_err *e);
/* One value per channel: (N, C, 1…). */
int vt__global_pool_infer(struct vt_node *n, struct vt_err *e);
/* The gradients: output like input `x`, input 0 like the pool's output. */
int vt__pool_grad_infer(struct vt_node *n, int x, struct vt_err *e);
/* Calls fn for every window of every plane: plane index, output index inside it, and the clipped input
 * positions lo[d], hi[d] in units of taps. */
struct vt__pool_place {
  int64_t plane, out; /* which (n, c); position in the output plane */
  int64_t pos[3];     /* output coordinates */
  int64_t base[3];    /* input coordinate of tap 0, may be negative */
};
/* Input offset of tap (a, b, c) inside the plane; -1 if it falls outside. */
static inline int64_t vt__pool_tap(const struct vt_window *w, const struct vt__pool_place *p, int64_t a,
                                   int64_t b, int64_t c)
{
  int64_t z = p->base[0] + a * w->dil[0], y = p->base[1] + b * w->dil[1], x = p->base[2] + c * w->dil[2];
  if (z < 0 || z >= w->in[0] || y < 0 || y >= w->in[1] || x < 0 || x >= w->in[2]) return -1;
  return (z * w->in[1] + y) * w->in[2] + x;
}
void vt__pool_first(struct vt__pool_place *p, const struct vt_window *w);
bool vt__pool_next(struct vt__pool_place *p, const struct vt_window *w, int64_t planes);
/* Divisor of AveragePool at a place: taps inside the padded input, or inside the input only. */
double vt__pool_divisor(const struct vt_window *w, const struct vt__pool_place *p, bool include_pad);

#endif
