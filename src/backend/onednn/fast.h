/* Our own inner loops, compiled once per instruction set (base, avx2, avx512) and chosen at run time.
 *
 * A loop works on one span or panel; kernels split the work over threads. A panel is (rows, b): `rows`
 * positions of b channels each, b = 1 in plain layout, 8 or 16 in blocked ones, C in channels-last. Spans
 * need no alignment; y may be x where elements correspond. */
#ifndef VT_BACKEND_ONEDNN_FAST_H
#define VT_BACKEND_ONEDNN_FAST_H

#include <string.h>
#include "ops/ops.h"

enum vt__unary { VT__EXP, VT__LOG, VT__SQRT, VT__NEG, VT__ABS, VT__RECIPROCAL, VT__SQUARE, VT__ERF };
enum vt__binary { VT__ADD, VT__SUB, VT__MUL, VT__DIV, VT__MIN, VT__MAX };

struct vt__fast {
  /* activations; dx = dy f'(x) */
  void (*act)(enum vt_act act, float alpha, float beta, const float *x, float *y, int64_t n);
  void (*act_grad)(enum vt_act act, float alpha, float beta, const float *dy, const float *x, float *dx,
                   int64_t n);
  void (*unary)(enum vt__unary op, const float *x, float *y, int64_t n);
  /* y[i] = a[i sa] op b[i sb], steps 0 or 1 */
  void (*binary)(enum vt__binary op, const float *a, int sa, const float *b, int sb, float *y, int64_t n);
  /* y (rows, b) = x (rows, b) op v (b), or v op x when swapped */
  void (*binary_lane)(enum vt__binary op, bool swapped, const float *x, const float *v, float *y,
                      int64_t rows, int64_t b);
  float (*sum)(const float *x, int64_t n);
  float (*max)(const float *x, int64_t n);
  /* y = exp(x - shift), gives the sum */
  float (*exp_sum)(const float *x, float shift, float *y, int64_t n);
  void (*axpy)(float a, const float *x, float *y, int64_t n);  /* y += a x */
  void (*scale)(float a, const float *x, float *y, int64_t n); /* y = a x */
  float (*dot)(const float *a, const float *b, int64_t n);

  /* per lane: sum over rows; mean and sum of squared deviations; and, for gradients, sums of dy and dy (x -
   * mean) */
  void (*lane_sum)(const float *x, int64_t rows, int64_t b, float *sum);
  void (*moments)(const float *x, int64_t rows, int64_t b, float *mean, float *m2);
  void (*moments_grad)(const float *x, const float *dy, int64_t rows, int64_t b, float *mean, float *m2,
                       float *sdy, float *sdyx);
  /* y = x p + q; dx = dy p + x q + r, per lane */
  void (*affine)(const float *x, int64_t rows, int64_t b, const float *p, const float *q, float *y);
  void (*affine2)(const float *x, const float *dy, int64_t rows, int64_t b, const float *p, const float *q,
                  const float *r, float *dx);

  /* optimiser steps; formulas in ops/. keep = 1 − lr λ for decoupled decay; c1, c2 undo Adam's bias */
  void (*momentum)(const float *w, const float *g, const float *m, float scale, float lr, float mu, float l2,
                   bool nesterov, float *w2, float *m2, int64_t n);
  void (*adam)(const float *w, const float *g, const float *m, const float *v, float scale, float lr,
               float b1, float b2, float eps, float l2, float keep, float c1, float c2, float *w2, float *m2,
               float *v2, int64_t n);
  void (*blend)(float decay, const float *avg, const float *w, float *out, int64_t n);
  /* out (m, b)[i] = sum of weight[t] x (·, b)[index[t]] over t in [start[i], start[i + 1]); back: the
   * transposed, added to x */
  void (*resample)(const float *x, const int64_t *start, const int32_t *index, const float *weight, int64_t m,
                   int64_t b, float *out);
  void (*resample_back)(const float *dy, const int64_t *start, const int32_t *index, const float *weight,
                        int64_t m, int64_t b, float *dx);
};

extern const struct vt__fast vt__fast_base, vt__fast_avx2, vt__fast_avx512;
static inline const struct vt__fast *vt__fast(void)
{
#if defined(__x86_64__)
  enum vt_isa isa = vt_isa();
  if (isa >= VT_ISA_AVX512) return &vt__fast_avx512;
  if (isa >= VT_ISA_AVX2) return &vt__fast_avx2;
#endif
  return &vt__fast_base;
}

