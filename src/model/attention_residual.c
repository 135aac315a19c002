/* Residual attention: Wang et al., "Residual Attention Network", 2017. y = x + x M(x), M an hourglass: max
 * pooling, 3x3 convolution, upsampling, the skip connection added, 1x1 convolutions and a sigmoid (section
 * 3.2, one step deep; C/4 channels inside). */
#include "model/attention.h"
#include "model/layers.h"

static struct vt_value *build(struct vt_net *n, struct vt_value *x, const char *name)
{
  if (!x) return NULL;
  int c = (int)x->dim[1], hidden = VT_MAX(c / 4, 8);
  struct vt_value *skip = vt_net_conv_norm_relu(n, x, vt__name(n, "%s.reduce", name), hidden, 1, 1);
  struct vt_value *y = vt__max_pool(n, skip, 3, 2, 1);
  y = vt_net_conv_norm_relu(n, y, vt__name(n, "%s.down", name), hidden, 3, 1);
  y = vt_emit(n->g, "Add", VT_IN(skip, vt__resize_as(n, y, skip)), "");
  y = vt_net_conv_norm_relu(n, y, vt__name(n, "%s.mix", name), hidden, 1, 1);
  y = vt__conv2d(n, y, vt__name(n, "%s.map", name), c, 1, .bias = true);
  return vt_emit(n->g, "Add", VT_IN(x, vt_emit(n->g, "Mul", VT_IN(x, vt__act(n, y, VT__SIGMOID)), "")), "");
}

const struct vt_attention vt_attention_residual = {.name = "residual",
                                                   .paper = "Wang et al. 2017",
                                                   .place = VT_ATTENTION_STAGE,
                                                   .from_stage = 0,
                                                   .build = build};
