/* Attributes of SliceGrad. Private to ops/. */
#ifndef VT_OPS_SLICE_REF_H
#define VT_OPS_SLICE_REF_H

#include "ops/util.h"

struct vt__slice_attrs {
  struct vt_ints starts, steps, shape; /* one entry per axis of `shape` */
};

#endif