/* (n, cb, hw, b): how a slot of rank 2 or more lies; c channels of cb b are real. */
struct vt__view {
  int64_t n, cb, hw, b, c;
};
static inline struct vt__view vt__view(const struct vt_slot *s)
{
  struct vt__view v = {1, 1, 1, 1, 1};
  if (s->rank > 0) v.n = s->dim[0];
  if (s->rank > 1) v.c = s->dim[1];
  for (int i = 2; i < s->rank; i++) v.hw *= s->dim[i];
  bool blocked = s->rank == 4 && s->block != VT_PLAIN;
  v.b = !blocked ? 1 : s->block == VT_NHWC ? v.c : s->block;
  v.cb = v.b ? (v.c + v.b - 1) / v.b : 0;
  return v;
}
static inline int64_t vt__view_count(const struct vt__view *v)
{
  return v->n * v->cb * v->hw * v->b;
}
/* Elements a slot holds, padding included. */
static inline int64_t vt__slot_count(const struct vt_slot *s)
{
  if (s->rank == 4 && s->block > 0) {
    struct vt__view v = vt__view(s);
    return vt__view_count(&v);
  }
  return vt_dims_count(s->rank, s->dim);
}
/* Zeroes the channels beyond c, of elements of `size` bytes. */
static inline void vt__zero_tail(const struct vt__view *v, void *data, size_t size)
{
  int64_t tail = v->c - (v->cb - 1) * v->b;
  if (v->cb < 1 || tail >= v->b) return;
  for (int64_t n = 0; n < v->n; n++) {
    char *panel = (char *)data + (size_t)((n * v->cb + v->cb - 1) * v->hw * v->b) * size;
    for (int64_t i = 0; i < v->hw; i++)
      memset(panel + (size_t)(i * v->b + tail) * size, 0, (size_t)(v->b - tail) * size);
  }
}
/* n elements from `at` as floats, in buf where they are bf16; and back. */
enum { VT__CHUNK = 2048 };
static inline const float *vt__load(enum vt_dtype t, const void *p, int64_t at, int64_t n, float *buf)
{
  if (t == VT_F32) return (const float *)p + at;
  vt_convert(t, (const char *)p + (size_t)at * vt_dtype_size(t), VT_F32, buf, n);
  return buf;
}
static inline float *vt__place(enum vt_dtype t, void *p, int64_t at, float *buf)
{
  return t == VT_F32 ? (float *)p + at : buf;
}
static inline void vt__store(enum vt_dtype t, void *p, int64_t at, int64_t n, const float *buf)
{
  if (t != VT_F32) vt_convert(VT_F32, buf, t, (char *)p + (size_t)at * vt_dtype_size(t), n);
}
/* A whole panel as floats; what must be converted goes to *room, which moves on. */
static inline const float *vt__panel(enum vt_dtype t, const void *p, int64_t at, int64_t n, float **room)
{
  float *buf = *room;
  if (t != VT_F32) *room += n;
  return vt__load(t, p, at, n, buf);
}
static inline bool vt__is_real(const struct vt_slot *s)
{
  return s->dtype == VT_F32 || s->dtype == VT_BF16;
}
/* A float attribute by name; fallback where the operator has none. */
static inline float vt__attr_float(const struct vt_node *n, const char *name, float fallback)
{
  for (int i = 0; i < n->op->nattr; i++)
    if (n->op->attr[i].type == VT_ATTR_FLOAT && !strcmp(n->op->attr[i].name, name))
      return *(const float *)((const char *)n->attrs + n->op->attr[i].offset);
  return fallback;
}
static inline int64_t vt__attr_int(const struct vt_node *n, const char *name, int64_t fallback)
{
  for (int i = 0; i < n->op->nattr; i++) {
    if (strcmp(n->op->attr[i].name, name) != 0) continue;
    const char *p = (const char *)n->attrs + n->op->attr[i].offset;
    if (n->op->attr[i].type == VT_ATTR_INT) return *(const int64_t *)p;
    if (n->op->attr[i].type == VT_ATTR_ENUM) return *(const int *)p;
  }
  return fallback;
}

/* The layout a kernel of ours asks for: the program's, where the channels are worth it; feature maps only. */
static inline int vt__prefer(const struct vt_plan_node *n, const struct vt_slot *s)
{
  if (s->rank != 4) return VT_PLAIN;
  return s->block != VT_PLAIN ? s->block : s->dim[1] >= 8 ? n->block : VT_PLAIN;
}

#endif
