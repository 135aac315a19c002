/* What the optimiser steps share. Private to ops/. */
#ifndef VT_OPS_OPTIM_REF_H
#define VT_OPS_OPTIM_REF_H

#include "ops/util.h"

struct vt__optim_attrs {
  float momentum, weight_decay, beta1, beta2, epsilon, decay;
  int64_t nesterov;
};
/* The optional scalar that multiplies every gradient (clipping); 0 also silences NaN and infinity. */
static inline float vt__scaled(float g, float scale)
{
  return scale == 0 ? 0 : g * scale;
}
static inline float vt__scalar(const struct vt_tensor *t, float otherwise)
{
  return t ? (float)vt_tensor_get(t, 0) : otherwise;
}
/* Outputs 0 … nstate like inputs w, m, v; all of one shape, inputs from `first_scalar` on of one element. */
int vt__optim_infer(struct vt_node *n, int nstate, int first_scalar, struct vt_err *e);
int vt__adam_ref(const struct vt_ref_call *c, bool decoupled, struct vt_err *e);

#endif
