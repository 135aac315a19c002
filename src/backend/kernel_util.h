/* What kernels of both rooms, native/ and onednn/, share: refusing, the dtype of new maps, how a slot's bytes
 * lie, numbers of bf16 as floats, attributes by name. */
#ifndef VT_BACKEND_KERNEL_UTIL_H
#define VT_BACKEND_KERNEL_UTIL_H

#include <string.h>
#include "ops/ops.h"

/* What new feature maps are computed in: bf16 where the program wants it and this CPU has it, else f32. */
enum vt_dtype vt__want(const struct vt_plan_node *n);
int vt__refuse(char *reason, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4))); /* 0 */

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
