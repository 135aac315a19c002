/* Attributes of Slice and SliceGrad. Private to ops/. */
#ifndef VT_OPS_SLICE_REF_H
#define VT_OPS_SLICE_REF_H

#include "ops/util.h"

struct vt__slice_attrs {
  struct vt_ints starts, ends, axes,
      steps;            /* Slice before opset 10; SliceGrad: one entry per axis of `shape` */
  struct vt_ints shape; /* SliceGrad */
};

#endif
