/* Bottleneck attention: Park et al., "BAM", 2018. Channels and places side by side, each through C/16
 * channels (at least 8): y = x + x sigmoid(c + s), c = W2 relu(W1 mean(x) + b1) + b2, s two 3x3 convolutions
 * of dilation 4 between 1x1 ones, each but the last with batch norm and relu. The norm that the paper puts
 * behind c is left out: it would see N numbers. */
#include "model/attention.h"
#include "model/layers.h"

static struct vt_value *build(struct vt_net *n, struct vt_value *x, const char *name)
{
  if (!x) return NULL;
  int c = (int)x->dim[1], hidden = VT_MAX(c / 16, 8);
  struct vt_value *channel = vt_emit(n->g, "GlobalAveragePool", VT_IN(x), ""); // (N, C, 1, 1)
  channel = vt__conv2d(n, channel, vt__name(n, "%s.fc1", name), hidden, 1, .bias = true);
  channel = vt__act(n, channel, VT__RELU);
  channel = vt__conv2d(n, channel, vt__name(n, "%s.fc2", name), c, 1, .bias = true);
  struct vt_value *place = vt_net_conv_norm_relu(n, x, vt__name(n, "%s.reduce", name), hidden, 1, 1);
  for (int i = 1; i <= 2; i++) {
    place = vt__conv2d(n, place, vt__name(n, "%s.wide%d.conv", name, i), hidden, 3, .dilation = 4);
    place = vt__norm_act(n, place, vt__name(n, "%s.wide%d.bn", name, i), 1e-5f, VT__RELU);
  }
  place = vt__conv2d(n, place, vt__name(n, "%s.map", name), 1, 1, .bias = true); // (N, 1, H, W)
  struct vt_value *gate = vt__act(n, vt_emit(n->g, "Add", VT_IN(channel, place), ""), VT__SIGMOID);
  return vt_emit(n->g, "Add", VT_IN(x, vt_emit(n->g, "Mul", VT_IN(x, gate), "")), "");
}

const struct vt_attention vt_attention_bam = {
    .name = "bam", .paper = "Park et al. 2018", .place = VT_ATTENTION_STAGE, .from_stage = 0, .build = build};
