/* Efficient channel attention: Wang et al., "ECA-Net", 2020. A channel's weight comes from the means of its k
 * neighbours: y = x sigmoid(w * mean(x)), w one kernel along the channels, k the odd number at or above
 * (log2(C) + 1) / 2 (section 3.2.3, gamma 2, b 1). */
#include "model/attention.h"
#include "model/layers.h"

#include <math.h>

static int kernel(int64_t channels)
{
  int k = (int)((log2((double)channels) + 1) / 2);
  return k % 2 ? k : k + 1;
}

static struct vt_value *build(struct vt_net *n, struct vt_value *x, const char *name)
{
  if (!x) return NULL;
  struct vt_value *y = vt_emit(n->g, "GlobalAveragePool", VT_IN(x), ""); // (N, C, 1, 1)
  y = vt_emit(n->g, "Transpose", VT_IN(y), "perm=[0,2,1,3]");            // (N, 1, C, 1)
  y = vt__conv2d(n, y, vt__name(n, "%s.conv", name), 1, kernel(x->dim[1]), 1);
  y = vt_emit(n->g, "Transpose", VT_IN(y), "perm=[0,2,1,3]");
  return vt_emit(n->g, "Mul", VT_IN(x, vt__act(n, y, VT__SIGMOID)), "");
}

const struct vt_attention vt_attention_eca = {.name = "eca",
                                              .paper = "Wang et al. 2020",
                                              .place = VT_ATTENTION_BRANCH,
                                              .from_stage = 0,
                                              .build = build};
