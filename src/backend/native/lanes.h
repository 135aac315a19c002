/* Vectors of one block of channels, for the loops that are built once per instruction set: VT_LANES is their
 * width. They are the compiler's own, so that any target that has them will do. */
#ifndef VT_BACKEND_NATIVE_LANES_H
#define VT_BACKEND_NATIVE_LANES_H

#include "ops/ops.h"

enum { L = VT_LANES };
typedef float vec __attribute__((vector_size(VT_LANES * 4), aligned(4), may_alias));
typedef int32_t mask __attribute__((vector_size(VT_LANES * 4), aligned(4), may_alias));
#define INLINE static inline __attribute__((always_inline))

INLINE vec load(const float *p)
{
  return *(const vec *)p;
}
INLINE void store(float *p, vec v)
{
  *(vec *)p = v;
}

INLINE vec relu(vec v)
{
  return (vec)((mask)v & ~(mask)(v < 0));
}
/* b where it is larger, else a: a NaN of a stays, one of b is passed over. */
INLINE vec larger(vec a, vec b)
{
  mask m = b > a;
  return (vec)(((mask)b & m) | ((mask)a & ~m));
}

#endif
