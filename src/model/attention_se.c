/* Squeeze and excitation: Hu et al., "Squeeze-and-Excitation Networks", 2018. Per channel a weight from all
 * channels' means: y = x sigmoid(W2 relu(W1 mean(x) + b1) + b2), W1: C -> C/16, at least 8. */
#include "model/attention.h"
#include "model/layers.h"

static struct vt_value *build(struct vt_net *n, struct vt_value *x, const char *name)
{
  if (!x) return NULL;
  return vt__squeeze_excite(n, x, name, VT_MAX((int)x->dim[1] / 16, 8), VT__RELU, VT__SIGMOID);
}

const struct vt_attention vt_attention_se = {
    .name = "se", .paper = "Hu et al. 2018", .place = VT_ATTENTION_BRANCH, .from_stage = 0, .build = build};
