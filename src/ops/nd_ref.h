/* GatherND and ScatterND: index tuples. Private to ops/. */
#ifndef VT_OPS_ND_REF_H
#define VT_OPS_ND_REF_H

#include "ops/util.h"

/* Element offset of the slice that tuple `at` (of k indices) names in dim[0..k); VT_EARG if outside. */
static inline int vt__nd_offset(const struct vt_ref_call *c, const struct vt_tensor *index, int64_t at,
                                int64_t k, const int64_t *dim, const int64_t *stride, int64_t *offset,
                                struct vt_err *e)
{
  *offset = 0;
  for (int64_t d = 0; d < k; d++) {
    int64_t i = vt_tensor_whole(index, at * k + d);
    if (i < -dim[d] || i >= dim[d])
      return vt__bad(e, VT_EARG, c->node, "index %lld outside %lld entries", (long long)i, (long long)dim[d]);
    *offset += (i < 0 ? i + dim[d] : i) * stride[d];
  }
  return VT_OK;
}

#endif
